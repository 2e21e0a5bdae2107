/* change.c - see change.h. */
#include "model/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *change_op_name(enum change_op op) {
    static const char *const names[] = {
#define CHANGE_NAME(name) #name,
        CHANGE_OPS(CHANGE_NAME)
#undef CHANGE_NAME
    };
    return names[op];
}

void batch_init(struct batch *batch) {
    memset(batch, 0, sizeof *batch);
    arena_init(&batch->arena);
}

void batch_fini(struct batch *batch) {
    arena_fini(&batch->arena);
    free(batch->changes);
    memset(batch, 0, sizeof *batch);
}

void batch_reset(struct batch *batch) {
    struct batch kept = *batch;
    arena_reset(&kept.arena);
    *batch =
        (struct batch){.arena = kept.arena, .changes = kept.changes, .capacity = kept.capacity};
}

struct change *batch_add(struct batch *batch) {
    if (batch->n_changes == batch->capacity) {
        batch->capacity = batch->capacity == 0 ? 64 : mem_mul(batch->capacity, 2);
        batch->changes = mem_grow(batch->changes, mem_mul(batch->capacity, sizeof(struct change)));
    }
    struct change *change = &batch->changes[batch->n_changes++];
    memset(change, 0, sizeof *change);
    return change;
}

struct value *change_new_key(const struct change *change, struct arena *arena) {
    const struct mapping *mapping = change->mapping;
    struct value *key = arena_zero(arena, mapping->n_key, sizeof *key);
    for (size_t i = 0; i < mapping->n_key; i++) {
        struct value v = change->target != NULL ? change->target[mapping->key[i]] : value_absent();
        key[i] = v.kind == VALUE_ABSENT ? change->key[i] : v;
    }
    return key;
}

/* Fixed in the catalog of every server (pg_type.dat). */
enum { TYPE_FLOAT4 = 700, TYPE_FLOAT8 = 701, TYPE_NUMERIC = 1700 };

bool change_column_hides_nan(const struct column *column) {
    return column->type.oid == TYPE_NUMERIC || column->type.oid == TYPE_FLOAT4 ||
           column->type.oid == TYPE_FLOAT8;
}

bool change_null_is_nan(const struct column *column) {
    return column->type.oid == TYPE_NUMERIC && column->type.modifier != -1;
}

/* What to put where the stream has `v` and the row is gone or holds `now`. */
static struct value completed(const struct column *column, struct value v, const struct value *now,
                              struct arena *arena) {
    bool unknown =
        v.kind == VALUE_ABSENT || (v.kind == VALUE_NULL && change_column_hides_nan(column));
    if (!unknown) {
        return v;
    }
    if (now != NULL && now->kind == VALUE_TEXT) {
        return value_text(arena_copy(arena, now->data, now->size), now->size);
    }
    if (now != NULL) {
        return *now;
    }
    /* the column cannot be NULL: then it was one of the others */
    return v.kind == VALUE_NULL && column->not_null ? value_text("NaN", 3) : v;
}

void change_complete(struct change *change, const struct value *row, struct arena *arena) {
    const struct table *source = change->mapping->source;
    for (size_t i = 0; i < source->n_columns; i++) {
        change->source[i] =
            completed(&source->columns[i], change->source[i], row != NULL ? &row[i] : NULL, arena);
    }
    change->source_gone = row == NULL;
    change_map(change, arena);
    change->wants_source = false;
}

void change_map(struct change *change, struct arena *arena) {
    const struct mapping *mapping = change->mapping;
    struct err err;
    bool incomplete = false;
    change->target = arena_zero(arena, mapping->n_columns, sizeof *change->target);
    change->refusal = NULL;
    if (!mapping_apply(mapping, change->source, change->target, arena, &incomplete, &err)) {
        struct err *refusal = arena_alloc(arena, sizeof *refusal);
        *refusal = err;
        change->refusal = refusal;
    }
    change->wants_source |= incomplete;
    change->complete = change->refusal == NULL;
    for (size_t i = 0; i < mapping->n_columns; i++) {
        change->complete &= change->target[i].kind != VALUE_ABSENT;
    }
}
