/* faults.h - what happens to pgtandem, its connections and the servers in a round.
 *
 * A schedule is drawn first, from the seed alone, and then carried out step by
 * step in the main thread. What is broken in a step is whole again at its end. */
#ifndef CHAOS_FAULTS_H
#define CHAOS_FAULTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "proxy.h"
#include "rng.h"
#include "server.h"
#include "service.h"

#define FAULT_KINDS(X)                                                                             \
    X(kill, FAULT_KILL, 28)           /* pgtandem, SIGKILL; started again after a while */         \
    X(kill_and_crash, FAULT_BOTH, 4)  /* and a server crashes in between */                        \
    X(pause, FAULT_PAUSE, 12)         /* pgtandem, SIGSTOP */                                      \
    X(terminate, FAULT_TERMINATE, 14) /* a server process of pgtandem's */                         \
    X(cut, FAULT_CUT, 10)             /* some of pgtandem's connections */                         \
    X(delay, FAULT_DELAY, 10)         /* what goes over them */                                    \
    X(hold, FAULT_HOLD, 8)            /* back everything, for a while */                           \
    X(refuse, FAULT_REFUSE, 4)        /* cut all, and let none come for a while */                 \
    X(stall, FAULT_STALL, 14)         /* the synchronous standby */                                \
    X(crash, FAULT_CRASH, 7)          /* a server, as if the power had failed */                   \
    X(restart, FAULT_RESTART, 4)      /* a server, in good order */

enum fault_kind {
#define FAULT_ENUM(name, id, weight) id,
    FAULT_KINDS(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};
const char *fault_name(enum fault_kind kind);

struct fault {
    enum fault_kind kind;
    int at;     /* milliseconds after the writers' start */
    int length; /* milliseconds */
    int server; /* which, where there are two */
    uint64_t which;
};

enum { FAULTS_A_ROUND = 6 };

struct schedule {
    struct fault faults[FAULTS_A_ROUND];
    int count;
};

/* Those of `writing_ms` milliseconds of writing. */
void schedule_draw(struct schedule *schedule, struct rng *rng, int writing_ms, int servers);
/* "kill at 300 ms for 800 ms, ..." */
void schedule_show(const struct schedule *schedule, struct buf *text);

enum { SERVERS = 2 };

struct victims {
    struct service *service;
    struct server *servers;
    struct proxy *proxies; /* one for each server */
    int n_servers;
};

void schedule_run(const struct schedule *schedule, const struct victims *victims);

#endif
