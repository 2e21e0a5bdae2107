/* scalars.c - see reader.h: single values, and lists of them. */
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
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

bool read_number(struct reader *reader, const struct field *field, const yaml_node_t *node,
                 void *into) {
    int64_t number;
    const char *text = scalar_text(node);
    if (text == NULL || !quantity_number(text, &number) || number < field->min ||
        number > field->max) {
        return fail_showing(reader, field, node,
                            arena_printf(reader->arena, "a whole number from %lld to %lld",
                                         (long long)field->min, (long long)field->max));
    }
    memcpy(into, &number, sizeof number);
    return true;
}

bool read_real(struct reader *reader, const struct field *field, const yaml_node_t *node,
               void *into) {
    const char *text = scalar_text(node);
    double number;
    if (text == NULL || !quantity_real(text, &number)) {
        return fail_showing(reader, field, node, "a number, such as 0.8");
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

static bool read_quantity(struct reader *reader, const struct field *field, const yaml_node_t *node,
                          bool (*parse)(const char *text, int64_t *quantity), void *into) {
    int64_t quantity;
    const char *text = scalar_text(node);
    if (text == NULL || !parse(text, &quantity) || quantity < field->min || quantity > field->max) {
        return fail_showing(reader, field, node, field->expected);
    }
    memcpy(into, &quantity, sizeof quantity);
    return true;
}

bool read_duration(struct reader *reader, const struct field *field, const yaml_node_t *node,
                   void *into) {
    return read_quantity(reader, field, node, quantity_duration, into);
}

bool read_size(struct reader *reader, const struct field *field, const yaml_node_t *node,
               void *into) {
    return read_quantity(reader, field, node, quantity_size, into);
}
