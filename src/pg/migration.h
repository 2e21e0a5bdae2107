/* migration.h - one configured migration, with both of its databases at hand.
 *
 * Why: every command starts the same way: connect to both sides, read the
 *   tables' catalogs, build the mappings, know the names of slots and origins.
 * Lifetime: migration_init, migration_connect, migration_read_tables as far
 *   as a command needs; migration_fini.
 * Errors: connect: the server's. read_tables: every problem in m->problems. */
#ifndef PGTANDEM_PG_MIGRATION_H
#define PGTANDEM_PG_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "model/mapping.h"
#include "pg/catalog.h"
#include "pg/db.h"
#include "pg/loop.h"
#include "transform/registry.h"

/* One side: a database, and this process's control connection to it. */
struct side {
    const char *label; /* "the old database" */
    const char *dsn;
    struct db db;
    struct database_identity identity;
};

/* Names in a server: pgtandem_<migration>_<suffix>, at most 63 bytes. */
struct object_name {
    char text[64];
};

/* A server process; together with its beginning, which is the server's text, that is one
 * session and no other. */
struct lock_holder {
    int pid; /* 0: none */
    char began_at[USEC_TEXT_SIZE];
    bool told; /* that it is given up, and holds the lock still */
};

struct migration {
    struct config *config;
    struct loop *loop;
    struct registry transforms;
    struct side old_side, new_side;
    bool same_database;
    struct lock_holder lock_holder; /* our session that took the migration's lock last */

    struct arena arena;                      /* tables, mappings, problems */
    struct table **old_tables, **new_tables; /* NULL: the table is not there */
    struct mapping_pair *pairs;              /* parallel to config->tables */
    size_t n_tables;
    struct problem_list problems;
    const struct err *fatal; /* what its owner ends for, as soon as it has a code; or NULL */
};

void migration_init(struct migration *m, struct config *config, struct loop *loop);
void migration_fini(struct migration *m);

/* Opens both control connections and learns whether they reach one database. */
bool migration_connect(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* One of them, for commands that do what they can when the other is away.
 * m->same_database is known once both are connected. */
bool migration_connect_side(struct migration *m, struct side *side, struct err *err)
    __attribute__((warn_unused_result));

/* Reads the catalogs of all tables of both sides (again). */
bool migration_read_catalogs(struct migration *m, struct err *err)
    __attribute__((warn_unused_result));

/* Builds one table's mappings, where both of its tables are there. False: the
 * reasons were added to m->problems. */
bool migration_build_mapping(struct migration *m, size_t table) __attribute__((warn_unused_result));

/* Loads transforms and builds the mappings from the catalogs read before.
 * False with ERR_USAGE and the first problem in *err; all are in m->problems. */
bool migration_build_mappings(struct migration *m, struct err *err)
    __attribute__((warn_unused_result));

/* "forward" and "reverse" */
const char *direction_name(enum direction direction);
struct side *migration_source(struct migration *m, enum direction direction);
struct side *migration_target(struct migration *m, enum direction direction);
const struct mapping *migration_mapping(const struct migration *m, size_t table,
                                        enum direction direction);

struct object_name migration_slot(const struct migration *m, enum direction direction);
struct object_name migration_origin(const struct migration *m, enum direction direction);
struct object_name migration_copy_origin(const struct migration *m, int worker);
/* Of what is written beside a link, into the link's target. */
struct object_name migration_mend_origin(const struct migration *m, enum direction direction);

/* Of the temporary slot by which a session finds out whether it may decode.
 * `backend_pid` as libpq has it: behind a pooler it may be any number, negative, too,
 * and a slot's name takes no minus sign. */
struct object_name migration_check_slot(int backend_pid);

/* A regular expression for all of these names, and for no other migration's. */
struct name_pattern {
    char text[96];
};
struct name_pattern migration_name_pattern(const char *migration);

/* The advisory lock that a running service or backfill holds in the new
 * database: one at a time, and the way to see from outside that it lives.
 * *key for pg_try_advisory_lock(bigint). */
int64_t migration_lock_key(const struct migration *m);
/* Of another advisory lock, in the old database: it says only that a service lives. Not
 * the same key: one migration's old database may be the new one of another of that name. */
int64_t migration_presence_key(const struct migration *m);

#endif
