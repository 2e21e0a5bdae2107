/* sift.h - a chunk with rows that cannot be written: all but those are.
 *
 * Rows are gathered into blocks. A block is written by COPY behind a savepoint;
 * if that fails for its data, the halves are written by themselves, and so on
 * down to the row at fault, which is parked in the same transaction, or stops
 * the copy, as configured. A row that its transform refuses is parked at once.
 *
 *     SAVEPOINT, COPY block -> RELEASE            -> next range
 *                           -> ROLLBACK TO        -> its halves, or park the row
 *
 * Owned and called by a worker in its state `sifting`. */
#ifndef PGTANDEM_COPY_SIFT_H
#define PGTANDEM_COPY_SIFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    SIFT_ROWS = 1000,         /* of a block */
    SIFT_BYTES = 1024 * 1024, /* of a block, more or less */
    SIFT_RANGES = 16,         /* more than halving SIFT_ROWS can leave waiting */
};

#define SIFT_STATES(X)                                                                             \
    X(gathering) /* rows come from the reader */                                                   \
    X(loading)   /* SAVEPOINT and COPY */                                                          \
    X(releasing) /* RELEASE */                                                                     \
    X(undoing)   /* ROLLBACK TO */                                                                 \
    X(parking)

enum sift_state {
#define SIFT_ENUM(name) SIFT_##name,
    SIFT_STATES(SIFT_ENUM)
#undef SIFT_ENUM
};

/* Rows `from` up to, not including, `to` of the block. */
struct sift_range {
    size_t from, to;
};

struct sift {
    enum sift_state state;
    struct buf lines;
    size_t ends[SIFT_ROWS]; /* where each line ends in `lines` */
    size_t n_rows;
    bool sealed; /* the block is being written; nothing is added */
    struct sift_range waiting[SIFT_RANGES], range;
    size_t n_waiting;
    bool reader_done;
    struct arena arena; /* of a parked row */
};

struct worker;

void sift_init(struct sift *sift);
void sift_fini(struct sift *sift);

/* The reader is about to send the chunk's rows. */
void sift_begin(struct worker *worker);
/* What the worker passes on. */
void sift_row(struct worker *worker, const char *line, size_t size);
void sift_reader_done(struct worker *worker);
void sift_writer_copies(struct worker *worker);
void sift_writer_ready(struct worker *worker);

#endif
