/* copy_text.h - COPY's text format: one line a row, tabs between its fields.
 *
 * What the server writes (PostgreSQL's manual, COPY, "Text Format"):
 *     \N                      NULL, as the whole field
 *     \b \f \n \r \t \v \\    the one character each
 *     everything else         as it is, UTF-8
 * so that no field holds a bare tab and no line a bare newline, and fields can
 * be told apart, and passed on, without looking inside. Octal and hexadecimal
 * escapes, which COPY FROM would take, are never written by a server.
 *
 * Pure; nothing needs a NUL at its end. */
#ifndef PGTANDEM_COPY_COPY_TEXT_H
#define PGTANDEM_COPY_COPY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"

/* Takes the line (with or without its newline) apart into exactly `n` fields,
 * still escaped, that point into it. False when there are more or fewer. */
bool copy_text_split(const char *line, size_t size, struct value *fields, size_t n)
    __attribute__((warn_unused_result));

/* The field's plain text: itself when nothing in it is escaped, else a copy in
 * `arena`. */
struct value copy_text_unescape(struct value field, struct arena *arena);

/* Appends a field. _add: a plain text; _add_raw: one that is escaped already.
 * What is not VALUE_TEXT becomes \N. */
void copy_text_add(struct buf *line, struct value plain);
void copy_text_add_raw(struct buf *line, struct value field);

#endif
