/* catalog.h - reads tables, servers and privileges as they are now.
 *
 * Fills the plain structs of model/table.h; judges nothing (mapping.h and
 * check do). Memory: the caller's arena. */
#ifndef PGTANDEM_PG_CATALOG_H
#define PGTANDEM_PG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/table.h"
#include "pg/db.h"

/* *table is NULL when there is no such table. */
bool catalog_read_table(struct db *db, const struct table_name *name, struct arena *arena,
                        struct table **table, struct err *err) __attribute__((warn_unused_result));

/* A text that changes when the table is altered in a way that matters to a
 * mapping, or dropped, or made anew; "" when there is no such table. Made of
 * the table's oid and its columns' names, types and NOT NULL. */
const char *catalog_fingerprint(struct db *db, const struct table_name *name, struct arena *arena,
                                struct err *err) __attribute__((warn_unused_result));

/* What a table has that answers to writes. */
struct table_reactions {
    bool triggers;   /* enabled user triggers or foreign keys that ordinary sessions fire */
    bool deferrable; /* deferrable unique or exclusion constraints */
};
bool catalog_read_reactions(struct db *db, uint32_t oid, struct table_reactions *reactions,
                            struct err *err) __attribute__((warn_unused_result));

/* Which database of which server this is: equal for two connections exactly
 * when they reach the same database. */
struct database_identity {
    uint64_t system_identifier;
    uint32_t oid;
    char name[64 * 4];
};
bool catalog_read_identity(struct db *db, struct database_identity *identity, struct err *err)
    __attribute__((warn_unused_result));

#endif
