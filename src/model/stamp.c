/* stamp.c - see stamp.h. */
#include "model/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

/* Fixed in the catalog of every server (pg_type.dat). */
enum {
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TIMESTAMP = 1114,
    TYPE_TIMESTAMPTZ = 1184,
};

static bool is_integer(const struct column_type *type) {
    return type->base_oid == TYPE_INT2 || type->base_oid == TYPE_INT4 ||
           type->base_oid == TYPE_INT8;
}

static bool is_timestamp(const struct column_type *type) {
    return type->base_oid == TYPE_TIMESTAMP || type->base_oid == TYPE_TIMESTAMPTZ;
}

bool stamp_type_serves(const struct column_type *type) {
    return is_integer(type) || is_timestamp(type);
}

static bool is_word(struct value value, const char *word) {
    return value.size == strlen(word) && memcmp(value.data, word, value.size) == 0;
}

static stamp_t integer_stamp(struct value version) {
    char text[24];
    if (version.size >= sizeof text) {
        return STAMP_UNKNOWN;
    }
    memcpy(text, version.data, version.size);
    text[version.size] = '\0';
    return strtoll(text, NULL, 10);
}

/* One without a time zone counts as UTC, as it does when it is copied into one
 * that has. */
static stamp_t timestamp_stamp(const struct column_type *type, struct value version) {
    char text[64];
    usec_t time;
    if (is_word(version, "infinity")) {
        return STAMP_LAST;
    }
    bool bare = type->base_oid == TYPE_TIMESTAMP;
    int size =
        snprintf(text, sizeof text, "%.*s%s", (int)version.size, version.data, bare ? "+00" : "");
    bool fits = size > 0 && (size_t)size < sizeof text;
    return fits && usec_parse(text, (size_t)size, &time) ? time : STAMP_UNKNOWN;
}

stamp_t stamp_of_version(const struct column_type *type, struct value version) {
    if (version.kind != VALUE_TEXT) {
        return STAMP_UNKNOWN;
    }
    return is_integer(type) ? integer_stamp(version) : timestamp_stamp(type, version);
}

stamp_t stamp_of_change(const struct change *change) {
    const struct mapping *mapping = change->mapping;
    if (mapping->version.source == COLUMN_NONE) {
        return change->transaction.commit_time;
    }
    const struct column_type *type = &mapping->source->columns[mapping->version.source].type;
    if (change->op == CHANGE_delete) {
        return type->base_oid == TYPE_TIMESTAMPTZ ? change->transaction.commit_time : STAMP_LAST;
    }
    return stamp_of_version(type, change->source[mapping->version.source]);
}

bool stamp_is_later(stamp_t a, bool a_is_new_side, stamp_t b) {
    if (a == b) {
        return a_is_new_side;
    }
    return MUTANT_IS(earlier_wins) ? a < b : a > b;
}
