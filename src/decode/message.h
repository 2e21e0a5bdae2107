/* message.h - one message of a change stream, decoded.
 *
 * What a decoder makes of the plugin's text, before anybody has looked at a
 * catalog: names and values are text, a column is known by its name only.
 * What wal2json prints, and what it leaves out, is described in wal2json.h.
 *
 * Memory: every pointer leads into the arena that the decoder was given, and `arena` is
 * that: large values, which have room (base/value.h), may be moved out of it. */
#ifndef PGTANDEM_DECODE_MESSAGE_H
#define PGTANDEM_DECODE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/lsn.h"
#include "base/timestamp.h"
#include "base/value.h"

/* kind, the letter in "action", and the word for people */
#define MESSAGE_KINDS(X)                                                                           \
    X(BEGIN, 'B', "begin")                                                                         \
    X(COMMIT, 'C', "commit")                                                                       \
    X(INSERT, 'I', "insert")                                                                       \
    X(UPDATE, 'U', "update")                                                                       \
    X(DELETE, 'D', "delete")                                                                       \
    X(TRUNCATE, 'T', "truncate")                                                                   \
    X(LOGICAL, 'M', "logical message")

enum message_kind {
#define MESSAGE_ENUM(id, letter, name) MESSAGE_##id,
    MESSAGE_KINDS(MESSAGE_ENUM)
#undef MESSAGE_ENUM
};

struct named_value {
    const char *name; /* NUL-terminated */
    size_t name_size; /* bytes, without the NUL */
    struct value value;
};

struct message {
    enum message_kind kind;
    struct arena *arena; /* of values; NULL: none of them has room */

    /* Of the transaction. Only a non-transactional logical message lacks them. */
    bool has_xid, has_timestamp, has_origin;
    uint32_t xid;
    usec_t timestamp; /* of the commit */
    uint32_t origin;  /* pg_replication_origin.roident; 0: written locally */

    /* Where the message is in the log: on BEGIN and COMMIT the start of the
     * commit record, and `nextlsn` its end. Store and acknowledge `nextlsn`:
     * a stream that restarts at `lsn` delivers the transaction again. Zero
     * where the plugin gives none. */
    lsn_t lsn, nextlsn;

    /* INSERT, UPDATE, DELETE, TRUNCATE; NUL-terminated */
    const char *schema, *table;
    size_t schema_size, table_size;

    struct named_value *columns; /* INSERT and UPDATE: the new row */
    size_t n_columns;
    struct named_value *identity; /* UPDATE and DELETE: the old row's key, or all of it */
    size_t n_identity;

    /* LOGICAL; NUL-terminated */
    bool transactional;
    const char *prefix, *content;
    size_t prefix_size, content_size;
};

/* "insert" */
const char *message_kind_name(enum message_kind kind);

/* The column of that name, or NULL. */
const struct named_value *message_find(const struct named_value *values, size_t count,
                                       const char *name, size_t name_size);

#endif
