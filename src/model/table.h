/* table.h - a table as its catalog describes it.
 *
 * Read by pg/catalog.c; everything here is plain data, so that mapping.h can
 * be tested without a server. Memory: an arena of whoever read it. */
#ifndef PGTANDEM_MODEL_TABLE_H
#define PGTANDEM_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/spec.h"

/* How an assignment from one type to another may go; see types.h. */
struct column_type {
    uint32_t oid;
    uint32_t base_oid;    /* of a domain: what it is over, all the way down; else oid */
    uint32_t element_oid; /* of an array: its elements' type; else 0 */
    char kind;            /* pg_type.typtype of the base: b, c, e, p, r, m */
    char category;        /* pg_type.typcategory: 'S' is text-like, 'N' numbers, ... */
    bool binary;          /* the server can send and take it (or its elements) in binary */
    int32_t modifier;     /* atttypmod, -1 for none */
    /* format_type(base_oid, -1), schema-qualified, quoted: a cast to it never
     * cuts a value short, as varchar(3) would, or a domain over it */
    const char *name;
    /* format_type(oid, atttypmod): for people, and to detect changes */
    const char *full_name;
};

struct column {
    const char *name;
    struct column_type type;
    bool not_null;
    bool has_default;     /* a default, an identity, or a generation expression */
    bool generated;       /* GENERATED ALWAYS AS (...) STORED: never written */
    bool identity_always; /* GENERATED ALWAYS AS IDENTITY */
    bool toastable;       /* may be left out of an UPDATE as unchanged TOAST */
};

/* What the server writes to the log to identify an old row. */
enum replica_identity {
    IDENTITY_DEFAULT = 'd', /* the primary key, if it is not deferrable */
    IDENTITY_NOTHING = 'n',
    IDENTITY_FULL = 'f',
    IDENTITY_INDEX = 'i',
};

struct table_key {
    const char *constraint; /* name of the primary key or index; NULL: no key */
    size_t *columns;        /* positions in table.columns */
    size_t n_columns;
    bool deferrable;
};

struct table {
    struct table_name name;
    uint32_t oid;
    char kind; /* pg_class.relkind: 'r' ordinary, 'p' partitioned, 'v' view, ... */
    bool unlogged;
    bool has_children; /* tables that inherit from it */
    bool row_security; /* row level security applies to the role that reads */
    /* There are triggers, rules, policies or foreign keys: a write may reach fewer rows than
     * it was told to, without an error. */
    bool may_suppress;
    bool has_rules; /* for INSERT, UPDATE or DELETE */
    struct column *columns;
    size_t n_columns;
    struct table_key primary_key;
    enum replica_identity identity;
    struct table_key identity_index; /* IDENTITY_INDEX only */
};

#define COLUMN_NONE ((size_t)-1)

/* Position of the column in table->columns, or COLUMN_NONE */
size_t table_find_column(const struct table *table, const char *name, size_t size);

#endif
