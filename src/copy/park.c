/* park.c - see park.h. */
#include "copy/park.h"

#include <stddef.h>
#include <string.h>

#include "apply/array.h"
#include "base/buf.h"
#include "base/text.h"

const char park_sql[] =
    "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate,"
    "                             reason, constraint_name, diagnostics, row_image)"
    " VALUES ($1, 'copy', $2, jsonb_object($3::text[], $4::text[]), 'copy', $5, $6, $7,"
    "         to_jsonb($8::text), jsonb_object($9::text[], $10::text[]))";

static struct value column_name(const struct mapping *mapping, size_t i) {
    const char *name = mapping->target->columns[mapping->columns[i].target].name;
    return value_text(name, strlen(name));
}

static const char *array_of(const struct value *values, size_t n, struct arena *arena) {
    struct buf text;
    buf_init(&text);
    array_add(&text, values, n);
    const char *copy = arena_copy(arena, text.data, text.size);
    buf_fini(&text);
    return copy;
}

struct value *park_key(const struct mapping *mapping, const struct value *row,
                       struct arena *arena) {
    struct value *key = arena_zero(arena, mapping->n_key, sizeof *key);
    for (size_t i = 0; i < mapping->n_key; i++) {
        key[i] = row[mapping->key[i]];
    }
    return key;
}

static void key_arrays(const struct mapping *mapping, const struct value *row, struct arena *arena,
                       const char **names, const char **values) {
    struct value *name_list = arena_zero(arena, mapping->n_key, sizeof *name_list);
    for (size_t i = 0; i < mapping->n_key; i++) {
        name_list[i] = column_name(mapping, mapping->key[i]);
    }
    *names = array_of(name_list, mapping->n_key, arena);
    *values = array_of(park_key(mapping, row, arena), mapping->n_key, arena);
}

static void image_arrays(const struct mapping *mapping, const struct value *row,
                         struct arena *arena, const char **names, const char **values) {
    struct value *name_list = arena_zero(arena, mapping->n_columns, sizeof *name_list);
    for (size_t i = 0; i < mapping->n_columns; i++) {
        name_list[i] = column_name(mapping, i);
    }
    *names = array_of(name_list, mapping->n_columns, arena);
    *values = array_of(row, mapping->n_columns, arena);
}

void park_params(const struct mapping *mapping, const char *migration, const struct value *row,
                 bool has_image, const struct err *reason, struct arena *arena,
                 const char *params[PARK_PARAMS]) {
    const struct table_name *table = &mapping->target->name;
    params[0] = migration;
    params[1] = arena_printf(arena, "%s.%s", table->schema, table->name);
    key_arrays(mapping, row, arena, &params[2], &params[3]);
    params[4] = reason->sqlstate;
    params[5] = reason->message;
    params[6] = text_or_null(reason->constraint);
    params[7] = reason->server;
    params[8] = params[9] = NULL;
    if (has_image) {
        image_arrays(mapping, row, arena, &params[8], &params[9]);
    }
}
