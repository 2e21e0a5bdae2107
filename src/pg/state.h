/* state.h - the state schema's rows, for sequential code.
 *
 * The schema itself is sql/state.sql, whose comments say what each table is
 * for. Migration, chunks and statements live in the new database, a link's
 * rows in the database that it writes to. What commits together with rows
 * (progress, finished chunks, parked rows) is written by who writes the rows,
 * not here. */
#ifndef PGTANDEM_PG_STATE_H
#define PGTANDEM_PG_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/migration.h"

#define PHASES(X) X(setup) X(backfill) X(catchup) X(live) X(cutover) X(finished)
enum phase {
#define PHASE_ENUM(name) PHASE_##name,
    PHASES(PHASE_ENUM)
#undef PHASE_ENUM
};
const char *phase_name(enum phase phase);

#define BACKFILLS(X)                                                                               \
    X(pending)                                                                                     \
    X(running)                                                                                     \
    X(copied) /* every chunk is there; statements after the copy are not yet done */               \
    X(done)                                                                                        \
    X(skipped)
enum backfill {
#define BACKFILL_ENUM(name) BACKFILL_##name,
    BACKFILLS(BACKFILL_ENUM)
#undef BACKFILL_ENUM
};
const char *backfill_name(enum backfill backfill);

struct migration_state {
    bool exists; /* false: setup has not run */
    enum phase phase;
    enum backfill backfill;
    int64_t rows_estimated; /* of all tables together */
};

/* Is the schema there, with all of its tables? Refused (state_guard.h) when it is not to be
 * trusted: whatever reads or writes it asks this first. */
bool state_schema_exists(struct db *db, bool *exists, struct err *err)
    __attribute__((warn_unused_result));

/* False where its tables are those of an earlier version. */
bool state_schema_is_current(struct db *db, bool *current, struct err *err)
    __attribute__((warn_unused_result));

/* Creates what is missing of the schema in both databases, and this
 * migration's rows. Safe to repeat. Under the migration's lock only: what a
 * predecessor that was killed said of its links last is no longer true, and it
 * ended after its last sign of life. That a link has failed stays true. */
bool state_install(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* Reads the migration's row; no schema at all is `exists` = false. */
bool state_read(struct migration *m, struct migration_state *state, struct err *err)
    __attribute__((warn_unused_result));
bool state_set_phase(struct migration *m, enum phase phase, struct err *err)
    __attribute__((warn_unused_result));
bool state_set_backfill(struct migration *m, enum backfill backfill, struct err *err)
    __attribute__((warn_unused_result));
bool state_set_estimate(struct migration *m, int64_t rows, struct err *err)
    __attribute__((warn_unused_result));

/* For whom or what a link waits (NULL: for nobody), on a connection to its target; for
 * `status`. False: it could not be told, and is no matter: the next word may be. */
bool state_tell_waiting(struct db *db, const struct migration *m, enum direction direction,
                        const char *what, struct err *err);

/* Takes the migration's advisory lock on the new side's control connection
 * for as long as that lives. False with ERR_FAILED when somebody has it. */
bool state_lock(struct migration *m, struct err *err) __attribute__((warn_unused_result));
/* The same on a connection of one's own to the new database, and giving up the
 * one on the control connection. */
bool state_lock_on(struct db *db, struct migration *m, struct err *err)
    __attribute__((warn_unused_result));
bool state_unlock(struct migration *m, struct err *err) __attribute__((warn_unused_result));
/* After a refusal: is it held by a session of ours that was given up (its process hangs, or
 * the way to it does), and whose server has not noticed? It does nothing else, so it is
 * ended, and the lock is soon free. */
bool state_lock_is_ours(struct db *db, struct migration *m);
/* True when some process holds the lock: a service or a backfill is running. */
bool state_is_locked(struct migration *m, bool *locked, struct err *err)
    __attribute__((warn_unused_result));

/* A service shows in the old database, too, that it lives: for `status` and `teardown`
 * when they cannot reach the new one. *shown, *seen: the sign is ours; somebody's is there. */
bool state_show_presence(struct db *db, const struct migration *m, bool *shown, struct err *err)
    __attribute__((warn_unused_result));
bool state_sees_presence(struct migration *m, bool *seen, struct err *err)
    __attribute__((warn_unused_result));

/* Deletes the migration's rows in one side's database, and the schema with the
 * last migration. Safe to repeat, with a schema that is only partly there, too. */
enum state_removal { STATE_WAS_NOT_THERE, STATE_ROWS_REMOVED, STATE_SCHEMA_REMOVED };
bool state_remove(struct migration *m, struct side *side, enum state_removal *removal,
                  struct err *err) __attribute__((warn_unused_result));

#endif
