/* conn.h - the nemesis's own questions to the databases, which must not fail.
 *
 * They are asked when servers are up; a failure is the harness's own, and ends it. */
#ifndef CHAOS_CONN_H
#define CHAOS_CONN_H

#include <libpq-fe.h>

/* A server that ends tells every session so; nobody wants to read it. */
void conn_silence(PGconn *conn);
/* Tries for some seconds. */
PGconn *conn_open(const char *dsn) __attribute__((returns_nonnull));
/* The rows of one statement; `values` are its `count` parameters. */
PGresult *conn_query(PGconn *conn, const char *sql, int count, const char *const *values)
    __attribute__((returns_nonnull));
/* One number of one row; NULL is 0. */
long long conn_number(PGconn *conn, const char *sql);

#endif
