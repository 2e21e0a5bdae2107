/* offender.h - which rows stand in the way of an index or a constraint.
 *
 * Why: the server names one value that is there twice, and of what fails a CHECK or a
 *   FOREIGN KEY nothing at all. Values are people's names and are shown nowhere; what a
 *   person needs to find the rows is their keys, which are shown as far as they may be
 *   (model/disclosure.h), and else to who asks for values.
 * How: offender_..._sql() asks the catalogs for what it takes and returns a query, in
 *   `arena`; NULL without an error where there is none (a table without a key, a statement
 *   that was not understood). The query may take as long as the build itself: send it,
 *   and give what it answers to offender_add(). */
#ifndef PGTANDEM_AFTER_OFFENDER_H
#define PGTANDEM_AFTER_OFFENDER_H

#include <stdint.h>

#include "after/task.h"
#include "base/arena.h"
#include "base/err.h"
#include "pg/db.h"

/* Rows that are equal under an index that is there, valid or not */
const char *offender_index_sql(const struct task_table *table, uint32_t index, struct db *db,
                               struct arena *arena, struct err *err);

/* Rows that are equal under these keys */
const char *offender_keys_sql(const struct task_table *table, const struct ddl_keys *keys,
                              struct db *db, struct arena *arena, struct err *err);

/* Rows that a CHECK or FOREIGN KEY of this name refuses */
const char *offender_constraint_sql(const struct task_table *table, const char *constraint,
                                    struct db *db, struct arena *arena, struct err *err);

/* Adds to the error's message what such a query has found, or to its hint that it has
 * found nothing. */
void offender_add(struct err *err, const struct task_table *table, const PGresult *found);

#endif
