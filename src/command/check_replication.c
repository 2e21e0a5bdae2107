/* check_replication.c - see check.h: can slots and origins be made and used,
 * and what is left of earlier attempts? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command/check.h"
#include "command/preparation.h"
#include "pg/cure.h"
#include "pg/slot.h"

/* decoding */

static bool lacks(struct db *db, const char *sql) {
    struct err ignored;
    bool has;
    return db_bool(db, &ignored, &has, sql, 0, NULL) && !has;
}

/* Denied is the library, the role, which is looked at by itself, too, or the function: links
 * do without it, since they make their slots on replication connections. */
static void add_cure(struct db *db, struct err *err) {
    const char *role = PQuser(db->session.conn);
    bool denied = err_has_sqlstate(err, "42501");
    if (denied && lacks(db, "SELECT rolsuper OR rolreplication FROM pg_roles"
                            " WHERE rolname = current_user")) {
        err_hint(err, "give the role the REPLICATION attribute: ALTER ROLE \"%s\" REPLICATION",
                 role);
    } else if (denied && lacks(db, "SELECT bool_and(has_function_privilege(oid, 'EXECUTE'))"
                                   "  FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
                                   "   AND proname IN ('pg_create_logical_replication_slot',"
                                   "                   'pg_drop_replication_slot')")) {
        err_hint(err,
                 "GRANT EXECUTE ON FUNCTION pg_create_logical_replication_slot, "
                 "pg_drop_replication_slot TO \"%s\"",
                 role);
    } else {
        cure_add(err, CURE_SLOT);
    }
}

static void report_probe(struct check *check, struct db *db, struct err *err) {
    add_cure(db, err);
    bool is_late = err_has_sqlstate(err, "57014");
    findings_add_err(&check->findings, is_late ? FINDING_warning : FINDING_error, "wal2json", err);
    if (is_late) {
        findings_hint(&check->findings, "transactions in progress keep slots from being created; "
                                        "check again when they are over");
    }
}

/* A temporary slot says more than any look at settings: the library is there,
 * it is allowed, a slot is free, and the role may make it. */
static void probe_decoding(struct check *check, const struct site *site) {
    struct err err;
    struct db *db = &site->side->db;
    err_clear(&err);
    struct object_name name = migration_check_slot(PQbackendPID(db->session.conn));
    const char *params[] = {name.text};
    bool made = db_exec(db, &err, "SET statement_timeout = '5s'", 0, NULL) &&
                db_exec(db, &err, "SELECT pg_create_logical_replication_slot($1, 'wal2json', true)",
                        1, params);
    if (made) {
        findings_add(&check->findings, FINDING_ok, "wal2json", "wal2json decodes");
    } else {
        report_probe(check, db, &err);
    }
    if ((made && !db_exec(db, &err, "SELECT pg_drop_replication_slot($1)", 1, params)) ||
        !db_exec(db, &err, "SET statement_timeout = 0", 0, NULL)) {
        db_close(db); /* and with it a temporary slot */
    }
}

static void check_connection(struct check *check, const struct site *site) {
    struct db db;
    struct err err;
    err_clear(&err);
    db_init(&db, check->m->loop, SESSION_REPLICATION, site->side->dsn, site->side->label,
            "pgtandem check");
    if (db_open(&db, &err) && db_exec(&db, &err, "IDENTIFY_SYSTEM", 0, NULL)) {
        findings_add(&check->findings, FINDING_ok, "replication_connection",
                     "a replication connection can be made");
    } else {
        err_context(&err, "no replication connection can be made");
        findings_add_err(&check->findings, FINDING_error, "replication_connection", &err);
    }
    db_close(&db);
}

/* what is limited for a whole server */

static void compare_limit(struct check *check, const char *name, const char *what, int64_t limit,
                          int64_t used, int64_t needed) {
    bool enough = used + needed <= limit;
    findings_add(&check->findings, enough ? FINDING_ok : FINDING_error, name,
                 "%s is %senough for the %s: %" PRId64 ", of which %" PRId64
                 " are used and %" PRId64 " more are needed",
                 name, enough ? "" : "not ", what, limit, used, needed);
    if (!enough) {
        findings_hint(&check->findings, "set %s to at least %" PRId64 " and restart the server",
                      name, used + needed);
    }
}

/* ours: those that are there already; $1 matches their names */
static const char *const limits_sql =
    "SELECT current_setting('max_replication_slots')::int,"
    "       (SELECT count(*) FROM pg_replication_slots),"
    "       (SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ $1),"
    "       (SELECT count(*) FROM pg_replication_origin),"
    "       (SELECT count(*) FROM pg_replication_origin WHERE roname ~ $1),"
    "       current_setting('max_wal_senders')::int,"
    "       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'),"
    "       (SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ $1 AND active)";

static void compare_limits(struct check *check, const struct site *site, const PGresult *r) {
    int64_t links = site->is_one_server ? 2 : 1;
    int64_t origins_a_link = 2; /* its own, and the mends' */
    int64_t copiers =
        site->is_target[FORWARD] || site->is_one_server ? check->m->config->backfill.jobs : 0;
    compare_limit(check, "max_replication_slots", "slots", result_int(r, 0, 0), result_int(r, 0, 1),
                  links - result_int(r, 0, 2));
    int64_t origins = links * origins_a_link + copiers - result_int(r, 0, 4);
    compare_limit(check, "max_replication_slots", "replication origins", result_int(r, 0, 0),
                  result_int(r, 0, 3), origins > 0 ? origins : 0);
    compare_limit(check, "max_wal_senders", "links", result_int(r, 0, 5), result_int(r, 0, 6),
                  links - result_int(r, 0, 7));
}

static void check_limits(struct check *check, const struct site *site) {
    struct err err;
    err_clear(&err);
    struct name_pattern pattern = migration_name_pattern(check->m->config->migration);
    PGresult *r =
        db_query(&site->side->db, &err, limits_sql, 1, (const char *const[]){pattern.text});
    if (r == NULL) {
        findings_add_err(&check->findings, FINDING_error, "max_replication_slots", &err);
        return;
    }
    compare_limits(check, site, r);
    PQclear(r);
}

/* what earlier attempts left */

static void judge_slot(struct check *check, enum direction direction,
                       const struct slot_info *slot) {
    struct object_name name = migration_slot(check->m, direction);
    struct err err;
    err_clear(&err);
    if (!preparation_slot_fits(check->m, direction, &check->state, slot, &err)) {
        findings_add_err(&check->findings, FINDING_error, "slot", &err);
    } else if (slot->exists && !check->state.exists) {
        findings_add(&check->findings, FINDING_error, "slot",
                     "the slot \"%s\" is left over from an earlier attempt: it holds back log",
                     name.text);
        findings_hint(&check->findings, "run teardown --all");
    }
}

static void check_slot(struct check *check, enum direction direction) {
    struct err err;
    struct slot_info slot;
    err_clear(&err);
    if (slot_read(check->m, direction, &slot, &err)) {
        judge_slot(check, direction, &slot);
    } else {
        findings_add_err(&check->findings, FINDING_error, "slot", &err);
    }
}

/* An origin that is left over remembers how far it was applied: what lies
 * before that would be skipped. */
static void check_origins(struct check *check, const struct site *site) {
    struct err err;
    struct name_pattern pattern = migration_name_pattern(check->m->config->migration);
    char *found = check->state.exists
                      ? NULL
                      : db_text(&site->side->db, &err,
                                "SELECT string_agg(quote_ident(roname), ', ' ORDER BY roname)"
                                "  FROM pg_replication_origin WHERE roname ~ $1",
                                1, (const char *const[]){pattern.text});
    if (found != NULL) {
        findings_add(&check->findings, FINDING_error, "origin",
                     "origins are left over from an earlier attempt: %s", found);
        findings_hint(&check->findings, "run teardown --all");
    }
    free(found);
}

void check_replication(struct check *check, const struct site *site) {
    check_connection(check, site);
    probe_decoding(check, site);
    if (site->counts_server) {
        check_limits(check, site);
        check_origins(check, site);
    }
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (site->is_source[d]) {
            check_slot(check, d);
        }
    }
}
