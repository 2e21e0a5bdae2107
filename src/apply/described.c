/* described.c - see described.h. */
#include "apply/described.h"

#include <string.h>

#include "apply/array.h"

void described_init(struct described *d) {
    buf_init(&d->names);
    buf_init(&d->values);
    buf_add_char(&d->names, '{');
    buf_add_char(&d->values, '{');
}

void described_fini(struct described *d) {
    buf_fini(&d->names);
    buf_fini(&d->values);
}

void described_add(struct described *d, const char *name, struct value value) {
    if (value.kind == VALUE_ABSENT) {
        return;
    }
    const char *comma = d->names.size > 1 ? "," : "";
    buf_add_text(&d->names, comma);
    buf_add_text(&d->values, comma);
    array_add_element(&d->names, value_text(name, strlen(name)));
    array_add_element(&d->values, value);
}

void described_end(struct described *d) {
    buf_add_char(&d->names, '}');
    buf_add_char(&d->values, '}');
}

static const char *target_name(const struct mapping *mapping, size_t column) {
    return mapping->target->columns[mapping->columns[column].target].name;
}

void describe_key(struct described *d, const struct mapping *mapping, const struct value *key) {
    described_init(d);
    for (size_t k = 0; k < mapping->n_key; k++) {
        described_add(d, target_name(mapping, mapping->key[k]), key[k]);
    }
    described_end(d);
}

bool describe_fits(const struct mapping *mapping, const struct value *row) {
    size_t size = 0;
    for (size_t i = 0; i < mapping->n_columns; i++) {
        size += row[i].kind == VALUE_TEXT ? row[i].size : 0;
    }
    return size <= DESCRIBED_ROW_MAX;
}

void describe_row(struct described *d, const struct mapping *mapping, const struct value *row) {
    described_init(d);
    for (size_t i = 0; i < mapping->n_columns; i++) {
        described_add(d, target_name(mapping, i), row[i]);
    }
    described_end(d);
}
