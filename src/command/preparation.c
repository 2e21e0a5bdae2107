/* preparation.c - see preparation.h. */
#include "command/preparation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "command/key_gate.h"
#include "command/policy.h"
#include "command/sequences.h"
#include "pg/operators.h"
#include "pg/state_guard.h"
#include "pg/user_sql.h"

/* the new table */

static bool a_new_table_is_missing(const struct migration *m) {
    for (size_t i = 0; i < m->n_tables; i++) {
        if (m->new_tables[i] == NULL) {
            return true;
        }
    }
    return false;
}

static bool run_ddl(struct migration *m, const char *path, struct err *err) {
    struct db db;
    char *settings = user_sql_settings(m);
    struct buf text;
    buf_init(&text);
    db_init(&db, m->loop, SESSION_SQL, m->new_side.dsn, m->new_side.label, "pgtandem setup");
    db.session.settings = settings;
    bool ok = (file_read(path, &text, err) && db_exec(&db, err, buf_text(&text), 0, NULL)) ||
              err_context(err, "cannot create the new table from %s", path);
    db_close(&db);
    buf_fini(&text);
    free(settings);
    return ok;
}

static bool make_tables(struct migration *m, struct preparation *preparation, struct err *err) {
    if (!migration_read_catalogs(m, err) || !key_gate_pass(m, &m->old_side, err)) {
        return false;
    }
    if (!a_new_table_is_missing(m) || m->config->new_ddl == NULL) {
        return true; /* what is missing is refused with the mappings */
    }
    const char *path = config_resolve_path(m->config, m->config->new_ddl);
    if (!run_ddl(m, path, err)) {
        return false;
    }
    preparation->made_table = true;
    log_line(&(struct log_source){m->config->migration, "setup", 0}, LOG_INFO,
             "made the new table from %s", path);
    return migration_read_catalogs(m, err);
}

/* slots */

bool preparation_slot_is_due(const struct migration_state *state, enum direction direction) {
    return direction == FORWARD ? state->backfill != BACKFILL_pending : state->phase >= PHASE_live;
}

bool preparation_slot_fits(struct migration *m, enum direction direction,
                           const struct migration_state *state, const struct slot_info *slot,
                           struct err *err) {
    struct object_name name = migration_slot(m, direction);
    if (!slot->exists) {
        if (!preparation_slot_is_due(state, direction)) {
            return true;
        }
        err_set(err, ERR_FAILED, "the slot \"%s\" is gone from %s, and changes with it", name.text,
                migration_source(m, direction)->label);
        return err_hint(err, "run teardown --all, empty the new table and begin again");
    }
    if (!slot->is_ours) {
        err_set(err, ERR_FAILED,
                "there is a slot \"%s\", but it is not a wal2json slot of this database",
                name.text);
        return err_hint(err, "drop it, or give the migration another name");
    }
    if (!slot->lost) {
        return true;
    }
    err_set(err, ERR_FAILED, "the slot \"%s\" is lost: the server dropped log it needed",
            name.text);
    return err_hint(err, "raise max_slot_wal_keep_size, run teardown --all, empty the new table "
                         "and begin again");
}

static bool create_slot(struct migration *m, enum direction direction, struct db *replication,
                        char *snapshot, struct err *err) {
    lsn_t consistent;
    struct side *source = migration_source(m, direction);
    db_init(replication, m->loop, SESSION_REPLICATION, source->dsn, source->label, "pgtandem slot");
    if (!db_open(replication, err) ||
        !slot_create(m, direction, replication, snapshot, &consistent, err)) {
        return false;
    }
    log_line(&(struct log_source){m->config->migration, direction_name(direction), consistent},
             LOG_INFO, "created the slot \"%s\"", migration_slot(m, direction).text);
    return true;
}

static bool ensure_slot(struct migration *m, enum direction direction,
                        const struct migration_state *state, struct db *replication, char *snapshot,
                        struct err *err) {
    struct slot_info slot;
    return slot_read(m, direction, &slot, err) &&
           preparation_slot_fits(m, direction, state, &slot, err) &&
           (slot.exists || create_slot(m, direction, replication, snapshot, err));
}

bool prepare_slot(struct migration *m, enum direction direction, struct err *err) {
    struct migration_state state;
    struct db replication = {0};
    err_clear(err);
    bool ok =
        state_read(m, &state, err) && ensure_slot(m, direction, &state, &replication, NULL, err);
    db_close(&replication);
    return ok;
}

/* the lock */

static const usec_t lock_patience = 5 * USEC_SECOND; /* for a predecessor's last session */
static const usec_t patience_step = USEC_SECOND / 5;

bool prepare_lock(struct migration *m, struct db *db, struct err *err) {
    usec_t deadline = usec_monotonic() + lock_patience;
    bool said = false;
    while (!state_lock_on(db, m, err)) {
        if (err->class != ERR_CLASS_CONTENDED) {
            return false;
        }
        if (state_lock_is_ours(db, m)) {
            deadline = usec_monotonic() + lock_patience;
        }
        if (usec_monotonic() >= deadline) {
            return err_set_class(err, ERR_CLASS_FATAL); /* it is at work, and goes on */
        }
        if (!said) {
            said = true;
            log_line(&(struct log_source){m->config->migration, "setup", 0}, LOG_INFO,
                     "waiting: %s", err->message);
        }
        struct err interrupted;
        if (!loop_sleep(m->loop, patience_step, &interrupted)) {
            *err = interrupted;
            return false;
        }
    }
    return true;
}

/* Refused before anything is made, new.ddl's tables included. */
static bool state_is_trusted(struct migration *m, struct err *err) {
    return state_guard(&m->old_side.db, err) && state_guard(&m->new_side.db, err);
}

/* all of it */

bool prepare(struct migration *m, struct preparation *preparation, bool want_snapshot,
             bool two_sided, struct err *err) {
    memset(preparation, 0, sizeof *preparation);
    err_clear(err);
    return migration_connect(m, err) && state_is_trusted(m, err) &&
           (!two_sided || policy_is_usable(m, err)) && prepare_lock(m, &m->new_side.db, err) &&
           make_tables(m, preparation, err) && migration_build_mappings(m, err) &&
           operators_are_safe(m, err) && key_gate_pass(m, &m->new_side, err) &&
           state_install(m, err) && origins_create(m, err) &&
           state_read(m, &preparation->state, err) &&
           ensure_slot(m, FORWARD, &preparation->state, &preparation->replication,
                       want_snapshot ? preparation->snapshot : NULL, err) &&
           sequences_manage(m, err);
}

void preparation_fini(struct preparation *preparation) {
    db_close(&preparation->replication);
    preparation->snapshot[0] = '\0';
}
