/* preparation.h - what setup, backfill and run begin with.
 *
 * Everything here may be repeated: what is there already is left as it is. */
#ifndef PGTANDEM_COMMAND_PREPARATION_H
#define PGTANDEM_COMMAND_PREPARATION_H

#include <stdbool.h>

#include "pg/migration.h"
#include "pg/slot.h"
#include "pg/state.h"

struct preparation {
    struct migration_state state;
    /* Exported by the forward slot, when it was created just now: all rows as
     * they were where the slot begins. "" otherwise. It lives as long as
     * `replication` is open and does nothing else. */
    char snapshot[SLOT_SNAPSHOT_SIZE];
    struct db replication;
    bool made_table;
};

/* Takes the migration's lock on a connection to the new database. The sessions of a process
 * that was killed end a moment later than it: so it waits a little for them. Then it is
 * somebody's who is at work. */
bool prepare_lock(struct migration *m, struct db *db, struct err *err)
    __attribute__((warn_unused_result));

/* Connects, makes the new table from new.ddl if it is missing, builds the
 * mappings, creates state schema, origins and the forward slot, and keeps sequences
 * apart (sequences.h). `two_sided`: for
 * going live; refused before anything is made where conflicts cannot be decided
 * (policy.h), or where rows cannot be found by the old tables' keys (key_gate.h); by the
 * new ones', before anything but these is made. */
bool prepare(struct migration *m, struct preparation *preparation, bool want_snapshot,
             bool two_sided, struct err *err) __attribute__((warn_unused_result));
void preparation_fini(struct preparation *preparation);

/* Must there be a slot by now? One that is gone has taken changes with it. */
bool preparation_slot_is_due(const struct migration_state *state, enum direction direction);

/* Can a link begin with its slot as it is? A missing one will do where it is
 * still to be created. */
bool preparation_slot_fits(struct migration *m, enum direction direction,
                           const struct migration_state *state, const struct slot_info *slot,
                           struct err *err) __attribute__((warn_unused_result));

/* Creates a link's slot if it is missing, without a snapshot. */
bool prepare_slot(struct migration *m, enum direction direction, struct err *err)
    __attribute__((warn_unused_result));

#endif
