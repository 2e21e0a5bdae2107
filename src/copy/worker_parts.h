/* worker_parts.h - between the files that make up a worker; see worker.h.
 *
 *     worker.c          its life, and which event goes where
 *     worker_chunk.c    one chunk from BEGIN to COMMIT
 *     worker_failure.c  how a try ends that failed, and what is done then */
#ifndef PGTANDEM_COPY_WORKER_PARTS_H
#define PGTANDEM_COPY_WORKER_PARTS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "copy/worker.h"

/* with a server that gives no sign of life: at first, and at most */
#define WORKER_PATIENCE (60 * USEC_SECOND)
#define WORKER_PATIENCE_MAX (3600 * USEC_SECOND)

void worker_set_state(struct worker *worker, enum worker_state state);
void worker_proceed(struct worker *worker);

/* worker_chunk.c */
void worker_begin_chunk(struct worker *worker);
/* Starts the reader's COPY, whose rows are for `state`. */
void worker_read(struct worker *worker, enum worker_state state);
void worker_copy_row(struct worker *worker, const char *data, size_t size);
/* Hands rows over to the writer; what it does not take now is for its `drained`. */
void worker_feed(struct worker *worker);
void worker_end_copy(struct worker *worker);
/* What the ledger row says of the chunk. */
void worker_note_ledger(struct worker *worker, const PGresult *result);
/* The writer has done what its state asked for. */
void worker_next_step(struct worker *worker);
/* Asks the reader whether what it has read can still be taken back by a crash. */
void worker_harden(struct worker *worker);
/* The chunk is done with: a while of nothing, if it is to go gently. */
void worker_rest(struct worker *worker);

/* worker_failure.c */
/* True when the result is an error; the request's first is kept. */
bool worker_note_fault(struct worker *worker, enum fault fault, const PGresult *result);
void worker_lose(struct worker *worker, enum fault fault, const struct err *err);
/* The chunk is to be cut into smaller ones: nothing of it is kept. */
void worker_give_back(struct worker *worker);
/* Goes on once both sessions are quiet. */
void worker_settle(struct worker *worker);
void worker_decide(struct worker *worker);
/* Something went well again. */
void worker_recover(struct worker *worker);

#endif
