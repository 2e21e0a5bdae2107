/* governor.c - see governor.h. */
#include "copy/governor.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/waiting.h"

static const usec_t interval = USEC_SECOND, retry_interval = 5 * USEC_SECOND;
static const usec_t say_interval = 30 * USEC_SECOND, patience = USEC_SECOND / 20;
/* The copy holds before a connection is given up, since making a new one can take time. */
static const usec_t silence_limit = 8 * USEC_SECOND, probe_patience = 10 * USEC_SECOND;

/* A query that takes longer is no answer; and what is said here need not outlive a
 * crash. */
static const char settings[] = "-c statement_timeout=5000 -c synchronous_commit=off";

static void init_probe(struct governor *governor, struct probe *probe, struct side *side,
                       const char *application) {
    memset(probe, 0, sizeof *probe);
    db_init(&probe->db, governor->job->m->loop, SESSION_SQL, side->dsn, side->label, application);
    probe->db.session.settings = settings;
    probe->db.patience = probe->db.session.connect_within = probe_patience;
}

void governor_init(struct governor *governor, struct job *job) {
    struct migration *m = job->m;
    memset(governor, 0, sizeof *governor);
    governor->job = job;
    governor->load.query = NAN;
    governor->load.slot_wal_keep = -1;
    governor->load.slot_grows =
        m->old_side.identity.system_identifier == m->new_side.identity.system_identifier;
    control_init(&governor->control);
    init_probe(governor, &governor->old_server, &m->old_side, "pgtandem governor");
    init_probe(governor, &governor->new_server, &m->new_side, "pgtandem governor");
    init_probe(governor, &governor->query,
               m->config->limits.query.on_new ? &m->new_side : &m->old_side, "pgtandem limits");
}

void governor_fini(struct governor *governor) {
    db_close(&governor->old_server.db);
    db_close(&governor->new_server.db);
    db_close(&governor->query.db);
}

/* asking */

static void note_trouble(struct probe *probe, const struct err *err) {
    snprintf(probe->trouble, sizeof probe->trouble, "%s", err->message);
}

static void ask(struct probe *probe, const char *sql, int n_params, const char *const *params) {
    struct err err;
    usec_t now = usec_monotonic();
    if (probe->asked || now < probe->ask_at) {
        return;
    }
    if (probe->waited_since == 0) {
        probe->waited_since = now;
        probe->silent_since = usec_now();
    }
    probe->asked = db_send(&probe->db, &err, sql, n_params, params);
    if (!probe->asked) {
        note_trouble(probe, &err); /* there is another try */
    }
    probe->ask_at = usec_monotonic() + (probe->asked ? interval : retry_interval);
}

/* NULL: no answer, yet or at all; *err then says which. */
static PGresult *take(struct probe *probe, struct err *err) {
    err_clear(err);
    if (!probe->asked || !probe->db.done) {
        return NULL;
    }
    probe->asked = false;
    PGresult *answer = db_take(&probe->db, err);
    if (answer != NULL) {
        probe->waited_since = 0;
        probe->trouble[0] = '\0';
    } else {
        note_trouble(probe, err);
    }
    return answer;
}

/* One server's standbys and sessions. A walsender of a logical slot serves no standby. */
#define SERVER_COLUMNS                                                                             \
    "coalesce(extract(epoch FROM standby.replay_lag), 0), coalesce(standby.name, ''),"             \
    " (SELECT count(*) FROM pg_stat_activity"                                                      \
    "   WHERE state = 'active' AND backend_type = 'client backend'"                                \
    "     AND application_name NOT LIKE 'pgtandem%')"
#define SERVER_FROM                                                                                \
    " LEFT JOIN (SELECT replay_lag, application_name AS name FROM pg_stat_replication r"           \
    "             WHERE NOT EXISTS (SELECT FROM pg_replication_slots s"                            \
    "                                WHERE s.active_pid = r.pid AND s.slot_type = 'logical')"      \
    "             ORDER BY replay_lag DESC NULLS LAST LIMIT 1) standby ON true"

static const char old_sql[] =
    "SELECT " SERVER_COLUMNS ","
    "       coalesce((SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint"
    "                   FROM pg_replication_slots WHERE slot_name = $1), 0),"
    "       (SELECT CASE WHEN setting::bigint < 0 THEN -1 ELSE setting::bigint * 1048576 END"
    "          FROM pg_settings WHERE name = 'max_slot_wal_keep_size')"
    "  FROM (SELECT 1) one" SERVER_FROM;

static const char new_sql[] =
    "WITH said AS ("
    "    INSERT INTO pgtandem.copy (migration, rows_running, rows_per_second, seconds_left,"
    "                               waiting_for, trouble, since)"
    "    VALUES ($1, $2::bigint, $3::float8, $4::float8, $5, $6, clock_timestamp())"
    "    ON CONFLICT (migration) DO UPDATE"
    "       SET rows_running = excluded.rows_running, rows_per_second = excluded.rows_per_second,"
    "           seconds_left = excluded.seconds_left, waiting_for = excluded.waiting_for,"
    "           trouble = excluded.trouble, changed_at = clock_timestamp(),"
    "           since = CASE WHEN (copy.waiting_for IS NULL) = (excluded.waiting_for IS NULL)"
    "                         AND (copy.trouble IS NULL) = (excluded.trouble IS NULL)"
    "                         AND copy.changed_at > clock_timestamp() - interval '10 s'"
    "                        THEN copy.since ELSE excluded.since END)"
    "SELECT " SERVER_COLUMNS ", " CONTROL_COLUMNS "  FROM (SELECT 1) one" SERVER_FROM
    "  LEFT JOIN pgtandem.control ON migration = $1";

static void ask_old(struct governor *governor) {
    struct object_name slot = migration_slot(governor->job->m, FORWARD);
    ask(&governor->old_server, old_sql, 1, (const char *const[]){slot.text});
}

static void ask_new(struct governor *governor, const struct progress *progress) {
    const struct job *job = governor->job;
    char rows[24], speed[40], left[40];
    snprintf(rows, sizeof rows, "%" PRId64, progress->rows_running);
    snprintf(speed, sizeof speed, "%.1f", progress->rows_per_second);
    snprintf(left, sizeof left, "%.1f", progress->seconds_left);
    const char *params[] = {job->m->config->migration,
                            rows,
                            speed,
                            progress->seconds_left >= 0 ? left : NULL,
                            job->waiting[0] != '\0' ? job->waiting : NULL,
                            job->trouble[0] != '\0' ? job->trouble : NULL};
    ask(&governor->new_server, new_sql, 6, params);
}

/* The user's own query, in one row of one column. */
static void ask_query(struct governor *governor) {
    const struct config_query *query = &governor->job->m->config->limits.query;
    if (query->sql != NULL) {
        ask(&governor->query, query->sql, 0, NULL);
    }
}

/* answers */

static void note_server(struct server_load *server, const PGresult *r) {
    server->replica_lag = strtod(PQgetvalue(r, 0, 0), NULL);
    snprintf(server->replica, sizeof server->replica, "%s", PQgetvalue(r, 0, 1));
    server->active_sessions = result_int(r, 0, 2);
}

static void take_old(struct governor *governor) {
    struct err ignored;
    PGresult *r = take(&governor->old_server, &ignored);
    if (r != NULL) {
        note_server(&governor->servers[0], r);
        governor->load.slot_wal = result_int(r, 0, 3);
        governor->load.slot_wal_keep = result_int(r, 0, 4);
        governor->heard_old = true;
    }
    PQclear(r);
}

static void take_new(struct governor *governor) {
    struct err ignored;
    PGresult *r = take(&governor->new_server, &ignored);
    if (r != NULL) {
        note_server(&governor->servers[1], r);
        control_from_result(&governor->control, r, 0, 3);
        governor->heard_new = true;
    }
    PQclear(r);
}

static void refuse_query(struct governor *governor, struct err *err) {
    err_context(err, "limits.query cannot be asked of %s", governor->query.db.label);
    err_hint(err,
             "it is to be one SELECT that returns one number; correct it in %s and start "
             "again",
             governor->job->m->config->path);
    job_fail(governor->job, err);
}

bool governor_read_number(const PGresult *result, double *number) {
    *number = NAN;
    if (PQntuples(result) > 1 || PQnfields(result) != 1) {
        return false;
    }
    return PQntuples(result) == 0 || PQgetisnull(result, 0, 0) ||
           quantity_real(PQgetvalue(result, 0, 0), number);
}

static void note_query(struct governor *governor, const PGresult *r) {
    struct err err;
    double x;
    if (!governor_read_number(r, &x)) {
        err_set(&err, ERR_USAGE, "its result is not one number");
        refuse_query(governor, &err);
        return;
    }
    governor->load.query = x;
    governor->load.query_failed = false;
    governor->heard_query = true;
}

static void take_query(struct governor *governor) {
    struct err err;
    PGresult *r = take(&governor->query, &err);
    if (r != NULL) {
        note_query(governor, r);
    } else if (err.code != ERR_NONE) {
        if (err_passes(&err)) {
            governor->query.waited_since = 0; /* there are words of its own for that */
            governor->load.query_failed = true;
            governor->heard_query = true;
        } else {
            refuse_query(governor, &err);
        }
    }
    PQclear(r);
}

/* Standbys and sessions of either server count; each limit is a server's. */
static void sum_up(struct governor *governor) {
    const struct server_load *a = &governor->servers[0], *b = &governor->servers[1];
    const struct server_load *behind = a->replica_lag >= b->replica_lag ? a : b;
    struct load *load = &governor->load;
    load->replica_lag = behind->replica_lag;
    memcpy(load->replica, behind->replica, sizeof load->replica);
    load->active_sessions =
        a->active_sessions > b->active_sessions ? a->active_sessions : b->active_sessions;
}

/* deciding */

static void set_pace(struct governor *governor, int64_t rows_per_second) {
    struct pace *pace = &governor->job->pace;
    if (pace->rows_per_second != rows_per_second) {
        pace_init(pace, rows_per_second, usec_monotonic());
    }
}

static bool is_silent(const struct probe *probe, char *why) {
    if (probe->waited_since == 0 || usec_monotonic() - probe->waited_since < silence_limit) {
        return false;
    }
    snprintf(why, LIMITS_WHY_SIZE, "%s to answer, which it has not since %.19s UTC%s%s%s",
             probe->db.label, usec_format(probe->silent_since).text,
             probe->trouble[0] != '\0' ? " (" : "", probe->trouble,
             probe->trouble[0] != '\0' ? ")" : "");
    return true;
}

static bool anyone_is_silent(const struct governor *governor, char *why) {
    return is_silent(&governor->new_server, why) || is_silent(&governor->old_server, why) ||
           is_silent(&governor->query, why);
}

static bool must_wait(struct governor *governor, const struct limits *limits, char *why) {
    if (governor->control.paused) {
        snprintf(why, LIMITS_WHY_SIZE, "pgtandem resume (paused since %.19s UTC)",
                 governor->control.paused_at);
        return true;
    }
    return limits_exceeded(limits, &governor->load, governor->job->pedal.holding, why) ||
           anyone_is_silent(governor, why);
}

static void say(struct governor *governor, bool news) {
    usec_t now = usec_monotonic();
    if (news || now - governor->said_at >= say_interval) {
        governor->said_at = now;
        log_line(&governor->job->log, LOG_INFO, "the copy waits for %s", governor->job->waiting);
    }
}

static void hold(struct governor *governor, const char *why) {
    struct job *job = governor->job;
    bool news = !job->pedal.holding || governor->paused != governor->control.paused;
    governor->paused = governor->control.paused;
    snprintf(job->waiting, sizeof job->waiting, "%s", why);
    pedal_hold(&job->pedal, usec_monotonic());
    say(governor, news);
}

/* After a pause nobody knows what the servers bear now: as at the start. */
static void let_go(struct governor *governor) {
    struct job *job = governor->job;
    if (!job->pedal.holding) {
        return;
    }
    if (governor->paused) {
        pedal_start(&job->pedal, job->pedal.warm_up, usec_monotonic());
    } else {
        pedal_release(&job->pedal, usec_monotonic());
    }
    governor->paused = false;
    job->waiting[0] = '\0';
    log_line(&job->log, LOG_INFO, "the copy goes on");
}

/* Where waiting would not help. */
static void warn_of_log(struct governor *governor, const struct limits *limits) {
    const struct load *load = &governor->load;
    if (governor->warned || load->slot_grows || load->slot_wal <= limits_slot_wal(limits, load)) {
        return;
    }
    governor->warned = true;
    log_line(&governor->job->log, LOG_WARNING,
             "the slot keeps %" PRId64 " MB of log in %s, more than it is to: it is let go of when "
             "the copy is done; make room, or give the copy up with teardown",
             load->slot_wal >> 20, governor->old_server.db.label);
}

static void decide(struct governor *governor) {
    char why[LIMITS_WHY_SIZE];
    struct limits limits = limits_of(governor->job->m->config, &governor->control);
    sum_up(governor);
    set_pace(governor, limits.rows_per_second);
    warn_of_log(governor, &limits);
    if (must_wait(governor, &limits, why)) {
        hold(governor, why);
    } else {
        let_go(governor);
    }
}

void governor_turn(struct governor *governor, const struct progress *progress) {
    take_old(governor);
    take_new(governor);
    take_query(governor);
    decide(governor);
    ask_new(governor, progress); /* pauses first: to connect anew to another can take time */
    ask_old(governor);
    ask_query(governor);
}

static bool has_heard(const struct governor *governor) {
    return governor->heard_old && governor->heard_new &&
           (governor->heard_query || governor->job->m->config->limits.query.sql == NULL);
}

static void say_who_is_silent(struct governor *governor, struct waiting *waiting) {
    if (governor->job->pedal.holding || !waiting_is_due(waiting, usec_monotonic())) {
        return; /* or it has been said already */
    }
    const struct probe *silent = !governor->heard_old   ? &governor->old_server
                                 : !governor->heard_new ? &governor->new_server
                                                        : &governor->query;
    log_line(&governor->job->log, LOG_WARNING, "the copy waits for %s to say whether it may begin",
             silent->db.label);
}

bool governor_begin(struct governor *governor, struct err *err) {
    static const struct progress none = {.seconds_left = -1};
    struct waiting waiting = {0};
    governor->said_at = usec_monotonic();
    while (!has_heard(governor) && !governor->job->failed) {
        governor_turn(governor, &none);
        say_who_is_silent(governor, &waiting);
        if (!loop_sleep(governor->job->m->loop, patience, err)) {
            return false;
        }
    }
    governor_turn(governor, &none);
    if (governor->job->failed) {
        *err = governor->job->error;
    }
    return !governor->job->failed;
}
