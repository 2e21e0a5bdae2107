/* cancel.h - asks a server to give up the statement that a connection has under way.
 *
 * Why a thread: libpq's PQcancel() opens a connection of its own and blocks until the
 *   server has closed it: with a postmaster that hangs, for ever. Nothing waits for this
 *   thread, not even the end of the process. Whether the statement was given up is seen
 *   from its own answer. */
#ifndef PGTANDEM_PG_CANCEL_H
#define PGTANDEM_PG_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

/* False: the request could not even be begun. The connection may be closed at any time. */
bool cancel_send(PGconn *conn) __attribute__((warn_unused_result));

#endif
