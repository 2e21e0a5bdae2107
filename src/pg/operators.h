/* operators.h - the search_path that finds the operators of keys.
 *
 * Why: sessions have an empty search_path, so that nothing of a user's is called
 *   by accident. But an operator is looked up by it: of a key's type that came
 *   with an extension (citext, say) it would not be found, or worse, the next of
 *   kin would be compared in another way than the key's index does.
 * So the schemas of the operators of the keys' types, and no others, come behind
 * pg_catalog: none where PostgreSQL's own operators do.
 * One of them where others may create something is refused (ERR_NOT_READY): they could
 * make a function that fits a call of ours better than PostgreSQL's. */
#ifndef PGTANDEM_PG_OPERATORS_H
#define PGTANDEM_PG_OPERATORS_H

#include "base/buf.h"
#include "pg/migration.h"

/* Appends it to `path`, quoted; `db` is any connection to the source of that
 * direction: to the old database for FORWARD. Needs m->pairs. */
bool operators_path(struct migration *m, enum direction direction, struct db *db, struct buf *path,
                    struct err *err) __attribute__((warn_unused_result));

/* For the operators of one type alone; not refused. */
bool operators_path_of_type(struct db *db, uint32_t oid, struct buf *path, struct err *err)
    __attribute__((warn_unused_result));

/* For both sides, before anything is made. */
bool operators_are_safe(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* Sets it on `db`. */
bool operators_find(struct migration *m, enum direction direction, struct db *db, struct err *err)
    __attribute__((warn_unused_result));

#endif
