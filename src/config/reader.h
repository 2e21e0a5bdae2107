/* reader.h - a YAML document, read strictly by tables of fields.
 *
 * Why: every mistake in a configuration must name file and line, a misspelt key
 *   as much as a number out of range; libyaml's nodes know where they stand.
 * How: a section is a mapping whose keys are listed as fields; each field says
 *   how its value is read and where it goes. Unknown keys, keys given twice and
 *   missing ones are found here, once for all sections.
 * Not here: which sections and keys there are (schema.h).
 * Memory: what is read is copied into the reader's arena.
 * Errors: ERR_USAGE in reader->err, the first one found. Values of texts are
 *   never shown: one of them may hold a password. */
#ifndef PGTANDEM_CONFIG_READER_H
#define PGTANDEM_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/err.h"

struct reader {
    const char *file; /* as messages name it */
    yaml_document_t document;
    struct arena *arena;
    struct err *err;
};

struct field;
struct section;

/* Reads `node` into what lies field->offset bytes from the section's start. */
typedef bool field_read_fn(struct reader *reader, const struct field *field,
                           const yaml_node_t *node, void *into);

struct field {
    const char *key;
    field_read_fn *read;
    size_t offset;
    bool required;
    bool unavailable;              /* a key that is to come: it is refused, and not offered */
    const char *expected;          /* texts: what is wanted, in words */
    int64_t min, max;              /* numbers: range; texts, lists: least size */
    const char *const *choices;    /* read_choice: the words, NULL at the end */
    const struct section *section; /* read_section, and lists of sections */
};

struct section {
    const char *where; /* for messages: " in \"backfill\""; "" at the top */
    const struct field *fields;
    size_t n_fields;
};

/* Parses exactly one document; reader->file, arena and err are set before. To
 * be ended by reader_fini() when it succeeds. */
bool reader_init(struct reader *reader, const char *text, size_t size)
    __attribute__((warn_unused_result));
void reader_fini(struct reader *reader);
/* NULL with an error: the document is empty */
const yaml_node_t *reader_root(struct reader *reader);

int reader_line(const yaml_node_t *node);
/* `key:` with nothing behind it, or one of YAML's words for that */
bool reader_is_nothing(const yaml_node_t *node);
/* "file:line: ..."; both return false */
bool reader_fail(struct reader *reader, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool reader_expected(struct reader *reader, const struct field *field, const yaml_node_t *node,
                     const char *expected);

/* Reads a mapping into the struct at `into`. Fields that it does not have keep
 * what was there. */
bool reader_section(struct reader *reader, const struct section *section, const yaml_node_t *node,
                    void *into) __attribute__((warn_unused_result));

/* A list of at least field->min nodes: how many, and the one at `i` */
bool reader_list(struct reader *reader, const struct field *field, const yaml_node_t *node,
                 size_t *count) __attribute__((warn_unused_result));
const yaml_node_t *reader_item(struct reader *reader, const yaml_node_t *node, size_t i);

/* What a field can be, and the type it is read into */
field_read_fn read_section;  /* a struct, by field->section */
field_read_fn read_text;     /* const char * */
field_read_fn read_names;    /* struct name_list */
field_read_fn read_choice;   /* an enum: the word's position */
field_read_fn read_number;   /* int64_t */
field_read_fn read_fraction; /* double, from 0 to 1 */
field_read_fn read_real;     /* double */
field_read_fn read_duration; /* usec_t; "500ms", "5s", "2min", "1h", plain seconds */
field_read_fn read_size;     /* int64_t, bytes; "64kB", "10GB", plain bytes */

#endif
