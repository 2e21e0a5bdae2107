/* link.h - one direction of a migration: from the source's log to the target.
 *
 * Why: the forward and the reverse link are this same code, with the mapping
 *   turned round.
 *
 * A link has three connections: the replication stream and an ordinary
 * connection to the source, and the writer to the target. link_connect() opens
 * them in order and is sequential; from then on everything happens in events,
 * until the link is stopped or fails. When it has lost a connection its owner
 * calls link_connect() again, after link->retry_at.
 *
 * Exactly once: the writer's session is pinned to the link's replication
 * origin. A predecessor that was killed may still be committing: the origin is
 * free only when its session has ended, and its progress is read after that.
 * What the origin has seen is skipped; the slot is told "flushed" only what a
 * commit answered for, or what was empty while nothing was pending.
 *
 * Memory: two batches, each bounded by rows and bytes; when both are full the
 * link stops reading and goes on reporting. A large change is a batch of its own, and
 * nothing is read beside it, so that one is held at a time; docs/performance.md has what
 * it takes. libpq keeps the memory that it took for one as long as the connection lives:
 * when none has come for a while, and nothing is pending, the link connects anew.
 *
 * Rules of life, in order: link_init, (link_connect, link_stop)*, link_fini. */
#ifndef PGTANDEM_STREAM_LINK_H
#define PGTANDEM_STREAM_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "apply/applier.h"
#include "base/log.h"
#include "decode/message.h"
#include "decode/wal2json.h"
#include "pg/migration.h"
#include "pg/slot.h"
#include "pg/timer.h"

#define LINK_STATES(X)                                                                             \
    X(stopped)                                                                                     \
    X(connecting)                                                                                  \
    X(streaming)                                                                                   \
    X(retrying) /* lost a connection; link_connect() is due at retry_at */                         \
    X(failed)   /* a person must act; link->error says why */

enum link_state {
#define LINK_ENUM(name) LINK_##name,
    LINK_STATES(LINK_ENUM)
#undef LINK_ENUM
};
const char *link_state_name(enum link_state state);

struct link {
    struct migration *m;
    enum direction direction;
    struct log_source log;
    struct object_name slot, origin;
    const struct mapping **mappings;
    char application[3][64]; /* names in pg_stat_activity */
    struct buf writer_settings;

    enum link_state state;
    struct err error;   /* why it is retrying or failed */
    usec_t retry_at;    /* usec_monotonic() */
    unsigned attempts;  /* in a row that did not get to streaming */
    bool said_retrying; /* one log line an outage */

    struct db target, source, stream;
    struct applier applier;
    struct timer *heartbeat; /* status updates */
    struct timer *soon;      /* a large change is handed over, when its message is freed */
    struct wal2json_decoder *decoder;
    struct arena scratch;   /* of one message */
    struct arena lasting;   /* of one connection */
    struct origin_ids ours; /* in the source's server */

    /* the transaction being received */
    struct transaction transaction;
    bool in_transaction;
    bool skipping;           /* the target has it already */
    size_t transaction_rows; /* its changes so far, pieces included */
    bool applies_large;      /* the applier has one */
    bool is_bloated;         /* connections have taken much memory for large changes */
    usec_t large_at;         /* usec_monotonic(): the last of these */

    struct batch batches[2];
    struct batch *gathering; /* the other one is with the applier, or empty */

    lsn_t progress; /* the origin's, when the connection was made */
    lsn_t received; /* everything before it has arrived here */
    lsn_t durable;  /* everything before it is in the target */
    lsn_t reported;
    usec_t reported_at, heard_at; /* usec_monotonic() */
    usec_t asked_at;              /* for a word of the walsender; usec_monotonic(), 0: it was not */
    unsigned silences;            /* connections in a row that ended because it gave none */
    usec_t caught_up_at;          /* usec_now() when nothing was pending last */

    uint64_t transactions, changes; /* applied by this process */
    uint64_t rechecks;              /* keys put up for recheck by this process */
};

void link_init(struct link *link, struct migration *m, enum direction direction);
void link_fini(struct link *link);

/* Opens everything and starts to stream. False: link->state is retrying or
 * failed, and *err says why. */
bool link_connect(struct link *link, struct err *err) __attribute__((warn_unused_result));

/* Finishes the batch under way if it can within `patience`, reports what is
 * durable, and closes the connections. Sequential. */
void link_stop(struct link *link, usec_t patience);

/* What a link that is streaming waits for, and since when (usec_monotonic()). */
enum link_wait_kind {
    LINK_WAITS_NOT,
    LINK_WAITS_OTHERS, /* others are in the way of a batch: it is tried again and again */
    LINK_WAITS_TARGET, /* the writer owes an answer */
    LINK_WAITS_SOURCE, /* the ordinary connection to the source owes one */
    LINK_WAITS_STREAM, /* the walsender was asked for a word */
};

struct link_wait {
    enum link_wait_kind kind;
    usec_t since;
};
struct link_wait link_waits(const struct link *link);

/* Before link_connect(); see resolve.h. */
void link_set_policy(struct link *link, enum policy policy);

/* True when every transaction that ended before `lsn` is in the target. */
bool link_has_passed(const struct link *link, lsn_t lsn);

/* Seconds that the target is behind: the age of the oldest transaction that
 * has arrived and is not applied; 0 when there is none. */
double link_lag(const struct link *link, usec_t now);

/* Seconds since everything that had come was in the target: 0 while a stream has nothing
 * pending. Negative: nothing has come since the stream was begun last, so nobody knows. */
double link_since_level(const struct link *link, usec_t now);

#endif
