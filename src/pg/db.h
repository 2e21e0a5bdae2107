/* db.h - a connection for sequential code: ask, wait, look at the answer.
 *
 * Why: setup, checks and phases read from top to bottom; while they wait for
 *   an answer the loop goes on turning for links and workers (see loop.h).
 * Lifetime: db_init, then db_open or the first query; a lost connection is
 *   opened again by the next query, unless it is pinned.
 * Errors: the server's, with SQLSTATE and hint, after "while <label>". */
#ifndef PGTANDEM_PG_DB_H
#define PGTANDEM_PG_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/lsn.h"
#include "base/timestamp.h"
#include "base/value.h"
#include "pg/session.h"

struct db {
    struct session session;
    enum session_kind kind;
    const char *label; /* "the old database", for messages; borrowed */
    usec_t timeout;    /* per query; LOOP_FOREVER by default */
    usec_t patience;   /* for a sign of life of its session's server, once it is open; the same */
    /* How often it was opened. A query opens a connection that was lost, so what
     * a session held (a lock) is held only while this is what it was then. */
    unsigned opened;
    /* What its session holds (a transaction, an origin) matters to its queries: they
     * fail when the connection is lost, until its owner has opened it again. */
    bool pinned;
    bool *bell; /* set to true with `done`, for who awaits several at once; NULL: none */
    /* the request under way */
    PGresult *answer;         /* the last result */
    size_t n_results, n_good; /* of a transaction; those before the first error */
    bool done;
    char warning[256]; /* the last one that the server gave, or "" */
    struct err lost;   /* the first error of the request, or the loss of the connection */
};

void db_init(struct db *db, struct loop *loop, enum session_kind kind, const char *dsn,
             const char *label, const char *application);
bool db_open(struct db *db, struct err *err) __attribute__((warn_unused_result));
void db_close(struct db *db);

/* Sends one statement with text parameters (NULL is SQL NULL) and waits. NULL
 * when it failed. The caller clears the result with PQclear. */
PGresult *db_query(struct db *db, struct err *err, const char *sql, int n_params,
                   const char *const *params) __attribute__((warn_unused_result));

/* The same in two halves, for what takes long: db->done becomes true, and *db->bell,
 * when the answer can be taken. */
bool db_send(struct db *db, struct err *err, const char *sql, int n_params,
             const char *const *params) __attribute__((warn_unused_result));
PGresult *db_take(struct db *db, struct err *err) __attribute__((warn_unused_result));

/* The same where only success matters; several statements when n_params is 0. */
bool db_exec(struct db *db, struct err *err, const char *sql, int n_params,
             const char *const *params) __attribute__((warn_unused_result));

/* A transaction that is sent as a whole, COMMIT included: what it locks is free again
 * as soon as the server is through with it, whatever this process is busy with. False:
 * nothing of it remains; *failed is the step that failed, or `n`. */
struct db_step {
    const char *sql;
    int n_params;
    const char *const *params;
    const int *lengths; /* parameters are in PostgreSQL's binary format; NULL: text */
};
bool db_transact(struct db *db, struct err *err, const struct db_step *steps, size_t n,
                 size_t *failed) __attribute__((warn_unused_result));

/* One value of one row, copied for the caller to free; NULL with *err unset
 * (code ERR_NONE) when there is no row or the value is NULL. */
char *db_text(struct db *db, struct err *err, const char *sql, int n_params,
              const char *const *params) __attribute__((warn_unused_result));
bool db_bool(struct db *db, struct err *err, bool *value, const char *sql, int n_params,
             const char *const *params) __attribute__((warn_unused_result));
bool db_int(struct db *db, struct err *err, int64_t *value, const char *sql, int n_params,
            const char *const *params) __attribute__((warn_unused_result));
bool db_lsn(struct db *db, struct err *err, lsn_t *value, const char *sql, int n_params,
            const char *const *params) __attribute__((warn_unused_result));

/* A statement made for the occasion, printf-like, no parameters. Identifiers
 * in it come from quote.h. */
bool db_execf(struct db *db, struct err *err, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 3, 4)));

/* Readers of results: text "" for NULL, whole numbers, "t" and "f". */
struct value result_value(const PGresult *result, int row, int column);
int64_t result_int(const PGresult *result, int row, int column);
bool result_bool(const PGresult *result, int row, int column);
lsn_t result_lsn(const PGresult *result, int row, int column);
/* How many rows a statement has written. */
int64_t result_affected(const PGresult *result);

#endif
