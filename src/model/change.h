/* change.h - one row change on its way from one table to the other, and the
 * batch it travels in.
 *
 * A batch holds whole source transactions, or a piece of one that is too large
 * to be held at once. Everything in it lives in its arena; two batches are
 * enough for a link: one gathers while the other is applied. */
#ifndef PGTANDEM_MODEL_CHANGE_H
#define PGTANDEM_MODEL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/lsn.h"
#include "base/timestamp.h"
#include "base/value.h"
#include "model/mapping.h"

#define CHANGE_OPS(X) X(insert) X(update) X(delete) X(truncate)
enum change_op {
#define CHANGE_ENUM(name) CHANGE_##name,
    CHANGE_OPS(CHANGE_ENUM)
#undef CHANGE_ENUM
};
const char *change_op_name(enum change_op op);

/* A source transaction, as far as its changes need to know it. */
struct transaction {
    uint32_t xid;
    lsn_t lsn;          /* start of the commit record */
    lsn_t end;          /* its end: what is stored and acknowledged */
    usec_t commit_time; /* by the source's clock */
};

struct change {
    enum change_op op;
    const struct mapping *mapping;
    struct transaction transaction;

    struct value *source; /* parallel to mapping->source->columns; insert, update */
    struct value *target; /* parallel to mapping->columns; insert, update */
    struct value *key;    /* n_key values: of the row as it was before the change */

    const struct err *refusal; /* why a transform cannot write this row, or NULL */
    bool moves_key;            /* the row's key is another one after the change */
    bool complete;             /* no value of `target` is absent */

    /* Some value must be read from the source before the change can be
     * applied: a NULL that may have been NaN, an input that the stream left
     * out. */
    bool wants_source;
    /* It was read, and the row was gone: a later change says what became of it. */
    bool source_gone;
};

struct batch {
    struct arena arena;
    struct change *changes;
    size_t n_changes, capacity;
    size_t bytes; /* of values, to bound memory */

    size_t n_transactions; /* that had changes and end in this batch */
    bool continues;        /* its first change belongs to a transaction begun in an earlier batch */
    bool ends;             /* the last transaction is whole: the target may commit */
    struct transaction last; /* the last whole transaction */
};

void batch_init(struct batch *batch);
void batch_fini(struct batch *batch);
void batch_reset(struct batch *batch);
/* A zeroed change at the end; valid until the next one is added. */
struct change *batch_add(struct batch *batch);

/* The key the row has after the change: n_key values in `arena`. */
struct value *change_new_key(const struct change *change, struct arena *arena);

/* A NULL in such a column may have been NaN or Infinity: the decoder's source
 * prints them as null. */
bool change_column_hides_nan(const struct column *column);
/* Where the column cannot be NULL: was it NaN for sure? A numeric with a precision holds
 * no Infinity. */
bool change_null_is_nan(const struct column *column);

/* Fills what the stream did not tell from `row`, the source's row as it is now
 * (parallel to mapping->source->columns), or NULL when it is gone; then maps
 * the change again. It wants no source afterwards. Values are copied. */
void change_complete(struct change *change, const struct value *row, struct arena *arena);

/* Makes change->target from change->source, and with it `complete`, `refusal`
 * and `wants_source`. */
void change_map(struct change *change, struct arena *arena);

#endif
