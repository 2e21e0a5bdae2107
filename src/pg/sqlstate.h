/* sqlstate.h - which class of trouble a server's error is of, and errors from libpq.
 *
 * This is the boundary: from here on errors carry their class (base/err.h), and
 * nobody reads an SQLSTATE or a text to find out what to do.
 *
 * The classes are the design's: whatever one row alone causes parks the row or stops
 * the link; passing errors (08, 40, 53, 55P03, 57) are tried again; all others stop the
 * link at once. Who raised the error counts, too: a trigger, a generated column or a
 * domain's check may raise any SQLSTATE it likes, and means the row.
 *
 * Values: the server's primary message of an error about a row can hold its values
 * (`invalid input syntax for type uuid: "..."`), and its DETAIL does. Such an error gets
 * words of our own, made of what PostgreSQL reports in fields. */
#ifndef PGTANDEM_PG_SQLSTATE_H
#define PGTANDEM_PG_SQLSTATE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

/* Where in the server an error came from. */
enum raiser {
    RAISER_SERVER,   /* the statement itself */
    RAISER_FUNCTION, /* the server, while it ran a function of the user's */
    RAISER_VALUE,    /* the statement, when it was carried out and not when it was read */
    RAISER_USER,     /* a RAISE of the user's own: its SQLSTATE is of his choice */
};

/* Pure. 55006 (object in use: a slot or origin whose last client is still dying)
 * counts as passing. */
enum err_class sqlstate_class(const char *sqlstate, enum raiser raiser);

/* Pure. The same for a statement that writes rows, and is known to be right otherwise: what
 * is left of errors about syntax and names comes from the rows' values (a tsquery, a
 * jsonpath, the name of a configuration), and what a function of the user's ran into while
 * it wrote a row is the row's matter. */
enum err_class sqlstate_class_of_write(const char *sqlstate, enum raiser raiser);

/* Pure. What an SQLSTATE of a row's own fault means, in a few words without values;
 * never NULL. */
const char *sqlstate_words(const char *sqlstate);

/* Of a statement that was prepared: the table was altered since, so that its result would
 * have other types. To be prepared again, upon which it works. */
bool sqlstate_is_stale_plan(const struct err *err);

/* Fills *err from a failed result: class, SQLSTATE, a message without values, and the
 * server's hint or ours. Returns false. */
bool err_from_result(struct err *err, const PGresult *result);

/* The same for a statement that writes rows. */
bool err_from_write(struct err *err, const PGresult *result);

/* The error of a write is a row's after all: its words are those of one. Returns false. */
bool err_blame_row(struct err *err);

#endif
