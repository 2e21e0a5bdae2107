/* pgtandem_transform.h - the interface between pgtandem and a transform.
 *
 * A transform is a named pair of functions: `forward` makes the new columns of
 * a row from the old ones, `reverse` the old ones from the new. It is built as
 * a shared object that exports one object named `pgtandem_transform`:
 *
 *     const struct pgtandem_transform pgtandem_transform = {
 *         .abi = PGTANDEM_TRANSFORM_ABI,
 *         .size = sizeof(struct pgtandem_transform),
 *         .name = "split_name", ...
 *     };
 *
 * and is loaded by that name from pgtandem's plugin directory, or by path. The
 * shipped transforms come in through the same door. This header depends on
 * nothing but the C library and may be copied into a project of its own.
 *
 * Rules for both functions:
 *   - Values are text in the column type's output format (UTF-8), or NULL.
 *     They are not terminated: read `size` bytes and no more.
 *   - The functions are pure: the same input gives the same output, always.
 *     They may be called in any order, for any row, any number of times, and
 *     are never called from two threads at once.
 *   - Memory for outputs comes from call->alloc (it never returns NULL, and is
 *     freed by pgtandem). An output may also point into an input or at a
 *     constant.
 *   - A row that cannot be transformed: write a reason into call->error with
 *     snprintf (call->error_size bytes) and return false. The row is parked or
 *     stops the link, as configured. The reason is kept with the row, and shown
 *     to people who ask for values, and in logs at debug level only.
 *   - NULL in gives NULL out: when all inputs are NULL, all outputs are. Where a
 *     target column is NOT NULL, pgtandem itself puts the empty string in a
 *     NULL's place; so empty inputs should give empty outputs. */
#ifndef PGTANDEM_TRANSFORM_H
#define PGTANDEM_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised when a change breaks transforms that were built before it. */
#define PGTANDEM_TRANSFORM_ABI 1

struct pgtandem_text {
    const char *data; /* not terminated */
    size_t size;      /* bytes */
    bool is_null;     /* then data and size mean nothing */
};

/* What pgtandem lends a transform for the time of one call. */
struct pgtandem_call {
    void *(*alloc)(struct pgtandem_call *call, size_t size);
    char *error; /* where to say why a row is refused */
    size_t error_size;
};

/* Reads as many inputs, and writes as many outputs, as the columns below. */
typedef bool pgtandem_transform_fn(struct pgtandem_call *call, const struct pgtandem_text *in,
                                   struct pgtandem_text *out);

struct pgtandem_transform {
    uint32_t abi;        /* PGTANDEM_TRANSFORM_ABI */
    uint32_t size;       /* sizeof(struct pgtandem_transform) */
    const char *name;    /* as the configuration's `use:` says it */
    const char *summary; /* one line for people */

    /* The columns in the transform's own words ("full_name"); a configuration
     * lists the tables' columns in the same order. NULL ends each list. */
    const char *const *old_columns;
    const char *const *new_columns;

    pgtandem_transform_fn *forward; /* old columns in, new columns out */
    pgtandem_transform_fn *reverse; /* new columns in, old columns out */
};

/* The one symbol a shared object exports. */
extern const struct pgtandem_transform pgtandem_transform;

#endif
