/* state_guard.h - is the schema pgtandem one that may be written to?
 *
 * Why: whoever may create schemas can make one of this name before pgtandem does. With
 *   a trigger, a rule, a policy, or a default, a CHECK or a type that calls a function,
 *   its owner would have code run by the role that writes there, often a superuser.
 * So schema and tables must belong to the role that asks, to one that it is a member of,
 *   or to a superuser; they must be tables as sql/state.sql makes them; and nobody else
 *   may put anything on them.
 * Not here: whether all of the tables are there (state.h). */
#ifndef PGTANDEM_PG_STATE_GUARD_H
#define PGTANDEM_PG_STATE_GUARD_H

#include "pg/db.h"

/* True when nothing in the schema is amiss, or when it is not there. False with
 * ERR_NOT_READY, and with the object, its owner and the cure in words, when something is.
 * The answer holds as long as the schema is there: those who could change it are trusted.
 * Of a schema that is not there it says nothing about the next moment. */
bool state_guard(struct db *db, struct err *err) __attribute__((warn_unused_result));

#endif
