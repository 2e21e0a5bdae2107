/* dsn.h - connection strings are looked at when the configuration is read.
 *
 * Why: libpq's own words about a malformed one quote parts of it, a password among them,
 *   and come only when a command connects. What is said here names the option, or where
 *   in the text it stands, and never shows a value.
 * Not here: whether anybody answers there (connect_error.h). */
#ifndef PGTANDEM_PG_DSN_H
#define PGTANDEM_PG_DSN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

/* Does libpq take it, together with what the environment adds, and does it leave to
 * pgtandem what is pgtandem's? `key` is what the configuration calls it: "old.dsn". False
 * with ERR_USAGE. */
bool dsn_check(const char *dsn, const char *key, struct err *err)
    __attribute__((warn_unused_result));

/* The same of what only libpq reads, a service file that the dsn names: of its names, and
 * that it asks for no replication. For a connection that has just been started, though it
 * may have failed already, and asked for no replication. */
bool dsn_check_started(const PGconn *conn, struct err *err) __attribute__((warn_unused_result));

#endif
