/* horizon.c - see horizon.h. */
#include "copy/horizon.h"

#include <stdio.h>
#include <stdlib.h>

#include "pg/blockers.h"

static bool keep(char *text, char horizon[HORIZON_SIZE]) {
    snprintf(horizon, HORIZON_SIZE, "%s", text);
    free(text);
    return true;
}

bool horizon_read(struct migration *m, char horizon[HORIZON_SIZE], struct err *err) {
    const char *name = m->config->migration;
    char *text =
        db_text(&m->new_side.db, err, "SELECT slot_xid FROM pgtandem.migration WHERE name = $1", 1,
                (const char *const[]){name});
    if (text != NULL) {
        return keep(text, horizon);
    }
    if (err->code != ERR_NONE) {
        return false;
    }
    text = db_text(&m->old_side.db, err, "SELECT pg_snapshot_xmax(pg_current_snapshot())", 0, NULL);
    if (text == NULL) {
        return false;
    }
    (void)keep(text, horizon);
    return db_exec(&m->new_side.db, err,
                   "UPDATE pgtandem.migration SET slot_xid = $2 WHERE name = $1", 2,
                   (const char *const[]){name, horizon});
}

/* A transaction that only reads has no id, and is nobody to wait for. */
static const char waiting_sql[] =
    "SELECT string_agg(who, '; ') FROM ("
    "    SELECT " BLOCKER_PROCESS " FROM pg_stat_activity AS a"
    "     WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()"
    "       AND age(a.backend_xid) >= age($1::xid8::xid)"
    "    UNION ALL"
    "    SELECT " BLOCKER_PREPARED " FROM pg_prepared_xacts AS p"
    "     WHERE age(p.transaction) >= age($1::xid8::xid)) AS t (who)";

static bool blame(struct db *db, const char *horizon, struct err *err) {
    struct err ignored;
    char *who = db_text(db, &ignored, waiting_sql, 1, (const char *const[]){horizon});
    err_set(err, ERR_FAILED,
            "the copy's snapshot waits for transactions that were in progress in %s when the slot "
            "was made: %s",
            db->label, who != NULL && who[0] != '\0' ? who : "nobody knows whose");
    err_hint(err, "end them, or wait for them");
    free(who);
    return err_set_class(err, ERR_CLASS_PASSING);
}

bool horizon_is_past(struct db *db, const char *horizon, struct err *err) {
    bool past;
    return db_bool(db, err, &past, "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8", 1,
                   (const char *const[]){horizon}) &&
           (past || blame(db, horizon, err));
}
