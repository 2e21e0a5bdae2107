/* types.h - may a column of one type be a copy of a column of another?
 *
 * Why: both links run all the time, so a pair of types is good only if values
 *   survive in both directions. Whatever may lose something, or fails for
 *   ordinary values, is refused before the migration starts and wants a
 *   transform.
 * Rules: every type with itself, whatever its modifier; a domain counts as the
 *   type it is over; text-like types among each other; numbers among each
 *   other; timestamp and timestamptz (as UTC); json and jsonb; enum and uuid
 *   with text. Arrays only where the elements are written alike.
 * Not here: columns and tables (mapping.h), how types are read (pg/catalog.h). */
#ifndef PGTANDEM_MODEL_TYPES_H
#define PGTANDEM_MODEL_TYPES_H

#include <stdbool.h>

#include "base/value.h"
#include "model/table.h"

/* How two types go together: the first two well, the others, with the reason,
 * not at all. */
#define TYPE_MATCHES(X)                                                                            \
    X(TYPES_ALIKE, "the same text on both sides")                                                  \
    X(TYPES_CONVERT, "the same value, not always the same text")                                   \
    X(TYPES_TEXT, "not every text is a value of the other type")                                   \
    X(TYPES_NAME, "type name cuts a text after 63 bytes without saying so")                        \
    X(TYPES_ENUMS, "two enum types need not have the same labels")                                 \
    X(TYPES_DATE, "a date loses the time of day")                                                  \
    X(TYPES_ARRAYS, "arrays are copied only where their elements are written alike")               \
    X(TYPES_UNRELATED, "the types have nothing in common")

enum type_match {
#define TYPE_MATCH_ENUM(id, reason) id,
    TYPE_MATCHES(TYPE_MATCH_ENUM)
#undef TYPE_MATCH_ENUM
};

/* The order of the two does not matter. */
enum type_match types_match(const struct column_type *a, const struct column_type *b);
const char *types_match_reason(enum type_match match);

static inline bool types_match_is_good(enum type_match match) {
    return match == TYPES_ALIKE || match == TYPES_CONVERT;
}

/* Are the bytes that one server sends of a value in binary those that the other
 * takes for the same value? For built-in types that mean the same everywhere and
 * enums; not for those that are an OID inside (regclass), nor for what is sent
 * with the OIDs of types made by users, unless both are of one database (`kin`). */
bool types_share_binary(const struct column_type *a, const struct column_type *b, bool kin);
/* Is the binary form of such a value its text? */
bool types_binary_is_text(const struct column_type *type);

/* The text of a copied value as the target's type takes it: char(n) without its
 * padding, as PostgreSQL's own cast does it, and "5.00" as "5" for an integer.
 * Borrows from `value`. */
struct value types_copy(const struct column_type *source, const struct column_type *target,
                        struct value value);

/* True when the two texts are one value where both types are concerned: "1.5"
 * and "1.50", "2026-11-22 09:10:23+00" and the same without its zone. For JSON
 * the order of keys is taken to matter: rewriting such a row does no harm. */
bool types_values_agree(const struct column_type *a_type, struct value a,
                        const struct column_type *b_type, struct value b);

#endif
