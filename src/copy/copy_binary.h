/* copy_binary.h - COPY's binary format: a header, tuples, a trailer.
 *
 * What the server writes (PostgreSQL's manual, COPY, "Binary Format"); integers
 * are big-endian:
 *     header   "PGCOPY\n\377\r\n\0", 32 bits of flags, the 32-bit size of an
 *              extension and that many bytes of it
 *     tuple    16 bits: how many fields; for each its 32-bit size, -1 for NULL,
 *              and that many bytes, as its type's send function made them
 *     trailer  -1 in place of a tuple's 16 bits
 * A COPY message holds at most one tuple; the header comes in front of the first
 * tuple, or of the trailer.
 *
 * Why: nothing is printed and parsed again on its way, and nothing is escaped. A
 *   text's bytes are the text itself.
 * Pure. */
#ifndef PGTANDEM_COPY_COPY_BINARY_H
#define PGTANDEM_COPY_COPY_BINARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

/* The size of the header that `data` begins with; 0: it begins with none. */
size_t copy_binary_header(const char *data, size_t size);
bool copy_binary_is_trailer(const char *data, size_t size);

/* Takes a tuple apart into exactly `n` fields that point into it. False when it
 * is none, or one of another shape. */
bool copy_binary_split(const char *tuple, size_t size, struct value *fields, size_t n)
    __attribute__((warn_unused_result));

/* What a COPY FROM STDIN is sent. What is not VALUE_TEXT becomes NULL. */
void copy_binary_add_header(struct buf *out);
void copy_binary_add_count(struct buf *out, size_t n_fields);
void copy_binary_add(struct buf *out, struct value field);
void copy_binary_add_trailer(struct buf *out);

#endif
