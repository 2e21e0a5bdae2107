/* plan.h - what becomes of each column of a pair of tables, before there are
 * directions. Private to mapping_build.c, which fills it in these steps:
 *
 *     plan_tables    are they tables at all that can be read, written, decoded?
 *     plan_old_key   the old table's key, which the new table must share
 *     plan_columns   each column: copied, in a transform, or ignored?
 *     plan_new_key   the new table's key, and what identifies a row in the log
 *
 * Both directions are always wanted, so every rule holds for both sides: each
 * is a source for one link and a target for the other. */
#ifndef PGTANDEM_MODEL_PLAN_H
#define PGTANDEM_MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/problem.h"
#include "model/spec.h"
#include "model/table.h"
#include "pgtandem_transform.h"

enum { SIDE_OLD, SIDE_NEW, SIDES };

struct column_plan {
    bool ignored;
    bool is_key;
    size_t transform; /* position in spec->transforms, or COLUMN_NONE */
    size_t copy;      /* position of its copy on the other side, or COLUMN_NONE */
};

struct plan_side {
    const char *word;  /* "old" */
    const char *label; /* "old table public.users" */
    const struct table *table;
    const struct name_list *ignore;
    struct column_plan *columns; /* parallel to table->columns */
    const struct table_key *key; /* NULL: none that would do */
};

struct plan {
    const struct table_spec *spec;
    const struct pgtandem_transform *const *transforms; /* parallel to spec->transforms */
    struct plan_side sides[SIDES];
    struct arena *arena;
    struct problem_list *problems;
};

/* Each adds what it finds to plan->problems. False: looking further would only
 * find consequences of the same cause. */
bool plan_tables(struct plan *plan) __attribute__((warn_unused_result));
void plan_old_key(struct plan *plan);
void plan_columns(struct plan *plan);
void plan_new_key(struct plan *plan);

/* The columns that a transform uses on one side, as the configuration has them */
const struct name_list *plan_transform_columns(const struct plan *plan, size_t transform,
                                               size_t side);

#endif
