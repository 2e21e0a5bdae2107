/* disclosure.c - see disclosure.h. */
#include "model/disclosure.h"

/* Fixed in the catalog of every server (pg_type.dat). */
enum { TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23 };

bool disclosure_allows_type(uint32_t type_oid) {
    return type_oid == TYPE_INT2 || type_oid == TYPE_INT4 || type_oid == TYPE_INT8;
}

bool disclosure_allows_key(const struct mapping *mapping) {
    for (size_t i = 0; i < mapping->n_key; i++) {
        const struct mapping_column *column = &mapping->columns[mapping->key[i]];
        if (!disclosure_allows_type(mapping->source->columns[column->source].type.oid) ||
            !disclosure_allows_type(mapping->target->columns[column->target].type.oid)) {
            return false;
        }
    }
    return mapping->n_key > 0;
}

bool disclosure_allows_table(const struct table *table) {
    if (table == NULL) {
        return false;
    }
    bool has_primary = table->primary_key.n_columns > 0;
    const struct table_key *key = has_primary ? &table->primary_key : &table->identity_index;
    for (size_t i = 0; i < key->n_columns; i++) {
        if (!disclosure_allows_type(table->columns[key->columns[i]].type.oid)) {
            return false;
        }
    }
    return key->n_columns > 0;
}

const char *disclosure_key_text(const struct mapping *mapping, const struct value *key,
                                struct arena *arena) {
    const char *names = "", *values = "";
    for (size_t i = 0; i < mapping->n_key; i++) {
        const char *comma = i > 0 ? ", " : "";
        const char *name = mapping->target->columns[mapping->columns[mapping->key[i]].target].name;
        struct value value = key[i].kind == VALUE_TEXT ? key[i] : value_text("", 0);
        names = arena_printf(arena, "%s%s%s", names, comma, name);
        values = arena_printf(arena, "%s%s%.*s", values, comma, (int)value.size, value.data);
    }
    return arena_printf(arena, "(%s) = (%s)", names, values);
}

void disclosure_name_row(struct err *err, const struct mapping *mapping, const struct value *key) {
    const struct table_name *table = &mapping->source->name;
    struct arena arena;
    arena_init(&arena);
    const char *text = disclosure_key_text(mapping, key, &arena);
    if (disclosure_allows_key(mapping)) {
        err_context(err, "the row with %s of %s.%s", text, table->schema, table->name);
    } else {
        err_context(err, "a row of %s.%s", table->schema, table->name);
        err_context_server(err, "the row with %s", text);
    }
    arena_fini(&arena);
}
