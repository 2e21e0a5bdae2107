/* wal2json.h - decodes the messages of wal2json's format version 2.
 *
 * Why: of the output plugins a managed PostgreSQL offers, wal2json is the one
 *   that is installed; its text is read here and nowhere else.
 * Not here: types. The decoder knows no catalog, and hands on what wal2json
 *   prints, which is the type's output format with these exceptions
 *   (tests/golden/ has each of them, recorded from the real plugin):
 *   - boolean is true or false: becomes "t" or "f" here, as PostgreSQL has it;
 *   - integers, oid, float4, float8, numeric are bare numbers, whose digits are
 *     kept as they are; their NaN and Infinity come as null, like SQL NULL;
 *   - bytea is hexadecimal without its leading \x;
 *   - the exceptions go by the column's own type: a domain over any of these
 *     is a string in the output format, \x and NaN included;
 *   - an unchanged TOAST value is left out of the columns.
 * Expects the options include-xids, include-timestamp, include-origin and
 *   include-lsn, and TimeZone=UTC: a message without its origin or position is
 *   an error, because guards are built on them.
 * Strict where a value could be lost (a missing, duplicate or mistyped key, a
 *   nested value, invalid UTF-8, anything behind the object); keys that are not
 *   known are skipped with all that is in them.
 * Memory: strings, columns and identity are allocated in the caller's arena;
 *   the decoder itself keeps its scratch space from message to message. */
#ifndef PGTANDEM_DECODE_WAL2JSON_H
#define PGTANDEM_DECODE_WAL2JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "decode/message.h"

struct wal2json_decoder;

struct wal2json_decoder *wal2json_decoder_new(void) __attribute__((returns_nonnull));
void wal2json_decoder_free(struct wal2json_decoder *decoder);

/* Decodes the one message in data[0..size). False: err->message has the kind of
 * problem, the byte offset at which it was noticed, and an excerpt without row
 * values (excerpt.h); *message is then meaningless, and the decoder is fit for
 * the next one. Takes time linear in `size`, whatever the bytes are. */
bool wal2json_decode(struct wal2json_decoder *decoder, const char *data, size_t size,
                     struct arena *arena, struct message *message, struct err *err)
    __attribute__((warn_unused_result));

/* Is it a logical message, by its first bytes? wal2json prints "action" before all that
 * others choose, so nothing in a row or a message can make it look like the other.
 * What stands in a logical message is up to whoever may connect, and may be no JSON at
 * all: one that cannot be decoded says nothing, and is no reason to stop. */
bool wal2json_is_logical(const char *data, size_t size);

#endif
