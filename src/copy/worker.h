/* worker.h - copies chunk after chunk, from a session that reads to one that
 * writes.
 *
 * A chunk is one transaction of the writer:
 *     BEGIN, its ledger row locked; COPY, fed line by line from the reader's
 *     COPY; the counts into the ledger row; COMMIT
 * so it is copied once, whoever is killed when. The lock is what makes a retry
 * safe after a COMMIT without an answer: the row then says that it was done.
 *
 * A chunk with a row that cannot be written is done again with care (sift.h): first
 * with constraints as they are; where one fails that is deferred to COMMIT, which names
 * no row, with all of them checked at once.
 * Contention and lost connections: again, after a while. A worker whose writer
 * is slow stops reading; nothing gathers.
 *
 * The reader holds one snapshot for all its chunks. When it has to connect again
 * it imports whatever the job's snapshot is by then; the ledger keeps which. Or it
 * takes one for each chunk (job->chunked), and holds none in between.
 *
 * A snapshot shows commits that are not on disk yet (synchronous_commit = off). A crash
 * of the old server takes them back, and they are in no stream: so on another server
 * nothing is committed that was read before it is on the old one's disk.
 *
 * A server that gives no sign of life is waited for, for a minute, and then its session is
 * given up. That harms no COMMIT whose answer is still to come: whether it was one is in
 * the ledger. What takes longer by itself, such as slow triggers behind the last row of a
 * chunk, is waited for twice as long at each try.
 *
 * The writer writes under an origin of its own, with the snapshot's time as that of
 * the commit: the rows are of that moment, by the old server's clock. */
#ifndef PGTANDEM_COPY_WORKER_H
#define PGTANDEM_COPY_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "copy/job.h"
#include "copy/sift.h"
#include "pg/session.h"
#include "pg/timer.h"

#define WORKER_STATES(X)                                                                           \
    X(down)      /* wants its sessions opened: worker_connect() */                                 \
    X(resting)   /* before another try, or to go gently */                                         \
    X(importing) /* reader: its transaction and snapshot */                                        \
    X(claiming)  /* writer: its origin */                                                          \
    X(idle)      /* no chunk to do */                                                              \
    X(beginning) /* writer: BEGIN */                                                               \
    X(locking)   /* writer: the ledger row */                                                      \
    X(opening)   /* writer: COPY */                                                                \
    X(copying)   /* rows are on their way */                                                       \
    X(closing)   /* writer: the end of COPY */                                                     \
    X(sifting)   /* with care, instead of opening, copying and closing */                          \
    X(recording) /* writer: the counts */                                                          \
    X(hardening) /* reader: until what it read is on the old server's disk */                      \
    X(committing)                                                                                  \
    X(releasing) /* reader: the end of the chunk's own snapshot */                                 \
    X(draining)  /* after a failure, until both sessions are quiet */                              \
    X(undoing)   /* writer: ROLLBACK */

enum worker_state {
#define WORKER_ENUM(name) WORKER_##name,
    WORKER_STATES(WORKER_ENUM)
#undef WORKER_ENUM
};

/* Why a reader may not read on for now. */
enum {
    PAUSE_CLOGGED = 1, /* the writer has not taken what it was given */
    PAUSE_PACE = 2,    /* max_rows_per_second */
    PAUSE_SIFT = 4,    /* a block is being written */
};

enum fault {
    FAULT_NONE,
    FAULT_READER,
    FAULT_WRITER,
    FAULT_ROW,  /* one that a transform refuses, or the new table does not keep */
    FAULT_ODD,  /* something that cannot be */
    FAULT_SLOW, /* none: the chunk takes too long */
};

/* How a chunk is copied. */
enum care {
    CARE_none,
    CARE_rows,        /* it holds a row that cannot be written */
    CARE_constraints, /* one that a deferred constraint refuses */
};

struct worker {
    struct job *job;
    int number; /* from 0, as its origin's */
    enum worker_state state;
    char reader_name[32], writer_name[32]; /* application names */
    struct session reader, writer;
    bool imported, outdated; /* the reader has its snapshot; a table was rewritten since */
    bool claimed;            /* the writer has its origin */
    bool mapped;             /* `map` is of the chunk's table */
    char importing[SNAPSHOT_NAME_SIZE]; /* the snapshot's name */
    char read_at[USEC_TEXT_SIZE];       /* and its moment */
    struct buf moment;                  /* the snapshot as the server describes it */
    struct timer *timer;                /* for resting, and for PAUSE_PACE */
    int pauses;

    struct chunk *chunk;
    enum care care;     /* with the chunk */
    usec_t begun_at;    /* this try */
    usec_t worked;      /* at the chunk that is done */
    unsigned attempts;  /* that failed */
    usec_t patience;    /* with a server that gives no sign of life */
    struct arena arena; /* of the map, below */
    struct row_map map; /* if `mapped` */
    struct buf out;     /* rows on their way to the writer */
    size_t fed;         /* bytes of them that it has */
    int64_t rows_read, rows_written, rows_parked;
    int64_t rows_sent; /* as the old server has counted them */
    struct sift sift;

    enum fault fault; /* of the request under way, or of the try that failed */
    struct err error;
    int64_t affected;                           /* rows, by the last command */
    struct err row_error;                       /* sift.h: why a single row failed */
    char shown[24];                             /* the old server's log at the snapshot */
    bool hard;                                  /* is on its disk */
    bool in_ledger, same_bounds, chunk_is_done; /* what the ledger says of the chunk */
};

void worker_init(struct worker *worker, struct job *job, int number);
void worker_fini(struct worker *worker);

/* Opens what is not open, and goes to work. For sequential code only, in state
 * `down`. */
void worker_connect(struct worker *worker);
/* There may be a chunk for an idle worker. */
void worker_wake(struct worker *worker);

/* For sift.h: requests of the writer, and what comes of them. */
void worker_send(struct worker *worker, const char *sql, int n_params, const char *const *params);
void worker_pause(struct worker *worker, int reason, bool pause);
/* Gives COPY data to the writer, from byte *done on, for as long as the kernel takes them: libpq
 * keeps what it is given until then, moves all of it at each turn and never gives the memory
 * back, so that a large row goes over in pieces. True: that was all; else the writer's
 * `drained` asks for more. */
bool worker_put(struct worker *worker, const char *data, size_t size, size_t *done)
    __attribute__((warn_unused_result));
/* Counts a row against the limit, and pauses the reader if that is reached. */
void worker_pace(struct worker *worker);
/* All rows of the chunk are written or parked: the ledger, then COMMIT. */
void worker_record(struct worker *worker);
/* Gives this try up; what happens next depends on worker->error. */
void worker_fail(struct worker *worker);

#endif
