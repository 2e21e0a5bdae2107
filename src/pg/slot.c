/* slot.c - see slot.h. */
#include "pg/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/waiting.h"
#include "pg/blockers.h"
#include "pg/cure.h"
#include "pg/state.h"

static const usec_t look_interval = USEC_SECOND / 4; /* at who is in the way of a slot */

bool slot_read_on(struct db *db, const char *slot, struct slot_info *info, struct err *err) {
    memset(info, 0, sizeof *info);
    PGresult *r = db_query(
        db, err,
        "SELECT slot_type = 'logical' AND plugin = 'wal2json' AND database = current_database(),"
        "       coalesce(wal_status = 'lost', false), active, coalesce(active_pid, 0),"
        "       confirmed_flush_lsn, pg_current_wal_lsn(), wal_status,"
        "       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, safe_wal_size"
        "  FROM pg_replication_slots WHERE slot_name = $1",
        1, &slot);
    if (r == NULL) {
        return err_context(err, "cannot look up the slot \"%s\" in %s", slot, db->label);
    }
    if (PQntuples(r) == 1) {
        info->exists = true;
        info->is_ours = result_bool(r, 0, 0);
        info->lost = result_bool(r, 0, 1);
        info->active = result_bool(r, 0, 2);
        info->active_pid = (int)result_int(r, 0, 3);
        info->confirmed_flush = result_lsn(r, 0, 4);
        info->server_lsn = result_lsn(r, 0, 5);
        snprintf(info->wal_status, sizeof info->wal_status, "%s", PQgetvalue(r, 0, 6));
        info->has_restart = !PQgetisnull(r, 0, 7);
        info->retained = result_int(r, 0, 7);
        info->is_limited = !PQgetisnull(r, 0, 8);
        info->safe = result_int(r, 0, 8);
    }
    PQclear(r);
    return true;
}

bool slot_read(struct migration *m, enum direction direction, struct slot_info *info,
               struct err *err) {
    struct object_name name = migration_slot(m, direction);
    return slot_read_on(&migration_source(m, direction)->db, name.text, info, err);
}

/* In the log, and for `status` where setup has been that far. */
static void tell_blockers(struct migration *m, enum direction direction, int pid, double seconds) {
    struct side *source = migration_source(m, direction);
    struct err ignored;
    struct buf text;
    char *who = blockers_of_slot(&source->db, pid);
    buf_init(&text);
    buf_add_format(&text, "transactions in progress in %s: %s", source->label,
                   who != NULL ? who : "nobody knows whose");
    log_line(&(struct log_source){m->config->migration, direction_name(direction), 0}, LOG_WARNING,
             "creating the slot waits for %s (%.0f s)", text.data, seconds);
    buf_add_text(&text, " (creating the slot)");
    state_tell_waiting(&migration_target(m, direction)->db, m, direction, text.data, &ignored);
    buf_fini(&text);
    free(who);
}

static bool wait_telling(struct migration *m, enum direction direction, struct db *db,
                         struct waiting *waiting, struct err *err) {
    while (!loop_wait(m->loop, &db->done, look_interval, "a replication slot", err)) {
        usec_t now = usec_monotonic();
        if (err->code != ERR_TIMEOUT) {
            return false;
        }
        if (waiting_is_due(waiting, now)) {
            tell_blockers(m, direction, session_backend(&db->session),
                          waiting_seconds(waiting, now));
        }
    }
    return true;
}

/* Waits for the slot's creation, telling every now and then who blocks it. */
static PGresult *wait_for_slot(struct migration *m, enum direction direction, struct db *db,
                               const char *sql, struct err *err) {
    struct waiting waiting = {.since = usec_monotonic()};
    struct err ignored;
    db->done = false;
    err_clear(&db->lost);
    session_send(&db->session, sql, 0, NULL);
    bool ok = wait_telling(m, direction, db, &waiting, err);
    if (waiting_end(&waiting) && !m->loop->stopping) {
        state_tell_waiting(&migration_target(m, direction)->db, m, direction, NULL, &ignored);
    }
    if (!ok) {
        db_close(db);
        return NULL;
    }
    return db_take(db, err);
}

bool slot_create(struct migration *m, enum direction direction, struct db *replication,
                 char *snapshot, lsn_t *consistent, struct err *err) {
    struct object_name name = migration_slot(m, direction);
    char sql[200];
    snprintf(sql, sizeof sql, "CREATE_REPLICATION_SLOT \"%s\" LOGICAL wal2json (SNAPSHOT '%s')",
             name.text, snapshot != NULL ? "export" : "nothing");
    err_clear(err);
    PGresult *r = wait_for_slot(m, direction, replication, sql, err);
    if (r == NULL) {
        cure_add(err, CURE_SLOT);
        return err_context(err, "cannot create the slot \"%s\" in %s", name.text,
                           migration_source(m, direction)->label);
    }
    const char *point = PQgetvalue(r, 0, 1);
    bool ok = lsn_parse(point, strlen(point), consistent) ||
              err_set(err, ERR_FAILED, "the server names no starting point for a new slot");
    if (snapshot != NULL) {
        snprintf(snapshot, SLOT_SNAPSHOT_SIZE, "%s", PQgetvalue(r, 0, 2));
    }
    PQclear(r);
    return ok;
}

/* A client that was killed keeps its slot or origin for a moment. */
static bool drop_patiently(struct side *side, const char *sql, const char *name, bool *dropped,
                           struct err *err) {
    *dropped = false;
    for (int attempt = 0;; attempt++) {
        PGresult *r = db_query(&side->db, err, sql, 1, &name);
        if (r != NULL) {
            *dropped = PQntuples(r) > 0;
            PQclear(r);
            return true;
        }
        if (!err_has_sqlstate(err, "55006") || attempt == 20) {
            return false;
        }
        if (!loop_sleep(side->db.session.loop, USEC_SECOND / 4, err)) {
            return false;
        }
    }
}

bool slot_drop_named(struct side *side, const char *name, bool *dropped, struct err *err) {
    return drop_patiently(side,
                          "SELECT pg_drop_replication_slot(slot_name)"
                          "  FROM pg_replication_slots WHERE slot_name = $1",
                          name, dropped, err) ||
           cure_add(err, CURE_DROP) || err_context(err, "cannot drop the slot \"%s\"", name);
}

bool origin_drop_named(struct side *side, const char *name, bool *dropped, struct err *err) {
    return drop_patiently(side,
                          "SELECT pg_replication_origin_drop(roname)"
                          "  FROM pg_replication_origin WHERE roname = $1",
                          name, dropped, err) ||
           cure_add(err, CURE_ORIGIN) || err_context(err, "cannot drop the origin \"%s\"", name);
}

bool slot_drop(struct migration *m, enum direction direction, bool *dropped, struct err *err) {
    return slot_drop_named(migration_source(m, direction), migration_slot(m, direction).text,
                           dropped, err);
}

static bool create_origin(struct side *side, const char *name, struct err *err) {
    return db_exec(&side->db, err,
                   "SELECT pg_replication_origin_create($1)"
                   " WHERE NOT EXISTS (SELECT FROM pg_replication_origin WHERE roname = $1)",
                   1, (const char *const[]){name}) ||
           cure_add(err, CURE_ORIGIN) ||
           err_context(err, "cannot create the origin \"%s\" in %s", name, side->label);
}

bool origins_create(struct migration *m, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        struct side *target = migration_target(m, d);
        if (!create_origin(target, migration_origin(m, d).text, err) ||
            !create_origin(target, migration_mend_origin(m, d).text, err)) {
            return false;
        }
    }
    for (int i = 0; i < m->config->backfill.jobs; i++) {
        if (!create_origin(&m->new_side, migration_copy_origin(m, i).text, err)) {
            return false;
        }
    }
    return true;
}

bool origins_read_on(struct db *db, const char *migration, struct arena *arena,
                     struct origin_ids *ids, struct err *err) {
    struct name_pattern pattern = migration_name_pattern(migration);
    PGresult *r = db_query(db, err,
                           "SELECT roident FROM pg_replication_origin WHERE roname ~ $1"
                           " ORDER BY roident",
                           1, (const char *const[]){pattern.text});
    if (r == NULL) {
        return err_context(err, "cannot look up the origins in %s", db->label);
    }
    ids->count = (size_t)PQntuples(r);
    ids->ids = arena_zero(arena, ids->count, sizeof *ids->ids);
    for (size_t i = 0; i < ids->count; i++) {
        ids->ids[i] = (uint32_t)result_int(r, (int)i, 0);
    }
    PQclear(r);
    return true;
}

bool origins_read(struct migration *m, struct side *side, struct arena *arena,
                  struct origin_ids *ids, struct err *err) {
    return origins_read_on(&side->db, m->config->migration, arena, ids, err);
}
