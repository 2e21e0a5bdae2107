/* mapping.h - which columns of one table become which columns of the other.
 *
 * A mapping has one direction; mapping_build() makes both of a table pair, the
 * reverse one with source and target exchanged. It is pure: catalogs come in
 * as struct table, transforms as the structs that plugins export.
 *
 * The key: the old table's primary key (or, without one, the index named by
 * REPLICA IDENTITY USING INDEX). Its columns must be copied under the same
 * name and with the same type, and be the new table's primary key (or its
 * identity index).
 *
 * Columns of the same name on both sides are copied where types.h allows it. A
 * generated column is never written: it needs no counterpart, and has at most
 * one link write its copy.
 *
 * Not here: finding a transform by name (transform/registry.h), reading the
 * catalog (pg/catalog.h), deciding what to write (resolve.h). */
#ifndef PGTANDEM_MODEL_MAPPING_H
#define PGTANDEM_MODEL_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "model/problem.h"
#include "model/spec.h"
#include "model/table.h"
#include "pgtandem_transform.h"

enum direction { FORWARD = 0, REVERSE = 1 };

/* One use of a transform, seen in the mapping's direction. */
struct mapping_transform {
    const struct pgtandem_transform *transform;
    pgtandem_transform_fn *there; /* source columns to target columns */
    pgtandem_transform_fn *back;  /* target columns to source columns */
    size_t *inputs;               /* positions in source->columns */
    size_t n_inputs;
    size_t *outputs; /* positions in mapping.columns, below */
    size_t n_outputs;
};

/* One column that is written, and where its value comes from. */
struct mapping_column {
    size_t target;    /* position in target->columns */
    size_t source;    /* position in source->columns; COLUMN_NONE: a transform's output */
    size_t transform; /* position in mapping.transforms; COLUMN_NONE: a copy */
    bool is_key;
};

struct mapping {
    enum direction direction;
    size_t number; /* the table's place in the configuration, from 0 */
    const struct table *source, *target;
    struct mapping_column *columns; /* every column that is written */
    size_t n_columns;
    size_t *key; /* positions in `columns` of the key, in the source key's order */
    size_t n_key;
    /* Constraint or index on the target that holds the key: the name a unique
     * violation reports when a row with the same key has appeared. */
    const char *key_constraint;
    struct mapping_transform *transforms;
    size_t n_transforms;
    /* The column whose value tells which of two changes is later, by position in
     * source->columns, and in `columns` above; COLUMN_NONE: the time of the
     * commit tells. */
    struct {
        size_t source, column;
    } version;
};

struct mapping_pair {
    struct mapping forward, reverse;
};

/* Builds both directions, or adds every reason why it cannot be done to
 * `problems`. `transforms` runs parallel to spec->transforms. Memory: `arena`. */
bool mapping_build(const struct table_spec *spec, size_t number, const struct table *old_table,
                   const struct table *new_table,
                   const struct pgtandem_transform *const *transforms, struct arena *arena,
                   struct mapping_pair *pair, struct problem_list *problems)
    __attribute__((warn_unused_result));

/* Lets a column decide which of two changes is later, both ways: it must be
 * copied under that name by either link, and be an integer or a timestamp.
 * Without one, or before, the time of the commit decides. */
bool mapping_set_version(struct mapping_pair *pair, const char *column,
                         struct problem_list *problems) __attribute__((warn_unused_result));

/* Makes the target's row from the source's.
 *
 * `source` runs parallel to mapping->source->columns, `target` to
 * mapping->columns. A copied column that is absent stays absent. A transform
 * whose inputs are all absent leaves its outputs absent; one that has some of
 * its inputs but not all sets *incomplete and leaves its outputs absent (the
 * missing ones must be read from the source first). NULL outputs become the
 * empty string where the target column is NOT NULL. False: a transform refused
 * the row; err->message says which, and its reason. Memory: `arena`. */
bool mapping_apply(const struct mapping *mapping, const struct value *source, struct value *target,
                   struct arena *arena, bool *incomplete, struct err *err)
    __attribute__((warn_unused_result));

/* True when the target's current output columns already map back to the
 * incoming inputs: then the outputs are kept as they are, because somebody
 * corrected them (guarantee: corrections survive). `current` runs parallel to
 * mapping->columns; `source` to mapping->source->columns. A NULL input and ''
 * are the same where NULL cannot be kept apart (NOT NULL column on either
 * side). A refusal of the way back is "no", and so is an absent value. */
bool mapping_keeps(const struct mapping *mapping, const struct mapping_transform *transform,
                   const struct value *source, const struct value *current, struct arena *arena);

/* "schema.name" of the table that the mapping writes to, as state rows have it. */
const char *mapping_target_text(const struct mapping *mapping, struct arena *arena);

/* A row of the target's table as the mapping sees it: values parallel to
 * mapping->columns, in `arena`. */
struct value *mapping_pick(const struct mapping *mapping, const struct value *row,
                           struct arena *arena);

/* Two complete rows agree when forward(old) equals new or, for each transform
 * on its own, reverse(new) equals old; copied columns must be the same value
 * (types.h), except where one side generates it. `old_row` runs parallel to the
 * old table's columns, `new_row` to the new's. */
bool mapping_rows_agree(const struct mapping_pair *pair, const struct value *old_row,
                        const struct value *new_row, struct arena *arena);

#endif
