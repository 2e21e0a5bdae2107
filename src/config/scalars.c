/* scalars.c - see reader.h: single values, and lists of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "config/reader.h"
#include "model/spec.h"

enum { FOUND_MAX = 40 }; /* bytes of a value that a message shows */

/* The text of a scalar; NULL: it is none, or none that C can hold. */
static const char *scalar_text(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE) {
        return NULL;
    }
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

/* For values that are no secret: numbers and words from a list */
static bool fail_showing(struct reader *reader, const struct field *field, const yaml_node_t *node,
                         const char *expected) {
    const char *text = scalar_text(node);
    if (text == NULL || *text == '\0') {
        return reader_expected(reader, field, node, expected);
    }
    return reader_fail(reader, node, "\"%s\": expected %s, found \"%.*s\"", field->key, expected,
                       FOUND_MAX, text);
}

/* Texts ------------------------------------------------------------------ */

bool read_text(struct reader *reader, const struct field *field, const yaml_node_t *node,
               void *into) {
    const char *text = scalar_text(node);
    if (text == NULL || reader_is_nothing(node) || strlen(text) < (size_t)field->min) {
        return reader_expected(reader, field, node, field->expected);
    }
    const char **place = into;
    *place = arena_copy(reader->arena, text, strlen(text));
    return true;
}

bool read_names(struct reader *reader, const struct field *field, const yaml_node_t *node,
                void *into) {
    struct name_list *list = into;
    if (!reader_list(reader, field, node, &list->count)) {
        return false;
    }
    const struct field name = {.key = field->key, .expected = "a column's name", .min = 1};
    list->names = arena_zero(reader->arena, list->count, sizeof *list->names);
    for (size_t i = 0; i < list->count; i++) {
        if (!read_text(reader, &name, reader_item(reader, node, i), &list->names[i])) {
            return false;
        }
    }
    return true;
}

static const char *join_choices(struct reader *reader, const char *const *choices) {
    const char *text = choices[0];
    for (size_t i = 1; choices[i] != NULL; i++) {
        text = arena_printf(reader->arena, "%s%s%s", text, choices[i + 1] != NULL ? ", " : " or ",
                            choices[i]);
    }
    return text;
}

bool read_choice(struct reader *reader, const struct field *field, const yaml_node_t *node,
                 void *into) {
    const char *text = scalar_text(node);
    for (unsigned i = 0; text != NULL && field->choices[i] != NULL; i++) {
        if (strcmp(field->choices[i], text) == 0) {
            memcpy(into, &i, sizeof i);
            return true;
        }
    }
    return fail_showing(reader, field, node, join_choices(reader, field->choices));
}

/* Numbers ---------------------------------------------------------------- */

/* Digits at the start of `text`; what follows them is left in *rest. */
static bool parse_digits(const char *text, int64_t *number, const char **rest) {
    if (text == NULL || *text < '0' || *text > '9') {
        return false;
    }
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    *number = n;
    *rest = end;
    return errno == 0;
}

bool read_number(struct reader *reader, const struct field *field, const yaml_node_t *node,
                 void *into) {
    int64_t number;
    const char *rest;
    if (!parse_digits(scalar_text(node), &number, &rest) || *rest != '\0' || number < field->min ||
        number > field->max) {
        return fail_showing(reader, field, node,
                            arena_printf(reader->arena, "a whole number from %lld to %lld",
                                         (long long)field->min, (long long)field->max));
    }
    memcpy(into, &number, sizeof number);
    return true;
}

bool read_fraction(struct reader *reader, const struct field *field, const yaml_node_t *node,
                   void *into) {
    const char *text = scalar_text(node);
    bool digits = text != NULL && *text != '\0' && strspn(text, "0123456789.") == strlen(text);
    char *end = NULL;
    double number = digits ? strtod(text, &end) : -1;
    if (!digits || *end != '\0' || number < 0 || number > 1) {
        return fail_showing(reader, field, node, "a number from 0 to 1, such as 0.999");
    }
    memcpy(into, &number, sizeof number);
    return true;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* A whole number and a unit, with or without a space between them; what a plain
 * number means is the unit named "". */
static bool parse_quantity(const char *text, const struct unit *units, size_t n_units,
                           int64_t *quantity) {
    int64_t number;
    const char *rest;
    if (!parse_digits(text, &number, &rest)) {
        return false;
    }
    rest += strspn(rest, " ");
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(rest, units[i].name) == 0) {
            return !__builtin_mul_overflow(number, units[i].factor, quantity);
        }
    }
    return false;
}

static bool read_quantity(struct reader *reader, const struct field *field, const yaml_node_t *node,
                          const struct unit *units, size_t n_units, void *into) {
    int64_t quantity;
    if (!parse_quantity(scalar_text(node), units, n_units, &quantity) || quantity < field->min ||
        quantity > field->max) {
        return fail_showing(reader, field, node, field->expected);
    }
    memcpy(into, &quantity, sizeof quantity);
    return true;
}

bool read_duration(struct reader *reader, const struct field *field, const yaml_node_t *node,
                   void *into) {
    static const struct unit units[] = {
        {"", USEC_SECOND},
        {"us", 1},
        {"ms", 1000},
        {"s", USEC_SECOND},
        {"min", 60 * USEC_SECOND},
        {"h", 3600 * USEC_SECOND},
        {"d", 86400 * USEC_SECOND},
    };
    return read_quantity(reader, field, node, units, sizeof units / sizeof *units, into);
}

bool read_size(struct reader *reader, const struct field *field, const yaml_node_t *node,
               void *into) {
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"kB", INT64_C(1) << 10},
        {"MB", INT64_C(1) << 20},
        {"GB", INT64_C(1) << 30},
        {"TB", INT64_C(1) << 40},
    };
    return read_quantity(reader, field, node, units, sizeof units / sizeof *units, into);
}
