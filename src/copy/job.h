/* job.h - what the workers of one copy share: the chunks to be done, the
 * counts, the limits, and what went wrong.
 *
 * The planner fills the queue and looks after the snapshot, from sequential
 * code; workers take chunks and report, from the loop. `woken` is how they ask
 * for the sequential code's attention. */
#ifndef PGTANDEM_COPY_JOB_H
#define PGTANDEM_COPY_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "copy/chunk.h"
#include "copy/limits.h"
#include "copy/pace.h"
#include "copy/pedal.h"
#include "copy/sizer.h"
#include "pg/migration.h"

enum { SNAPSHOT_NAME_SIZE = 64 };

struct job {
    struct migration *m;
    struct log_source log;
    struct buf writer_settings; /* for session.settings */
    struct buf reader_path;     /* a SET search_path that finds the keys' operators */
    bool one_version;           /* both servers are of one major version */
    bool one_server;            /* both sides are in one cluster, and one log */
    bool chunked;               /* each chunk is read in a snapshot of its own */
    struct sizer *sizers;       /* of the tables */

    char snapshot[SNAPSHOT_NAME_SIZE]; /* the name that readers import now */
    char snapshot_at[USEC_TEXT_SIZE];  /* a moment not before it, by the old server's clock */
    bool snapshot_gone;                /* a reader could not import it */
    struct chunk *first, *last;        /* planned, and nobody's yet */
    struct chunk *oversized;           /* that take too long: to be cut, a piece at a time */
    size_t n_queued;
    size_t n_running; /* chunks that a worker has */

    struct pace pace;
    struct pedal pedal;
    char waiting[LIMITS_WHY_SIZE];  /* for what, while the pedal holds; "" otherwise */
    int64_t rows_estimated;         /* that there are to copy */
    int64_t rows_done, rows_parked; /* in chunks that are committed, earlier runs' too */
    int64_t chunks_done;            /* of this run */

    unsigned n_troubled;            /* how many wait for something to pass */
    bool told;                      /* of that */
    char trouble[ERR_MESSAGE_SIZE]; /* what, once it was told; "" otherwise */
    bool woken;
    bool failed;
    struct err error;
};

void job_init(struct job *job, struct migration *m);
void job_fini(struct job *job);

/* "LOCK TABLE ... IN ACCESS SHARE MODE; " of one table, or of all (NULL). A table that is
 * rewritten (ALTER TABLE) is empty for every snapshot taken before: the lock goes before
 * a snapshot that is taken, and behind one that is imported, which is then asked whether
 * it shows the tables as they are: */
void job_add_lock(const struct job *job, const struct mapping *mapping, struct buf *sql);
/* the expression for that */
void job_add_is_current(const struct job *job, struct buf *sql);

/* What a chunk of the table is copied in, unless with care. */
enum copy_format job_format(const struct job *job, const struct mapping *mapping);

/* Chunks go out in the order in which they came. Taken: NULL when there are none,
 * or the pedal holds. A chunk belongs to who took it until job_finish() or job_return(). */
void job_add(struct job *job, struct chunk *chunk);
struct chunk *job_take(struct job *job);
void job_finish(struct job *job, struct chunk *chunk, int64_t rows, int64_t parked,
                usec_t duration);

/* A chunk that takes too long, of which nothing was committed. */
void job_return(struct job *job, struct chunk *chunk, int64_t rows, usec_t duration);

/* How many rows the next chunk of this table is to have. */
int64_t job_chunk_rows(const struct job *job, const struct mapping *mapping);

/* Trouble that passes: said once, and once when it is over for everybody who had
 * it. `attempt` counts the tries that failed before, from 0. Returns how long to
 * wait before the next. */
usec_t job_trouble(struct job *job, const struct err *err, unsigned attempt);
void job_recovered(struct job *job);

/* The end of the copy; the first error counts. */
void job_fail(struct job *job, const struct err *err);

#endif
