/* sift.h - a chunk with rows that cannot be written: all but those are.
 *
 * Rows are gathered into blocks. A block is written by COPY behind a savepoint;
 * if that fails for its data, the halves are written by themselves, and so on
 * down to the row at fault, which is parked in the same transaction, or stops
 * the copy, as configured. A row that its transform refuses is parked at once; one
 * that the new table takes and does not keep, since a trigger leaves it out, is at
 * fault as well.
 *
 *     SAVEPOINT, COPY block -> RELEASE                       -> next range
 *                           -> ROLLBACK TO, of several rows  -> its halves
 *                           -> ROLLBACK TO, of a single one  -> park, RELEASE
 *                              parking failed: ROLLBACK TO   -> park without the row
 *
 * Where all rows fail alike the table or the mapping is at fault: a number of parked rows
 * one after the other, for one SQLSTATE and with no row between that was written, stops
 * the copy (conflicts.max_parked_in_a_row, of each worker). So does a row that cannot be
 * parked.
 *
 * Owned and called by a worker in its state `sifting`. */
#ifndef PGTANDEM_COPY_SIFT_H
#define PGTANDEM_COPY_SIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply/recovery.h"
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
    size_t fed; /* bytes of `lines` up to which the writer has the range */
    bool reader_done;
    struct arena arena; /* of a parked row */
    bool guarded;       /* the row is parked behind a savepoint */
    bool bare;          /* and without its image, which could not be kept */
    struct park_streak parks, committed_parks;
};

struct worker;

/* `most`: rows that may be parked in a row, 0 for any number */
void sift_init(struct sift *sift, int64_t most);
void sift_fini(struct sift *sift);

/* The reader is about to send the chunk's rows. */
void sift_begin(struct worker *worker);
/* What the worker passes on. */
void sift_row(struct worker *worker, const char *line, size_t size);
void sift_reader_done(struct worker *worker);
void sift_writer_copies(struct worker *worker);
void sift_writer_drained(struct worker *worker);
void sift_writer_ready(struct worker *worker);

/* The chunk is committed, with or without care. */
void sift_committed(struct worker *worker);

#endif
