/* check_sessions.c - see check.h: is there room for all sessions that pgtandem opens?
 *
 * The server's limit, the role's and the database's. A copy that waits for a connection
 * waits for ever when it is its own sessions that leave none. */
#include <inttypes.h>

#include "command/check.h"

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The control connection and the one that reports are always there, and a command such as
 * status comes by; with them goes what a phase opens. A phase's sessions are closed before
 * the next one's are opened. */
static int64_t sessions_of(const struct config *config, bool is_old) {
    const struct config_backfill *backfill = &config->backfill;
    bool asks = config->limits.query.sql != NULL && config->limits.query.on_new != is_old;
    int64_t always = 3;
    int64_t links = 3; /* where one reads, where the other writes, and its mends */
    int64_t copy = backfill->jobs + (is_old ? 2 : 1) + asks; /* planner and governor */
    int64_t after = is_old ? 1 : backfill->index_jobs + 2;   /* forward link, progress */
    return always + larger(links, larger(copy, after));
}

static int64_t sessions_at(const struct check *check, const struct site *site, bool whole_server) {
    const struct config *config = check->m->config;
    bool both = whole_server && site->is_one_server;
    return (both || site->is_source[FORWARD] ? sessions_of(config, true) : 0) +
           (both || site->is_target[FORWARD] ? sessions_of(config, false) : 0);
}

/* Of a session that the role may not look at, only its database and its role are shown. */
static const char *const sessions_sql =
    "WITH other AS ("
    "    SELECT datname, usename FROM pg_stat_activity"
    "     WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'"
    "       AND coalesce(application_name, '') NOT LIKE 'pgtandem%')"
    "SELECT CASE WHEN rolsuper THEN 0"
    "            ELSE current_setting('superuser_reserved_connections')::int"
    "                 + coalesce(current_setting('reserved_connections', true), '0')::int END,"
    "       current_setting('max_connections')::int,"
    "       (SELECT count(*) FROM other),"
    "       CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END,"
    "       (SELECT count(*) FROM other WHERE usename = rolname),"
    "       CASE WHEN rolsuper THEN -1 ELSE datconnlimit END,"
    "       (SELECT count(*) FROM other WHERE datname = current_database()),"
    "       quote_ident(rolname), quote_ident(datname)"
    "  FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()";

struct room {
    const char *check, *what;
    int64_t limit, used, needed;
};

/* True when there is room, or no limit. */
static bool has_room(struct check *check, const struct room *room) {
    bool enough = room->limit < 0 || room->used + room->needed <= room->limit;
    if (!enough) {
        findings_add(&check->findings, FINDING_error, room->check,
                     "%s leaves no room for pgtandem's sessions: %" PRId64 ", of which %" PRId64
                     " are used by others, and up to %" PRId64 " are needed",
                     room->what, room->limit, room->used, room->needed);
    }
    return enough;
}

static void look_for_room(struct check *check, const struct site *site, const PGresult *r) {
    struct findings *findings = &check->findings;
    int64_t here = sessions_at(check, site, false), server = sessions_at(check, site, true);
    struct room whole = {"max_connections", "max_connections (without those reserved)",
                         result_int(r, 0, 1) - result_int(r, 0, 0), result_int(r, 0, 2), server};
    struct room role = {"connection_limit", "the role's CONNECTION LIMIT", result_int(r, 0, 3),
                        result_int(r, 0, 4), here};
    struct room database = {"connection_limit", "the database's CONNECTION LIMIT",
                            result_int(r, 0, 5), result_int(r, 0, 6), here};
    if (!site->counts_server || has_room(check, &whole)) {
        findings_add(findings, FINDING_ok, "max_connections",
                     "there is room for up to %" PRId64 " sessions", server);
    } else {
        findings_hint(findings,
                      "raise max_connections to at least %" PRId64 " and restart the server, or "
                      "lower backfill.jobs and backfill.index_jobs",
                      result_int(r, 0, 0) + whole.used + whole.needed);
    }
    if (!has_room(check, &role)) {
        findings_hint(findings, "ALTER ROLE %s CONNECTION LIMIT %" PRId64, PQgetvalue(r, 0, 7),
                      role.used + server);
    }
    if (!has_room(check, &database)) {
        findings_hint(findings, "ALTER DATABASE %s CONNECTION LIMIT %" PRId64, PQgetvalue(r, 0, 8),
                      database.used + here);
    }
}

void check_sessions(struct check *check, const struct site *site) {
    struct err err;
    err_clear(&err);
    PGresult *r = db_query(&site->side->db, &err, sessions_sql, 0, NULL);
    if (r == NULL) {
        findings_add_err(&check->findings, FINDING_error, "max_connections", &err);
        return;
    }
    look_for_room(check, site, r);
    PQclear(r);
}
