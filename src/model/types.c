/* types.c - see types.h: which types go together. */
#include "model/types.h"

#include <stddef.h>
#include <string.h>

#include "model/type_family.h"

static enum type_family family_of_oid(uint32_t oid) {
    switch (oid) {
        case OID_TEXT:
        case OID_VARCHAR:
            return FAMILY_TEXT;
        case OID_BPCHAR:
            return FAMILY_OTHER_TEXT;
        case OID_NAME:
            return FAMILY_NAME;
        case OID_INT2:
        case OID_INT4:
        case OID_INT8:
            return FAMILY_INTEGER;
        case OID_NUMERIC:
        case OID_FLOAT4:
        case OID_FLOAT8:
            return FAMILY_NUMBER;
        case OID_DATE:
            return FAMILY_DATE;
        case OID_TIMESTAMP:
        case OID_TIMESTAMPTZ:
            return FAMILY_TIMESTAMP;
        case OID_JSON:
        case OID_JSONB:
            return FAMILY_JSON;
        case OID_UUID:
            return FAMILY_UUID;
        default:
            return FAMILY_NONE;
    }
}

enum type_family type_family_of(const struct column_type *type) {
    if (type->element_oid != 0) {
        return FAMILY_NONE;
    }
    if (type->kind == 'e') {
        return FAMILY_ENUM;
    }
    enum type_family family = family_of_oid(type->base_oid);
    return family == FAMILY_NONE && type->category == 'S' ? FAMILY_OTHER_TEXT : family;
}

static const struct {
    enum type_family one, other;
    enum type_match match;
} rules[] = {
    {FAMILY_TEXT, FAMILY_TEXT, TYPES_ALIKE},
    {FAMILY_TEXT, FAMILY_OTHER_TEXT, TYPES_CONVERT},
    {FAMILY_OTHER_TEXT, FAMILY_OTHER_TEXT, TYPES_CONVERT},
    {FAMILY_ENUM, FAMILY_TEXT, TYPES_ALIKE},
    {FAMILY_ENUM, FAMILY_OTHER_TEXT, TYPES_CONVERT},
    {FAMILY_UUID, FAMILY_TEXT, TYPES_CONVERT},
    {FAMILY_UUID, FAMILY_OTHER_TEXT, TYPES_CONVERT},
    {FAMILY_INTEGER, FAMILY_INTEGER, TYPES_ALIKE},
    {FAMILY_INTEGER, FAMILY_NUMBER, TYPES_CONVERT},
    {FAMILY_NUMBER, FAMILY_NUMBER, TYPES_CONVERT},
    {FAMILY_TIMESTAMP, FAMILY_TIMESTAMP, TYPES_CONVERT},
    {FAMILY_JSON, FAMILY_JSON, TYPES_CONVERT},
    {FAMILY_NAME, FAMILY_TEXT, TYPES_NAME},
    {FAMILY_NAME, FAMILY_OTHER_TEXT, TYPES_NAME},
    {FAMILY_ENUM, FAMILY_ENUM, TYPES_ENUMS},
    {FAMILY_DATE, FAMILY_TIMESTAMP, TYPES_DATE},
};

static bool is_text(enum type_family family) {
    return family == FAMILY_TEXT || family == FAMILY_OTHER_TEXT || family == FAMILY_NAME;
}

static enum type_match match_families(enum type_family a, enum type_family b) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if ((rules[i].one == a && rules[i].other == b) ||
            (rules[i].one == b && rules[i].other == a)) {
            return rules[i].match;
        }
    }
    return is_text(a) || is_text(b) ? TYPES_TEXT : TYPES_UNRELATED;
}

/* Elements are known by their OID alone, and an array's text is taken as it is. */
static enum type_match match_arrays(const struct column_type *a, const struct column_type *b) {
    if (a->element_oid == 0 || b->element_oid == 0) {
        return is_text(type_family_of(a)) || is_text(type_family_of(b)) ? TYPES_TEXT
                                                                        : TYPES_UNRELATED;
    }
    enum type_match match =
        match_families(family_of_oid(a->element_oid), family_of_oid(b->element_oid));
    return match == TYPES_ALIKE ? TYPES_ALIKE : TYPES_ARRAYS;
}

/* A type made by a user has another OID in another database, where its OID may
 * be some other type's: those are the same only under the same name. */
static bool same_type(const struct column_type *a, const struct column_type *b) {
    if (a->base_oid < OID_FIRST_USER || b->base_oid < OID_FIRST_USER) {
        return a->base_oid == b->base_oid;
    }
    return strcmp(a->name, b->name) == 0;
}

enum type_match types_match(const struct column_type *a, const struct column_type *b) {
    if (same_type(a, b)) {
        bool kept = a->modifier == b->modifier || type_family_of(a) == FAMILY_TEXT;
        return kept ? TYPES_ALIKE : TYPES_CONVERT;
    }
    if (a->element_oid != 0 || b->element_oid != 0) {
        return match_arrays(a, b);
    }
    return match_families(type_family_of(a), type_family_of(b));
}

/* Of the built-in types (pg_type.dat), those whose binary form holds nothing that a
 * server means otherwise than another: no OID, as regclass is one; no setting, as
 * money depends on; no encoding, as xml may name one. */
static const uint32_t portable[] = {
    16,   17,   18,   19,   20,   21,   23,   25,   26,   114,  600,  601,  602,
    603,  604,  628,  650,  700,  701,  718,  774,  829,  869,  1042, 1043, 1082,
    1083, 1114, 1184, 1186, 1266, 1560, 1562, 1700, 2950, 3220, 3614, 3615, 3802,
    3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536,
};

static bool is_portable(uint32_t oid) {
    for (size_t i = 0; i < sizeof portable / sizeof *portable; i++) {
        if (portable[i] == oid) {
            return true;
        }
    }
    return false;
}

/* An array is sent with its elements' OID. */
bool types_share_binary(const struct column_type *a, const struct column_type *b, bool kin) {
    if (!a->binary || !b->binary || a->element_oid != b->element_oid) {
        return false;
    }
    uint32_t oid = a->element_oid != 0 ? a->element_oid : a->base_oid;
    if (oid < OID_FIRST_USER) {
        bool texts = type_family_of(a) == FAMILY_TEXT && type_family_of(b) == FAMILY_TEXT;
        return is_portable(oid) && (a->base_oid == b->base_oid || texts);
    }
    return same_type(a, b) && (kin || (a->kind == 'e' && a->element_oid == 0));
}

bool types_binary_is_text(const struct column_type *type) {
    return type->element_oid == 0 && (type->base_oid == OID_TEXT || type->base_oid == OID_VARCHAR ||
                                      type->base_oid == OID_BPCHAR || type->base_oid == OID_NAME ||
                                      type->base_oid == OID_JSON);
}

const char *types_match_reason(enum type_match match) {
    static const char *const reasons[] = {
#define TYPE_MATCH_REASON(id, reason) [id] = reason,
        TYPE_MATCHES(TYPE_MATCH_REASON)
#undef TYPE_MATCH_REASON
    };
    return reasons[match];
}
