/* changes.c - see changes.h. */
#include "changes.h"

#include <string.h>

#include "base/buf.h"

struct value changes_value(struct sample *sample, const char *text) {
    if (strcmp(text, "-") == 0) {
        return value_absent();
    }
    if (strcmp(text, "~") == 0) {
        return value_null();
    }
    return value_text(arena_copy(&sample->arena, text, strlen(text)), strlen(text));
}

static void split_row(struct sample *sample, const char *row, struct value *values) {
    char *copy = arena_copy(&sample->arena, row, strlen(row));
    for (size_t i = 0; copy != NULL; i++) {
        char *bar = strchr(copy, '|');
        if (bar != NULL) {
            *bar++ = '\0';
        }
        values[i] = changes_value(sample, copy);
        copy = bar;
    }
}

struct change *changes_make(struct sample *sample, enum change_op op, const char *key,
                            const char *row) {
    struct arena *arena = &sample->arena;
    const struct mapping *mapping = &sample->pair.forward;
    struct change *change = arena_zero(arena, 1, sizeof *change);
    change->op = op;
    change->mapping = mapping;
    change->key = arena_zero(arena, 1, sizeof *change->key);
    change->key[0] = changes_value(sample, key);
    if (row != NULL) {
        change->source = arena_zero(arena, mapping->source->n_columns, sizeof *change->source);
        split_row(sample, row, change->source);
        change_map(change, arena);
        struct value id = change->target[mapping->key[0]];
        change->moves_key = id.kind != VALUE_ABSENT && !value_equal(id, change->key[0]);
    }
    return change;
}

static void add_value(struct buf *text, struct value v) {
    switch (v.kind) {
        case VALUE_ABSENT:
            buf_add_char(text, '-');
            break;
        case VALUE_NULL:
            buf_add_char(text, '~');
            break;
        case VALUE_TEXT:
            buf_add(text, v.data, v.size);
            break;
    }
}

char *changes_describe(struct sample *sample, const struct effects *effects) {
    static const char *const kinds[] = {"upsert", "insert", "update", "delete", "move", "truncate"};
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < effects->n_writes; i++) {
        const struct write *w = &effects->writes[i];
        buf_add_format(&text, "%s%s", i > 0 ? "; " : "", kinds[w->kind]);
        if (w->key != NULL) {
            buf_add_char(&text, ' ');
            add_value(&text, w->key[0]);
        }
        for (size_t c = 0; w->values != NULL && c < w->mapping->n_columns; c++) {
            buf_add_char(&text, c == 0 ? ' ' : '|');
            add_value(&text, w->values[c]);
        }
        bool last = i + 1 == effects->n_writes;
        buf_add_text(&text, !last && w[1].segment != w->segment ? " /" : "");
    }
    char *copy = arena_copy(&sample->arena, buf_text(&text), text.size);
    buf_fini(&text);
    return copy;
}
