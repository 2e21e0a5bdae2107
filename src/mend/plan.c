/* plan.c - see plan.h. */
#include "mend/plan.h"

#include <stdio.h>

void mend_set_outcome(struct mend *mend, enum mend_outcome outcome, const struct err *reason,
                      struct arena *arena) {
    struct err *copy = arena_alloc(arena, sizeof *copy);
    *copy = *reason;
    mend->outcome = outcome;
    mend->reason = copy;
}

void mend_refuse(struct mend *mend, struct err *reason, struct arena *arena) {
    snprintf(reason->sqlstate, sizeof reason->sqlstate, "22000");
    mend_set_outcome(mend, MEND_refused, reason, arena);
}

static struct value *pick_key(const struct mapping *mapping, const struct value *mapped,
                              struct arena *arena) {
    struct value *key = arena_zero(arena, mapping->n_key, sizeof *key);
    for (size_t k = 0; k < mapping->n_key; k++) {
        key[k] = mapped[mapping->key[k]];
    }
    return key;
}

/* Takes what is kept out of `values`, and puts it into `whole`. */
static void keep_corrections(const struct mapping *mapping, const struct value *source,
                             const struct value *current, struct value *values, struct value *whole,
                             struct arena *arena) {
    for (size_t t = 0; t < mapping->n_transforms; t++) {
        const struct mapping_transform *transform = &mapping->transforms[t];
        if (!mapping_keeps(mapping, transform, source, current, arena)) {
            continue;
        }
        for (size_t i = 0; i < transform->n_outputs; i++) {
            values[transform->outputs[i]] = value_absent();
            whole[transform->outputs[i]] = current[transform->outputs[i]];
        }
    }
}

/* Does the row keep its key, letter by letter? */
static bool key_stays(const struct mapping *mapping, const struct value *values,
                      const struct value *current) {
    for (size_t k = 0; k < mapping->n_key; k++) {
        if (!value_equal(values[mapping->key[k]], current[mapping->key[k]])) {
            return false;
        }
    }
    return true;
}

static bool writes_anything(const struct mapping *mapping, const struct value *values) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (!mapping->columns[i].is_key && values[i].kind != VALUE_ABSENT) {
            return true;
        }
    }
    return false;
}

static void plan_update(struct mend *mend, const struct mapping *mapping,
                        const struct value *source, const struct value *target,
                        struct value *values, struct arena *arena) {
    struct value *current = mapping_pick(mapping, target, arena);
    struct value *whole = arena_zero(arena, mapping->n_columns, sizeof *whole);
    for (size_t i = 0; i < mapping->n_columns; i++) {
        whole[i] = values[i];
    }
    keep_corrections(mapping, source, current, values, whole, arena);
    bool stays = key_stays(mapping, values, current);
    mend->whole = whole;
    mend->write.key = pick_key(mapping, current, arena);
    mend->write.kind = stays ? WRITE_UPDATE : WRITE_MOVE;
    if (stays && !writes_anything(mapping, values)) {
        struct err err;
        err_set(&err, ERR_FAILED, "the sides differ in nothing that the link writes");
        mend_refuse(mend, &err, arena);
    }
}

void mend_plan_write(struct mend *mend, const struct mapping *mapping, const struct value *source,
                     const struct value *target, const char *target_xmin, struct arena *arena) {
    struct value *values = arena_zero(arena, mapping->n_columns, sizeof *values);
    bool incomplete;
    struct err err;
    err_clear(&err);
    mend->write = (struct write){.kind = WRITE_INSERT, .mapping = mapping, .values = values};
    mend->write.guard = arena_printf(arena, "%s", target != NULL ? target_xmin : "");
    if (!mapping_apply(mapping, source, values, arena, &incomplete, &err)) {
        mend_refuse(mend, &err, arena);
    } else if (target != NULL) {
        plan_update(mend, mapping, source, target, values, arena);
    } else {
        mend->whole = values;
        mend->write.key = pick_key(mapping, values, arena);
    }
}

void mend_plan_removal(struct mend *mend, const struct mapping *mapping, const struct value *target,
                       const char *target_xmin, struct arena *arena) {
    mend->write = (struct write){.kind = WRITE_DELETE, .mapping = mapping};
    mend->write.key = pick_key(mapping, mapping_pick(mapping, target, arena), arena);
    mend->write.guard = arena_printf(arena, "%s", target_xmin);
}
