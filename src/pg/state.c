/* state.c - see state.h. */
#include "pg/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "model/sqlsplit.h"
#include "pg/state_guard.h"
#include "pg/state_sql.h"

const char *phase_name(enum phase phase) {
    static const char *const names[] = {
#define PHASE_NAME(name) #name,
        PHASES(PHASE_NAME)
#undef PHASE_NAME
    };
    return names[phase];
}

const char *backfill_name(enum backfill backfill) {
    static const char *const names[] = {
#define BACKFILL_NAME(name) #name,
        BACKFILLS(BACKFILL_NAME)
#undef BACKFILL_NAME
    };
    return names[backfill];
}

static enum phase phase_from_name(const char *name) {
    enum phase phase = PHASE_setup;
    while (phase < PHASE_finished && strcmp(phase_name(phase), name) != 0) {
        phase++;
    }
    return phase;
}

static enum backfill backfill_from_name(const char *name) {
    enum backfill backfill = BACKFILL_pending;
    while (backfill < BACKFILL_skipped && strcmp(backfill_name(backfill), name) != 0) {
        backfill++;
    }
    return backfill;
}

/* The look comes after what it is about: a schema that was not there when it was looked
 * at, and is there now, is anybody's. */
bool state_schema_exists(struct db *db, bool *exists, struct err *err) {
    return db_bool(db, err, exists,
                   "SELECT count(*) = 12 FROM pg_class c JOIN pg_namespace n"
                   "    ON n.oid = c.relnamespace AND n.nspname = 'pgtandem'"
                   " WHERE c.relkind = 'r' AND c.relname IN ('migration', 'chunk', 'after_copy',"
                   "    'progress', 'link', 'parked', 'recheck', 'conflict', 'own_write', "
                   "'copied_table',"
                   "    'control', 'copy')",
                   0, NULL) &&
           state_guard(db, err);
}

/* Tables of an earlier version lack columns. */
bool state_schema_is_current(struct db *db, bool *current, struct err *err) {
    return db_bool(db, err, current,
                   "SELECT NOT EXISTS ("
                   "   SELECT FROM (VALUES ('after_copy', 'object'), ('migration', 'slot_xid'),"
                   "                       ('parked', 'diagnostics'), ('copy', 'trouble'),"
                   "                       ('migration', 'phase_history'),"
                   "                       ('link', 'waiting_for'),"
                   "                       ('link', 'process_began_at'),"
                   "                       ('link', 'last_error_values'))"
                   "                   AS wanted (relation, name)"
                   "    WHERE NOT EXISTS (SELECT FROM pg_attribute a"
                   "       JOIN pg_class c ON c.oid = a.attrelid AND c.relname = relation"
                   "       JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'pgtandem'"
                   "      WHERE a.attname = wanted.name AND NOT a.attisdropped))",
                   0, NULL);
}

static bool alters(const char *statement) {
    return strncmp(statement, "ALTER ", 6) == 0 || strncmp(statement, "UPDATE ", 7) == 0;
}

/* What brings tables that are all there up to date wants their owner, and no right to
 * create anything. */
static bool alter_tables(struct db *db, struct err *err) {
    struct arena arena;
    arena_init(&arena);
    struct sql_statements statements = sqlsplit(state_sql, strlen(state_sql), &arena);
    bool ok = true;
    for (size_t i = 0; ok && i < statements.count; i++) {
        const char *text = statements.items[i].text;
        ok = !alters(text) || db_exec(db, err, text, 0, NULL);
    }
    arena_fini(&arena);
    return ok;
}

/* Somebody else has made a schema of this name since it was looked for. */
static bool was_overtaken(const struct err *err) {
    return err_has_sqlstate(err, "42P06") || err_has_sqlstate(err, "23505");
}

/* In a schema that is trusted, nobody can put anything between the steps. One that is
 * missing is made here, and nobody else sees it before all is done; CREATE SCHEMA fails
 * when somebody has made it since it was looked for, so it is never theirs. */
static bool create_steps(struct db *db, struct err *err) {
    bool missing;
    return db_bool(db, err, &missing, "SELECT to_regnamespace('pgtandem') IS NULL", 0, NULL) &&
           (missing ? db_exec(db, err, "CREATE SCHEMA pgtandem", 0, NULL) : state_guard(db, err)) &&
           db_exec(db, err, state_sql, 0, NULL) && state_guard(db, err);
}

static bool create_at_once(struct db *db, struct err *err) {
    struct err ignored;
    if (!db_exec(db, err, "BEGIN", 0, NULL)) {
        return false;
    }
    if (create_steps(db, err) && db_exec(db, err, "COMMIT", 0, NULL)) {
        return true;
    }
    if (session_is_open(&db->session) && !db_exec(db, &ignored, "ROLLBACK", 0, NULL)) {
        db_close(db);
    }
    return false;
}

/* It may have been pgtandem, for another migration. */
static bool create_schema(struct db *db, struct err *err) {
    return create_at_once(db, err) || (was_overtaken(err) && create_at_once(db, err));
}

static bool is_denied(const struct err *err) {
    return err_has_sqlstate(err, "42501");
}

static bool upgrade_schema(struct side *side, struct err *err) {
    if (create_schema(&side->db, err) || (is_denied(err) && alter_tables(&side->db, err))) {
        return true;
    }
    if (is_denied(err)) {
        err_hint(err, "an earlier version has made its tables: let their owner run sql/state.sql, "
                      "or setup");
    }
    return err_context(err, "cannot bring the schema pgtandem in %s up to date", side->label);
}

/* What is there already is not created again: a role may be allowed to use
 * the schema and not to create one. */
static bool install_schema(struct side *side, struct err *err) {
    bool exists, current;
    if (!state_schema_exists(&side->db, &exists, err) ||
        !state_schema_is_current(&side->db, &current, err)) {
        return false;
    }
    if (exists) {
        return current || upgrade_schema(side, err);
    }
    return create_schema(&side->db, err) ||
           err_context(err, "cannot create the schema pgtandem in %s", side->label);
}

/* States that are still true when the process is gone. */
#define STAYS "IN ('stopped', 'failed', 'retired')"

static bool install_link(struct migration *m, enum direction direction, struct err *err) {
    const char *params[] = {m->config->migration, direction_name(direction)};
    struct side *target = migration_target(m, direction);
    return install_schema(target, err) &&
           db_exec(&target->db, err,
                   "INSERT INTO pgtandem.progress (migration, link) VALUES ($1, $2)"
                   " ON CONFLICT DO NOTHING",
                   2, params) &&
           db_exec(&target->db, err,
                   "INSERT INTO pgtandem.link AS l (migration, link, state, state_since)"
                   " VALUES ($1, $2, 'stopped', clock_timestamp())"
                   " ON CONFLICT (migration, link) DO UPDATE"
                   "    SET state = CASE WHEN l.state " STAYS " THEN l.state ELSE 'stopped' END,"
                   "        state_since = CASE WHEN l.state " STAYS " THEN l.state_since"
                   "                           ELSE l.changed_at END,"
                   "        process_ended_at = coalesce(l.process_ended_at, l.changed_at)"
                   "  WHERE NOT l.state " STAYS
                   "     OR (l.process_began_at IS NOT NULL AND l.process_ended_at IS NULL)",
                   2, params);
}

bool state_install(struct migration *m, struct err *err) {
    return install_link(m, FORWARD, err) && install_link(m, REVERSE, err) &&
           db_exec(&m->new_side.db, err,
                   "INSERT INTO pgtandem.migration (name) VALUES ($1) ON CONFLICT DO NOTHING", 1,
                   (const char *const[]){m->config->migration});
}

bool state_read(struct migration *m, struct migration_state *state, struct err *err) {
    memset(state, 0, sizeof *state);
    struct db *db = &m->new_side.db;
    bool exists;
    if (!state_schema_exists(db, &exists, err)) {
        return false;
    }
    if (!exists) {
        return true;
    }
    PGresult *r = db_query(db, err,
                           "SELECT phase, backfill, rows_estimated FROM pgtandem.migration"
                           " WHERE name = $1",
                           1, (const char *const[]){m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read the state of the migration");
    }
    state->exists = PQntuples(r) == 1;
    if (state->exists) {
        state->phase = phase_from_name(PQgetvalue(r, 0, 0));
        state->backfill = backfill_from_name(PQgetvalue(r, 0, 1));
        state->rows_estimated = result_int(r, 0, 2);
    }
    PQclear(r);
    return true;
}

static bool set_column(struct migration *m, const char *sql, const char *value, struct err *err) {
    const char *params[] = {m->config->migration, value};
    return db_exec(&m->new_side.db, err, sql, 2, params) ||
           err_context(err, "cannot record the state of the migration");
}

bool state_set_phase(struct migration *m, enum phase phase, struct err *err) {
    return set_column(m,
                      "UPDATE pgtandem.migration SET phase = $2::text, phase_since = t.now,"
                      "       phase_history = CASE WHEN phase_history <> '[]' THEN phase_history"
                      "           ELSE jsonb_build_array(jsonb_build_object('phase', phase,"
                      "                                                     'since', phase_since))"
                      "           END || jsonb_build_object('phase', $2::text, 'since', t.now)"
                      "  FROM (SELECT clock_timestamp()) AS t (now)"
                      " WHERE name = $1 AND phase <> $2::text",
                      phase_name(phase), err);
}

bool state_set_backfill(struct migration *m, enum backfill backfill, struct err *err) {
    return set_column(m, "UPDATE pgtandem.migration SET backfill = $2 WHERE name = $1",
                      backfill_name(backfill), err);
}

bool state_set_estimate(struct migration *m, int64_t rows, struct err *err) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, rows);
    return set_column(
        m, "UPDATE pgtandem.migration SET rows_estimated = $2::bigint WHERE name = $1", text, err);
}

bool state_tell_waiting(struct db *db, const struct migration *m, enum direction direction,
                        const char *what, struct err *err) {
    const char *params[] = {m->config->migration, direction_name(direction), what};
    return db_exec(db, err,
                   "UPDATE pgtandem.link SET waiting_for = $3, changed_at = clock_timestamp()"
                   " WHERE migration = $1 AND link = $2 AND waiting_for IS DISTINCT FROM $3",
                   3, params);
}

bool state_lock(struct migration *m, struct err *err) {
    return state_lock_on(&m->new_side.db, m, err);
}

bool state_unlock(struct migration *m, struct err *err) {
    char key[24];
    snprintf(key, sizeof key, "%" PRId64, migration_lock_key(m));
    return db_exec(&m->new_side.db, err, "SELECT pg_advisory_unlock($1::bigint)", 1,
                   (const char *const[]){key});
}

/* A bigint key shows as its two halves. */
#define LOCK_IS_HELD                                                                               \
    "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"                                     \
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"           \
    " AND l.classid::bigint << 32 | l.objid::bigint = $1::bigint"

static bool read_holder(struct db *db, const struct migration *m, struct lock_holder *holder,
                        struct err *err) {
    char key[24];
    memset(holder, 0, sizeof *holder);
    snprintf(key, sizeof key, "%" PRId64, migration_lock_key(m));
    PGresult *r = db_query(db, err,
                           "SELECT a.pid, a.backend_start FROM pg_locks AS l"
                           "  JOIN pg_stat_activity AS a USING (pid) WHERE " LOCK_IS_HELD,
                           1, (const char *const[]){key});
    if (r == NULL) {
        return false;
    }
    if (PQntuples(r) == 1) {
        holder->pid = (int)result_int(r, 0, 0);
        snprintf(holder->began_at, sizeof holder->began_at, "%s", PQgetvalue(r, 0, 1));
    }
    PQclear(r);
    return true;
}

bool state_lock_on(struct db *db, struct migration *m, struct err *err) {
    char key[24];
    snprintf(key, sizeof key, "%" PRId64, migration_lock_key(m));
    bool locked;
    if (!db_bool(db, err, &locked, "SELECT pg_try_advisory_lock($1::bigint)", 1,
                 (const char *const[]){key})) {
        return false;
    }
    if (!locked) {
        err_set(err, ERR_FAILED, "another pgtandem is at work on the migration \"%s\"",
                m->config->migration);
        err_hint(err, "stop it first (SIGTERM); if it was killed, its connection may take a moment "
                      "to end");
        return err_set_class(err, ERR_CLASS_CONTENDED);
    }
    return read_holder(db, m, &m->lock_holder, err);
}

bool state_lock_is_ours(struct db *db, struct migration *m) {
    struct lock_holder now;
    struct err ignored;
    char pid[16];
    if (!read_holder(db, m, &now, &ignored) || now.pid == 0 || now.pid != m->lock_holder.pid ||
        strcmp(now.began_at, m->lock_holder.began_at) != 0) {
        return false;
    }
    snprintf(pid, sizeof pid, "%d", now.pid);
    if (!m->lock_holder.told) {
        m->lock_holder.told = true;
        log_line(&(struct log_source){m->config->migration, "lock", 0}, LOG_WARNING,
                 "an earlier session of this service still holds the migration's lock (process %s "
                 "of %s): it is ended",
                 pid, db->label);
    }
    if (!db_exec(db, &ignored, "SELECT pg_terminate_backend($1::int)", 1,
                 (const char *const[]){pid})) {
        log_err(NULL, LOG_DEBUG, &ignored); /* it is tried again */
    }
    return true;
}

static bool is_held(struct db *db, int64_t lock, bool *held, struct err *err) {
    char key[24];
    snprintf(key, sizeof key, "%" PRId64, lock);
    return db_bool(db, err, held,
                   "SELECT EXISTS (SELECT FROM pg_locks AS l WHERE " LOCK_IS_HELD ")", 1,
                   (const char *const[]){key});
}

bool state_is_locked(struct migration *m, bool *locked, struct err *err) {
    return is_held(&m->new_side.db, migration_lock_key(m), locked, err);
}

bool state_show_presence(struct db *db, const struct migration *m, bool *shown, struct err *err) {
    char key[24];
    snprintf(key, sizeof key, "%" PRId64, migration_presence_key(m));
    return db_bool(db, err, shown, "SELECT pg_try_advisory_lock($1::bigint)", 1,
                   (const char *const[]){key});
}

bool state_sees_presence(struct migration *m, bool *seen, struct err *err) {
    return is_held(&m->old_side.db, migration_presence_key(m), seen, err);
}
