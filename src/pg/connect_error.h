/* connect_error.h - what went wrong with a connection that could not be made, or broke.
 *
 * Why: libpq has no field for the SQLSTATE of a failed connection, and its text is in the
 *   language of the server. With PQERRORS_VERBOSE, though, the text has the SQLSTATE in it
 *   ("FATAL:  3D000: ..."), whatever the language: session.c switches that on before the
 *   first byte is sent. It is the only thing that is read from it.
 * Not here: errors of statements (sqlstate.h). */
#ifndef PGTANDEM_PG_CONNECT_ERROR_H
#define PGTANDEM_PG_CONNECT_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Pure. The SQLSTATE in libpq's verbose text; false when there is none. Where several hosts
 * were tried, it is the last one's; but one that is starting up (57P03) counts most, since
 * it is worth waiting for. */
bool connect_error_sqlstate(const char *text, char sqlstate[6]);

/* Pure. The text on one line: without SQLSTATEs, without the lines that tell where in the
 * server's source it was, and each attempt once. Cut to `size`. */
void connect_error_line(const char *text, char *line, size_t size);

/* Fills *err from a connection that could not be made: SQLSTATE 08006 unless the server gave
 * one; 28P01 where libpq has no password. The hint names role and database. Returns false. */
bool err_from_connection(struct err *err, const PGconn *conn);

/* The same from one that broke: 08006 unless the server has said that it ends it (57, 53).
 * Its text may still hold an older error, whose SQLSTATE says nothing about the
 * connection. Returns false. */
bool err_from_lost_connection(struct err *err, const PGconn *conn);

/* Does the session do what it was asked to at its start? A pooler between may have left
 * out the settings on which the text of values depends. */
bool connect_error_check_settings(const PGconn *conn, struct err *err)
    __attribute__((warn_unused_result));

#endif
