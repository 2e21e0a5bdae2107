/* plan_key.c - see plan.h: the key by which rows are found on both sides.
 *
 * An UPDATE or DELETE that the log cannot identify is dropped by the decoder
 * without an error, so whatever makes that possible is refused here. */
#include "model/plan.h"

#include <string.h>

#include "model/types.h"

static const char *column_name(const struct plan_side *side, size_t position) {
    return side->table->columns[position].name;
}

/* "(tenant, id)" */
static const char *key_text(struct arena *arena, const struct plan_side *side,
                            const struct table_key *key) {
    const char *text = "(";
    for (size_t i = 0; i < key->n_columns; i++) {
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "",
                            column_name(side, key->columns[i]));
    }
    return arena_printf(arena, "%s)", text);
}

/* The index that REPLICA IDENTITY USING INDEX names, if it does. */
static const struct table_key *identity_index(const struct table *table) {
    bool used = table->identity == IDENTITY_INDEX && table->identity_index.constraint != NULL;
    return used ? &table->identity_index : NULL;
}

void plan_old_key(struct plan *plan) {
    struct plan_side *side = &plan->sides[SIDE_OLD];
    side->key = side->table->primary_key.constraint != NULL ? &side->table->primary_key
                                                            : identity_index(side->table);
    if (side->key == NULL) {
        problem_add(plan->problems, plan->spec->line, "%s has no key to find its rows by",
                    side->label);
        problem_hint(plan->problems,
                     "add a primary key, or a unique index over NOT NULL columns and "
                     "ALTER TABLE ... REPLICA IDENTITY USING INDEX");
        return;
    }
    for (size_t i = 0; i < side->key->n_columns; i++) {
        size_t position = side->key->columns[i];
        size_t other = table_find_column(plan->sides[SIDE_NEW].table, column_name(side, position),
                                         strlen(column_name(side, position)));
        side->columns[position].is_key = true;
        if (other != COLUMN_NONE) {
            plan->sides[SIDE_NEW].columns[other].is_key = true;
        }
    }
}

/* Has the table such a key, over the columns that are the key, in any order? */
static bool covers_key(const struct plan_side *side, const struct table_key *key,
                       size_t n_columns) {
    if (key == NULL || key->constraint == NULL || key->n_columns != n_columns) {
        return false;
    }
    for (size_t i = 0; i < key->n_columns; i++) {
        if (!side->columns[key->columns[i]].is_key) {
            return false;
        }
    }
    return true;
}

static void choose_new_key(struct plan *plan) {
    const struct plan_side *old_side = &plan->sides[SIDE_OLD];
    struct plan_side *side = &plan->sides[SIDE_NEW];
    size_t n_columns = old_side->key->n_columns;
    const struct table_key *index = identity_index(side->table);
    if (covers_key(side, &side->table->primary_key, n_columns)) {
        side->key = &side->table->primary_key;
    } else if (covers_key(side, index, n_columns)) {
        side->key = index;
    } else {
        const char *columns = key_text(plan->arena, old_side, old_side->key);
        problem_add(plan->problems, plan->spec->line,
                    "%s has no primary key over %s, the key of %s", side->label, columns,
                    old_side->label);
        problem_hint(plan->problems, "ALTER TABLE ... ADD PRIMARY KEY %s", columns);
    }
}

/* Why this column of the old key cannot be part of the key; NULL: it can. */
static const char *refused_key_column(const struct plan *plan, size_t position) {
    const struct plan_side *old_side = &plan->sides[SIDE_OLD];
    const struct plan_side *new_side = &plan->sides[SIDE_NEW];
    size_t copy = old_side->columns[position].copy;
    if (old_side->columns[position].ignored) {
        return "is ignored";
    }
    if (old_side->columns[position].transform != COLUMN_NONE) {
        return "is in a transform";
    }
    if (copy == COLUMN_NONE) {
        return "has no counterpart of the same name that it can be copied to";
    }
    if (old_side->table->columns[position].generated || new_side->table->columns[copy].generated) {
        return "is a generated column";
    }
    enum type_match match =
        types_match(&old_side->table->columns[position].type, &new_side->table->columns[copy].type);
    return match == TYPES_CONVERT ? "has another type on the new side, which may write the same "
                                    "key in another way"
                                  : NULL;
}

static bool check_key_columns(struct plan *plan) {
    const struct plan_side *side = &plan->sides[SIDE_OLD];
    bool good = true;
    for (size_t i = 0; i < side->key->n_columns; i++) {
        const char *reason = refused_key_column(plan, side->key->columns[i]);
        if (reason != NULL) {
            problem_add(plan->problems, plan->spec->line, "key column \"%s\" of %s %s",
                        column_name(side, side->key->columns[i]), side->label, reason);
            problem_hint(plan->problems,
                         "the key must be copied as it is: same name and same type on both sides");
            good = false;
        }
    }
    return good;
}

static void check_deferrable(struct plan *plan, const struct plan_side *side) {
    if (side->key != NULL && side->key->deferrable) {
        problem_add(plan->problems, plan->spec->line,
                    "key \"%s\" of %s is deferrable: it identifies no row in the log, and ON "
                    "CONFLICT cannot use it",
                    side->key->constraint, side->label);
        problem_hint(plan->problems, "replace it by one that is NOT DEFERRABLE");
    }
}

/* DEFAULT and FULL are good here: a key that is no identity index is the
 * primary key, and what is deferrable has been refused. */
static void check_identity(struct plan *plan, const struct plan_side *side) {
    switch (side->table->identity) {
        case IDENTITY_DEFAULT:
        case IDENTITY_FULL:
            return;
        case IDENTITY_NOTHING:
            problem_add(plan->problems, plan->spec->line,
                        "%s has REPLICA IDENTITY NOTHING: its updates and deletes would be lost",
                        side->label);
            break;
        case IDENTITY_INDEX:
            if (side->key == NULL ||
                covers_key(side, identity_index(side->table), side->key->n_columns)) {
                return;
            }
            problem_add(plan->problems, plan->spec->line,
                        "the REPLICA IDENTITY index of %s is not over its key %s", side->label,
                        key_text(plan->arena, side, side->key));
            break;
    }
    problem_hint(plan->problems, "ALTER TABLE ... REPLICA IDENTITY DEFAULT");
}

void plan_new_key(struct plan *plan) {
    if (plan->sides[SIDE_OLD].key != NULL && check_key_columns(plan)) {
        choose_new_key(plan);
    }
    for (size_t i = 0; i < SIDES; i++) {
        check_deferrable(plan, &plan->sides[i]);
        check_identity(plan, &plan->sides[i]);
    }
}
