/* service.h - pgtandem itself: started, killed, paused, and asked for its status.
 *
 * The times during which it can have done nothing are kept: two commits of one key,
 * one on either side, that both fall into one of them have crossed for certain. */
#ifndef CHAOS_SERVICE_H
#define CHAOS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/timestamp.h"
#include "side.h"

enum { ABSENCES = 64 };

struct service {
    const char *program;
    const char *log;
    pid_t pid; /* 0: not running */
    bool paused;
    long log_begins; /* where in the log the present run begins */
    bool absent;     /* the last of the absences has not ended */
    struct absence {
        usec_t from, to; /* by the system's clock, as commits are */
    } absences[ABSENCES];
    size_t n_absences; /* of this round */
};

void service_start(struct service *service);
void service_kill(struct service *service);
void service_pause(struct service *service);
void service_resume(struct service *service);
/* SIGTERM, and up to 15 seconds; then SIGKILL. Its exit status. */
int service_end(struct service *service);
/* Has it ended by itself? A service that loses a server while it is still starting
 * does so, and is started again, as a supervisor would: true. Else false, and its
 * exit status. */
bool service_supervise(struct service *service, int *status);

/* The last few lines that it has logged. */
void service_log_end(const struct service *service, struct buf *text);

/* What `pgtandem status --json` prints; false when it fails. */
bool service_status(const struct service *service, struct buf *json);

#endif
