/* compare.c - see compare.h. */
#include "verify/compare.h"

const char *verdict_name(enum verdict verdict) {
    static const char *const names[] = {
#define VERDICT_NAME(name) #name,
        VERDICTS(VERDICT_NAME)
#undef VERDICT_NAME
    };
    return names[verdict];
}

enum { FIRST_USER_OID = 16384, JSON_OID = 114, JSONB_OID = 3802 };

static bool is_json(const struct column_type *type) {
    return type->oid == JSON_OID || type->oid == JSONB_OID;
}

/* Numbers, and dates and times: what is rounded when it is stored. */
static bool is_rounded(const struct column_type *type) {
    return type->category == 'N' || type->category == 'D' || type->category == 'T';
}

static bool wants_cast(const struct column_type *a, const struct column_type *b) {
    if ((a->oid == b->oid && a->modifier == b->modifier) || a->oid >= FIRST_USER_OID ||
        b->oid >= FIRST_USER_OID) {
        return false;
    }
    return (is_rounded(a) && is_rounded(b)) || (is_json(a) && is_json(b));
}

struct cast_list compare_casts(const struct mapping_pair *pair, struct arena *arena) {
    const struct mapping *mapping = &pair->forward;
    struct cast_list list = {arena_zero(arena, mapping->n_columns, sizeof *list.pairs), 0};
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        if (column->source != COLUMN_NONE &&
            wants_cast(&mapping->source->columns[column->source].type,
                       &mapping->target->columns[column->target].type)) {
            list.pairs[list.count++] = (struct cast_pair){column->source, column->target};
        }
    }
    return list;
}

/* Lets a value that its cast makes equal to the other side's be that. */
static void settle_casts(const struct cast_list *casts, struct side_row old_row,
                         struct side_row new_row) {
    for (size_t i = 0; i < casts->count; i++) {
        struct value *a = &old_row.values[casts->pairs[i].old_column];
        struct value *b = &new_row.values[casts->pairs[i].new_column];
        if (value_equal(old_row.casts[i], *b)) {
            *a = *b;
        } else if (value_equal(*a, new_row.casts[i])) {
            *b = *a;
        }
    }
}

enum verdict compare_rows(const struct mapping_pair *pair, const struct cast_list *casts,
                          struct side_row old_row, struct side_row new_row, struct arena *arena) {
    if (old_row.values == NULL || new_row.values == NULL) {
        if (old_row.values == new_row.values) {
            return VERDICT_matched;
        }
        return old_row.values == NULL ? VERDICT_missing_in_old : VERDICT_missing_in_new;
    }
    settle_casts(casts, old_row, new_row);
    return mapping_rows_agree(pair, old_row.values, new_row.values, arena) ? VERDICT_matched
                                                                           : VERDICT_different;
}
