/* value.h - one column's value on its way from one table to the other.
 *
 * A value is text in its type's output format, SQL NULL, or absent: an
 * unchanged TOAST column is not in the stream, and absent is not NULL. Bytes
 * are borrowed, mostly from a batch's arena; nothing requires a NUL at their
 * end.
 *
 * A large value is not copied from place to place: the bytes between `room` and its data
 * are free for whoever has the value, for what is to stand before it. */
#ifndef PGTANDEM_BASE_VALUE_H
#define PGTANDEM_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum value_kind { VALUE_ABSENT = 0, VALUE_NULL, VALUE_TEXT };

struct value {
    enum value_kind kind;
    const char *data; /* VALUE_TEXT only */
    size_t size;      /* bytes */
    char *room;       /* where free bytes begin that end with `data`; NULL: there are none */
};

enum {
    VALUE_ROOM = 32,          /* bytes that are free at first */
    VALUE_LARGE = 512 * 1024, /* from here on values have room, where they are made to */
};

/* Where `size` bytes may be written that are to stand directly before the data. */
static inline char *value_before(struct value value, size_t size) {
    return value.room + (size_t)(value.data - value.room) - size;
}

static inline struct value value_absent(void) {
    return (struct value){VALUE_ABSENT, NULL, 0, NULL};
}

static inline struct value value_null(void) {
    return (struct value){VALUE_NULL, NULL, 0, NULL};
}

static inline struct value value_text(const char *data, size_t size) {
    return (struct value){VALUE_TEXT, data, size, NULL};
}

/* Same kind and same bytes: two NULLs are equal here. */
static inline bool value_equal(struct value a, struct value b) {
    return a.kind == b.kind &&
           (a.kind != VALUE_TEXT ||
            (a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0)));
}

#endif
