/* begun.h - what the copy of a table was begun with: pgtandem.copied_table.
 *
 * Why: chunks that are done and chunks that are left make one table only if the
 *   two tables, the mapping, and the order of the keys are what they were. A copy
 *   that goes on after one of them was changed would leave rows as the old mapping
 *   made them, or miss some.
 * How: three texts, of the old table, the new one and the mapping, compared as they
 *   are. A change of the code behind a transform's name is not seen.
 * And the greatest key that there was: the copy ends there, however much the table
 *   grows meanwhile, since what has come later is in the stream.
 * For sequential code. */
#ifndef PGTANDEM_COPY_BEGUN_H
#define PGTANDEM_COPY_BEGUN_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/migration.h"

struct begun {
    bool exists;
    char **last_key; /* NULL: there was no row; begun_fini() frees it */
    size_t n_key;
};

/* What the ledger says of the table. False with ERR_USAGE when it was begun with
 * something else: the message says what has changed, the hint the way out. */
bool begun_read(struct migration *m, const struct mapping *mapping, struct begun *begun,
                struct err *err) __attribute__((warn_unused_result));
/* Finds the greatest key with `db`, in whatever snapshot it has, and records the
 * beginning. */
bool begun_write(struct migration *m, const struct mapping *mapping, struct db *db,
                 struct begun *begun, struct err *err) __attribute__((warn_unused_result));
void begun_fini(struct begun *begun);

/* "id <- id; first_name, last_name <- split_name(full_name)": every column that is
 * written and where it comes from, the key first. Pure; `arena`. */
const char *begun_describe_mapping(const struct mapping *mapping, struct arena *arena);

#endif
