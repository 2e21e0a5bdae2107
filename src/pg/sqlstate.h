/* sqlstate.h - what kind of trouble an SQLSTATE means, and errors from libpq.
 *
 * The classes are the design's: data errors of one row (22, 23) park the row
 * or stop the link; passing ones (08, 40, 53, 55P03, 57) are tried again;
 * all others stop the link at once. */
#ifndef PGTANDEM_PG_SQLSTATE_H
#define PGTANDEM_PG_SQLSTATE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

enum trouble {
    TROUBLE_DATA,      /* one row cannot be written as it is */
    TROUBLE_CONTENDED, /* somebody else is at the same rows: again, soon */
    TROUBLE_PASSING,   /* the server or the way to it: again, later */
    TROUBLE_FATAL,     /* nothing that time would heal */
};

/* Pure. 55006 (object in use: a slot or origin whose last client is still
 * dying) counts as passing. An empty state, libpq's own word for a connection
 * that broke, is passing too. */
enum trouble sqlstate_classify(const char *sqlstate);

/* Will it pass, so that what failed may be done again? An error without SQLSTATE is one
 * of ours, which does not. */
bool sqlstate_passes(const struct err *err);

/* Fills *err from a failed result: message, SQLSTATE, and the server's hint or
 * ours. The server's DETAIL is left out: it shows row values. Returns false. */
bool err_from_result(struct err *err, const PGresult *result);

/* The same from a connection that could not be made or broke: SQLSTATE 08006
 * unless the text tells better (28P01, 57P03, ...). Returns false. */
bool err_from_connection(struct err *err, const PGconn *conn);

#endif
