/* reader.c - see reader.h: the document, its nodes, and sections of fields. */
#include "config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

enum { FIELDS_MAX = 16, KEY_SHOWN_MAX = 40 };

/* The parser ------------------------------------------------------------- */

static size_t line_of_offset(const char *text, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset; i++) {
        line += text[i] == '\n';
    }
    return line;
}

static bool fail_to_parse(struct reader *reader, const yaml_parser_t *parser, const char *text) {
    bool unreadable = parser->error == YAML_READER_ERROR;
    size_t line =
        unreadable ? line_of_offset(text, parser->problem_offset) : parser->problem_mark.line + 1;
    err_set(reader->err, ERR_USAGE, "%s:%zu: this is not YAML: %s", reader->file, line,
            parser->problem);
    if (unreadable) {
        return err_hint(reader->err, "the file must be UTF-8 text");
    }
    return err_hint(reader->err, "indent with spaces, never tabs, and put quotes around a value "
                                 "with special characters");
}

/* A second document would be ignored: refuse it. */
static bool expect_end(struct reader *reader, yaml_parser_t *parser, const char *text) {
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        return fail_to_parse(reader, parser, text);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root != NULL) {
        reader_fail(reader, root, "a second document starts here, but only one is read");
        err_hint(reader->err, "take out the line \"---\", or what follows it");
    }
    yaml_document_delete(&next);
    return root == NULL;
}

bool reader_init(struct reader *reader, const char *text, size_t size) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return err_set(reader->err, ERR_FAILED, "%s: no memory to parse it", reader->file);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    bool good = false;
    if (!yaml_parser_load(&parser, &reader->document)) {
        fail_to_parse(reader, &parser, text);
    } else {
        good = yaml_document_get_root_node(&reader->document) == NULL ||
               expect_end(reader, &parser, text);
        if (!good) {
            yaml_document_delete(&reader->document);
        }
    }
    yaml_parser_delete(&parser);
    return good;
}

void reader_fini(struct reader *reader) {
    yaml_document_delete(&reader->document);
}

const yaml_node_t *reader_root(struct reader *reader) {
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (root == NULL) {
        err_set(reader->err, ERR_USAGE, "%s: the file is empty", reader->file);
    }
    return root;
}

/* Errors ----------------------------------------------------------------- */

int reader_line(const yaml_node_t *node) {
    return (int)node->start_mark.line + 1;
}

bool reader_fail(struct reader *reader, const yaml_node_t *node, const char *format, ...) {
    char text[ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(reader->err, ERR_USAGE, "%s:%d: %s", reader->file, reader_line(node), text);
}

bool reader_is_nothing(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *text = (const char *)node->data.scalar.value;
    return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static const char *kind_of(const yaml_node_t *node) {
    if (reader_is_nothing(node)) {
        return "nothing";
    }
    switch (node->type) {
        case YAML_MAPPING_NODE:
            return "a mapping";
        case YAML_SEQUENCE_NODE:
            return "a list";
        case YAML_SCALAR_NODE:
        case YAML_NO_NODE:
            break;
    }
    return "a text";
}

bool reader_expected(struct reader *reader, const struct field *field, const yaml_node_t *node,
                     const char *expected) {
    return reader_fail(reader, node, "\"%s\": expected %s, found %s", field->key, expected,
                       kind_of(node));
}

/* Sections --------------------------------------------------------------- */

static const char *join_keys(struct reader *reader, const struct section *section) {
    const char *text = "";
    for (size_t i = 0; i < section->n_fields; i++) {
        if (!section->fields[i].unavailable) {
            text = arena_printf(reader->arena, "%s%s%s", text, *text != '\0' ? ", " : "",
                                section->fields[i].key);
        }
    }
    return text;
}

/* What stands where a key is expected may be anything, a password included. */
static bool looks_like_key(const char *text) {
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-<");
    return text[n] == '\0' && n > 0 && n <= KEY_SHOWN_MAX;
}

static const char *closest_key(const struct section *section, const char *key) {
    const char *known[FIELDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < section->n_fields && n < FIELDS_MAX; i++) {
        if (!section->fields[i].unavailable) {
            known[n++] = section->fields[i].key;
        }
    }
    return suggest_closest(key, known, n);
}

static bool refuse_key(struct reader *reader, const struct section *section,
                       const yaml_node_t *node, const char *key) {
    if (!looks_like_key(key)) {
        reader_fail(reader, node, "unknown key%s", section->where);
    } else {
        const char *closest = closest_key(section, key);
        reader_fail(reader, node, "unknown key \"%s\"%s%s%s%s", key, section->where,
                    closest != NULL ? "; did you mean \"" : "", closest != NULL ? closest : "",
                    closest != NULL ? "\"?" : "");
    }
    return err_hint(reader->err, "expected here: %s", join_keys(reader, section));
}

static size_t find_field(const struct section *section, const char *key) {
    size_t i = 0;
    while (i < section->n_fields && strcmp(section->fields[i].key, key) != 0) {
        i++;
    }
    return i;
}

static bool read_pair(struct reader *reader, const struct section *section,
                      const yaml_node_pair_t *pair, const yaml_node_t **seen, void *into) {
    const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
    if (key->type != YAML_SCALAR_NODE) {
        return reader_fail(reader, key, "expected a key%s, found %s", section->where, kind_of(key));
    }
    const char *name = (const char *)key->data.scalar.value;
    size_t i = find_field(section, name);
    if (i == section->n_fields) {
        return refuse_key(reader, section, key, name);
    }
    if (seen[i] != NULL) {
        return reader_fail(reader, key, "key \"%s\"%s is given twice, first on line %d", name,
                           section->where, reader_line(seen[i]));
    }
    seen[i] = key;
    const struct field *field = &section->fields[i];
    return field->read(reader, field, value, (char *)into + field->offset);
}

static bool check_required(struct reader *reader, const struct section *section,
                           const yaml_node_t *node, const yaml_node_t *const *seen) {
    for (size_t i = 0; i < section->n_fields; i++) {
        if (section->fields[i].required && seen[i] == NULL) {
            reader_fail(reader, node, "key \"%s\" is missing%s", section->fields[i].key,
                        section->where);
            return err_hint(reader->err, "expected here: %s", join_keys(reader, section));
        }
    }
    return true;
}

bool reader_section(struct reader *reader, const struct section *section, const yaml_node_t *node,
                    void *into) {
    if (node->type != YAML_MAPPING_NODE) {
        reader_fail(reader, node, "expected keys and values%s, found %s", section->where,
                    kind_of(node));
        return err_hint(reader->err, "expected here: %s", join_keys(reader, section));
    }
    const yaml_node_t **seen = arena_zero(reader->arena, section->n_fields, sizeof *seen);
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < end; pair++) {
        if (!read_pair(reader, section, pair, seen, into)) {
            return false;
        }
    }
    return check_required(reader, section, node, seen);
}

bool read_section(struct reader *reader, const struct field *field, const yaml_node_t *node,
                  void *into) {
    return reader_section(reader, field->section, node, into);
}

/* Lists ------------------------------------------------------------------ */

bool reader_list(struct reader *reader, const struct field *field, const yaml_node_t *node,
                 size_t *count) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return reader_expected(reader, field, node, "a list");
    }
    *count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (*count < (size_t)field->min) {
        return reader_fail(reader, node, "\"%s\": the list is empty", field->key);
    }
    return true;
}

const yaml_node_t *reader_item(struct reader *reader, const yaml_node_t *node, size_t i) {
    return yaml_document_get_node(&reader->document, node->data.sequence.items.start[i]);
}
