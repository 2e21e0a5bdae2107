/* status_read.c - see status_read.h. What is asked of one side after the other is in two
 * lists of steps. */
#include "command/status_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/preparation.h"

static const usec_t connect_patience = 5 * USEC_SECOND, side_patience = 10 * USEC_SECOND;
static const usec_t second_look = USEC_SECOND / 2;
static const usec_t silence = 30 * USEC_SECOND;

/* Somebody may have locked one of our tables: the others are to be read all the same. */
static const char settings[] = "-c statement_timeout=4000";

struct reading {
    struct migration *m;
    struct arena *arena;
    struct status *status;
    enum answer locked, present; /* the signs of a process; see status_running() */
};

const char *which_side_name(enum which_side which) {
    return which == SIDE_OLD ? "old" : "new";
}

/* A column that tables of an earlier version do not have, or NULL */
#define LATER(row, column, type) "(to_jsonb(" row ")->>'" column "')::" type
/* Microseconds since 1970, or NULL */
#define MOMENT(expression) "(extract(epoch FROM " expression ") * 1000000)::bigint"
#define LATER_MOMENT(row, column) MOMENT(LATER(row, column, "timestamptz"))

static double real_at(const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column) ? -1 : strtod(PQgetvalue(r, row, column), NULL);
}

#define COPY_TEXT(target, r, row, column)                                                          \
    err_copy_text(target, sizeof(target), PQgetvalue(r, row, column))

/* links */

/* clang-format off */
static const char report_sql[] =
    "SELECT l.state, " LATER_MOMENT("l", "state_since") ", " MOMENT("l.changed_at") ","
    "       l.lag_seconds,"
    "       extract(epoch FROM clock_timestamp() - coalesce(l.caught_up_at, l.changed_at)),"
    "       " LATER("l", "changes_per_second", "float8") ", l.last_error,"
    "       " LATER_MOMENT("l", "process_began_at") ", " LATER_MOMENT("l", "process_ended_at") ","
    "       " LATER("l", "process_ended_for", "text") ","
    "       p.applied_transactions, p.applied_changes, p.conflicts,"
    "       (SELECT count(*) FROM pgtandem.conflict c WHERE c.migration = $1"
    "           AND c.link = $2 AND c.settled_at IS NULL),"
    "       (SELECT count(*) FROM pgtandem.parked k WHERE k.migration = $1"
    "           AND (k.link = $2 OR (k.link = 'copy' AND $2 = 'forward'))"
    "           AND k.settled_at IS NULL),"
    "       (SELECT count(*) FROM pgtandem.recheck r WHERE r.migration = $1 AND r.link = $2),"
    "       to_jsonb(l)->>'waiting_for', " LATER("l", "last_error_values", "text")
    "  FROM pgtandem.link l JOIN pgtandem.progress p USING (migration, link)"
    " WHERE l.migration = $1 AND l.link = $2";
/* clang-format on */

static void fill_report(struct link_report *report, const PGresult *r) {
    COPY_TEXT(report->state, r, 0, 0);
    report->state_since = result_int(r, 0, 1);
    report->heard_at = result_int(r, 0, 2);
    report->lag.said = strtod(PQgetvalue(r, 0, 3), NULL);
    report->lag.since_level = strtod(PQgetvalue(r, 0, 4), NULL);
    report->changes_per_second = real_at(r, 0, 5);
    COPY_TEXT(report->last_error, r, 0, 6);
    report->process_began_at = result_int(r, 0, 7);
    report->process_ended_at = result_int(r, 0, 8);
    COPY_TEXT(report->process_ended_for, r, 0, 9);
    report->applied_transactions = result_int(r, 0, 10);
    report->applied_changes = result_int(r, 0, 11);
    report->conflicts = result_int(r, 0, 12);
    report->conflicts_open = result_int(r, 0, 13);
    report->parked = result_int(r, 0, 14);
    report->rechecks = result_int(r, 0, 15);
    COPY_TEXT(report->waiting_for, r, 0, 16);
    COPY_TEXT(report->last_error_values, r, 0, 17);
}

/* Without a schema, or without rows there, everything stays zero. */
static bool read_report(struct reading *reading, enum direction direction, struct err *err) {
    struct link_report *report = &reading->status->links[direction].report;
    struct db *db = &migration_target(reading->m, direction)->db;
    const char *params[] = {reading->m->config->migration, direction_name(direction)};
    bool exists;
    if (!state_schema_exists(db, &exists, err)) {
        return false;
    }
    report->is_known = !exists;
    if (!exists) {
        return true;
    }
    PGresult *r = db_query(db, err, report_sql, 2, params);
    if (r == NULL) {
        return err_context(err, "while reading the state of the %s link",
                           direction_name(direction));
    }
    report->is_known = true;
    if (PQntuples(r) == 1) {
        fill_report(report, r);
    }
    PQclear(r);
    return true;
}

static bool read_slot(struct reading *reading, enum direction direction, struct err *err) {
    struct link_status *link = &reading->status->links[direction];
    link->slot_is_known = slot_read(reading->m, direction, &link->slot, err);
    return link->slot_is_known;
}

/* the migration, in the new database */

static bool read_state(struct reading *reading, struct err *err) {
    struct status *status = reading->status;
    status->state_is_known = state_read(reading->m, &status->state, err);
    return status->state_is_known;
}

/* clang-format off */
static const char phases_sql[] =
    "SELECT entered.phase, " MOMENT("since") ", extract(epoch FROM"
    "       lead(since, 1, clock_timestamp()) OVER (ORDER BY n) - since)"
    "  FROM pgtandem.migration m"
    " CROSS JOIN LATERAL ("
    "    SELECT m.phase, m.phase_since, 1"
    "     WHERE coalesce(to_jsonb(m)->'phase_history', '[]') = '[]'"
    "     UNION ALL"
    "    SELECT e->>'phase', (e->>'since')::timestamptz, n"
    "      FROM jsonb_array_elements(coalesce(to_jsonb(m)->'phase_history', '[]'))"
    "           WITH ORDINALITY AS entry (e, n)) AS entered (phase, since, n)"
    " WHERE m.name = $1 ORDER BY n";
/* clang-format on */

static bool read_phases(struct reading *reading, struct err *err) {
    struct status *status = reading->status;
    if (!status->state_is_known || !status->state.exists) {
        return true;
    }
    PGresult *r = db_query(&reading->m->new_side.db, err, phases_sql, 1,
                           (const char *const[]){reading->m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read the phases of the migration");
    }
    status->n_phases = (size_t)PQntuples(r);
    status->phases = arena_zero(reading->arena, status->n_phases, sizeof *status->phases);
    for (int i = 0; i < PQntuples(r); i++) {
        status->phases[i] = (struct phase_status){
            arena_copy(reading->arena, PQgetvalue(r, i, 0), (size_t)PQgetlength(r, i, 0)),
            result_int(r, i, 1), strtod(PQgetvalue(r, i, 2), NULL)};
    }
    PQclear(r);
    return true;
}

/* clang-format off */
static const char copy_sql[] =
    "SELECT " MOMENT("control.paused_at") ", " MOMENT("copy.changed_at") ","
    "       " LATER_MOMENT("copy", "since") ","
    "       coalesce(copy.changed_at > clock_timestamp() - interval '10 s', false),"
    "       copy.waiting_for, " LATER("copy", "trouble", "text") ","
    "       copy.rows_per_second, copy.seconds_left,"
    "       (SELECT coalesce(sum(rows_read), 0) FROM pgtandem.chunk"
    "         WHERE migration = $1 AND done_at IS NOT NULL)"
    "  FROM pgtandem.migration m"
    "  LEFT JOIN pgtandem.control ON control.migration = m.name"
    "  LEFT JOIN pgtandem.copy ON copy.migration = m.name"
    " WHERE m.name = $1";
/* clang-format on */

static void fill_copy(struct copy_status *copy, const PGresult *r) {
    copy->paused = !PQgetisnull(r, 0, 0);
    copy->paused_at = result_int(r, 0, 0);
    copy->heard_at = result_int(r, 0, 1);
    copy->said_since = result_int(r, 0, 2);
    copy->speaks = result_bool(r, 0, 3);
    COPY_TEXT(copy->waiting_for, r, 0, 4);
    COPY_TEXT(copy->trouble, r, 0, 5);
    copy->rows_per_second = real_at(r, 0, 6);
    copy->seconds_left = real_at(r, 0, 7);
    copy->rows_done = result_int(r, 0, 8);
}

static bool read_copy(struct reading *reading, struct err *err) {
    const struct status *status = reading->status;
    struct copy_status *copy = &reading->status->copy;
    copy->is_known = status->state_is_known && !status->state.exists;
    if (!status->state_is_known || !status->state.exists) {
        return true;
    }
    PGresult *r = db_query(&reading->m->new_side.db, err, copy_sql, 1,
                           (const char *const[]){reading->m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read what the copy says of itself");
    }
    copy->is_known = true;
    if (PQntuples(r) == 1) {
        fill_copy(copy, r);
    }
    PQclear(r);
    return true;
}

static bool read_statements(struct reading *reading, struct err *err) {
    struct status *status = reading->status;
    if (!status->state_is_known) {
        return true;
    }
    status->statements_are_known =
        !status->state.exists ||
        statements_progress_read(&reading->m->new_side.db, reading->m->config->migration,
                                 reading->arena, &status->after_copy, err);
    return status->statements_are_known;
}

/* the steps of a side */

typedef bool step_fn(struct reading *reading, struct err *err);

static bool read_clock(struct side *side, struct side_status *status, struct err *err) {
    return db_int(&side->db, err, &status->now, "SELECT " MOMENT("clock_timestamp()"), 0, NULL);
}

static bool read_old_clock(struct reading *reading, struct err *err) {
    return read_clock(&reading->m->old_side, &reading->status->sides[SIDE_OLD], err);
}

static bool read_new_clock(struct reading *reading, struct err *err) {
    return read_clock(&reading->m->new_side, &reading->status->sides[SIDE_NEW], err);
}

static bool read_presence(struct reading *reading, struct err *err) {
    bool seen;
    if (!state_sees_presence(reading->m, &seen, err)) {
        return false;
    }
    reading->present = seen ? YES : NO;
    return true;
}

static bool read_lock(struct reading *reading, struct err *err) {
    bool locked;
    if (!state_is_locked(reading->m, &locked, err)) {
        return false;
    }
    reading->locked = locked ? YES : NO;
    return true;
}

static bool read_forward_slot(struct reading *reading, struct err *err) {
    return read_slot(reading, FORWARD, err);
}

static bool read_reverse_slot(struct reading *reading, struct err *err) {
    return read_slot(reading, REVERSE, err);
}

static bool read_forward_report(struct reading *reading, struct err *err) {
    return read_report(reading, FORWARD, err);
}

static bool read_reverse_report(struct reading *reading, struct err *err) {
    return read_report(reading, REVERSE, err);
}

/* A link's slot is where it reads, its rows where it writes. */
static step_fn *const old_steps[] = {read_old_clock, read_forward_slot, read_presence,
                                     read_reverse_report, NULL};
static step_fn *const new_steps[] = {read_new_clock, read_reverse_slot, read_lock,
                                     read_state,     read_phases,       read_forward_report,
                                     read_copy,      read_statements,   NULL};

static bool open_side(struct migration *m, struct side *side, struct err *err) {
    side->db.session.settings = settings;
    side->db.session.connect_within = connect_patience;
    side->db.timeout = connect_patience;
    return session_is_open(&side->db.session) || migration_connect_side(m, side, err);
}

/* What it refuses to tell keeps it from telling nothing else; a connection that is lost, or
 * an answer that does not come in time, do. */
static void ask_side(struct reading *reading, struct side *side, enum which_side which,
                     step_fn *const *steps) {
    struct side_status *status = &reading->status->sides[which];
    usec_t deadline = usec_monotonic() + side_patience;
    err_clear(&status->error);
    bool ok = open_side(reading->m, side, &status->error);
    for (status->reached = ok; session_is_open(&side->db.session) && *steps != NULL; steps++) {
        struct err err;
        usec_t left = deadline - usec_monotonic();
        side->db.timeout = left > 1 ? left : 1;
        if (!(*steps)(reading, &err)) {
            status->error = ok ? err : status->error;
            ok = false;
        }
    }
    status->answered = ok;
}

static void remember_sides(struct status *status, struct status_memory *memory) {
    for (int i = SIDE_OLD; i <= SIDE_NEW; i++) {
        usec_t *since = &memory->error_since[i];
        if (status->sides[i].answered) {
            *since = 0;
        } else if (*since == 0) {
            *since = usec_now();
        }
        status->sides[i].error_since = *since;
    }
}

/* conclusions */

/* The new database holds what counts, if it tells anything; the old one's rows are those
 * that the same process has left there. */
static const struct link_report *process_report(const struct status *status) {
    const struct link_report *forward = &status->links[FORWARD].report;
    return forward->is_known ? forward : &status->links[REVERSE].report;
}

static usec_t later(usec_t a, usec_t b) {
    return a > b ? a : b;
}

static usec_t clock_of(const struct status *status) {
    bool forward = status->links[FORWARD].report.is_known;
    return status->sides[forward ? SIDE_NEW : SIDE_OLD].now;
}

static void conclude_process(struct status *status, enum answer running) {
    struct process_status *process = &status->process;
    const struct link_report *report = process_report(status);
    bool has_ended = report->process_ended_at != 0;
    process->running = running;
    process->heard_at = report->process_began_at != 0 ? report->heard_at : 0;
    process->was_killed = running == NO && report->process_began_at != 0 && !has_ended;
    if (running == YES && !has_ended) { /* else it is preparing itself still */
        process->since = report->process_began_at;
    } else if (running == NO) {
        process->since = has_ended ? report->process_ended_at : process->heard_at;
    }
    process->is_silent =
        running == YES && process->since != 0 && clock_of(status) - process->heard_at > silence;
    if (has_ended && running != YES) {
        memcpy(process->ended_for, report->process_ended_for, sizeof process->ended_for);
    }
}

static bool slot_is_usable(const char *state) {
    static const char *const without[] = {"absent", "lost"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        if (state == NULL || strcmp(state, without[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* A state that was said by a process which is gone is over since that process is. */
static usec_t state_since(const struct link_status *link, const char *state) {
    const struct link_report *report = &link->report;
    if (!slot_is_usable(state)) {
        return 0;
    }
    if (strcmp(state, report->state) == 0) {
        return report->state_since;
    }
    return report->process_ended_at != 0 ? report->process_ended_at : report->heard_at;
}

static bool streams(const struct link_status *link) {
    return link->state != NULL && strcmp(link->state, "streaming") == 0;
}

/* A link that is still to begin is behind by nothing that has an age. */
static bool has_begun(const struct status *status, enum direction direction) {
    if (!status->state_is_known) {
        return true; /* for all that is known */
    }
    return direction == FORWARD ? status->state.backfill >= BACKFILL_copied
                                : status->state.phase >= PHASE_live;
}

static double lag_seconds(const struct status *status, enum direction direction) {
    const struct link_status *link = &status->links[direction];
    const struct link_report *report = &link->report;
    enum answer running = status->process.running;
    bool rests = running == YES && strcmp(report->state, "stopped") == 0;
    bool slot_is_there = !link->slot_is_known || link->slot.exists;
    if (!report->is_known || !slot_is_there || !has_begun(status, direction)) {
        return -1;
    }
    return status_lag_seconds(&report->lag, rests ? NO : running, link->lag_bytes);
}

static void conclude_link(struct status *status, enum direction direction, struct trend *trend) {
    struct link_status *link = &status->links[direction];
    const struct link_report *report = &link->report;
    const struct process_status *process = &status->process;
    bool is_due = status->state_is_known && preparation_slot_is_due(&status->state, direction);
    link->state = status_link_state(link->slot_is_known ? &link->slot : NULL, is_due,
                                    process->running, report->is_known ? report->state : NULL);
    link->since = state_since(link, link->state);
    link->lag_bytes = link->slot_is_known ? status_lag_bytes(&link->slot) : -1;
    link->lag_seconds = lag_seconds(status, direction);
    link->changes_per_second =
        streams(link) && !process->is_silent ? report->changes_per_second : -1;
    if (link->lag_bytes >= 0) {
        trend_note(trend, link->lag_bytes, usec_monotonic());
    }
    bool behind = status_is_behind(link->lag_bytes, link->lag_seconds);
    link->seconds_left = !streams(link) || link->lag_bytes < 0 ? -1
                         : behind                              ? trend_seconds_left(trend)
                                                               : 0;
}

static usec_t activity_since(const struct copy_status *copy, const struct process_status *process) {
    switch (copy->activity) {
        case COPY_copying:
        case COPY_waiting:
        case COPY_retrying:
            return copy->said_since;
        case COPY_paused:
            return copy->paused_at;
        case COPY_silent:
            return later(copy->heard_at, process->since);
        case COPY_interrupted:
            return process->since;
        case COPY_none:
            return 0;
    }
    return 0;
}

static const char *activity_reason(const struct copy_status *copy,
                                   const struct process_status *process) {
    const char *reason = NULL;
    if (copy->activity == COPY_waiting || copy->activity == COPY_paused) {
        reason = copy->waiting_for;
    } else if (copy->activity == COPY_retrying) {
        reason = copy->trouble;
    } else if (copy->activity == COPY_interrupted) {
        reason = process->ended_for;
    }
    return reason != NULL && reason[0] != '\0' ? reason : NULL;
}

static void conclude_copy(struct status *status) {
    struct copy_status *copy = &status->copy;
    enum backfill backfill = status->state.backfill;
    copy->rows_total = status_rows_total(backfill, status->state.rows_estimated, copy->rows_done);
    copy->activity = status_copy_activity(
        &(struct copy_signs){backfill, status->process.running, copy->speaks, copy->paused,
                             copy->waiting_for[0] != '\0', copy->trouble[0] != '\0'});
    copy->since = activity_since(copy, &status->process);
    copy->reason = activity_reason(copy, &status->process);
    if (copy->activity != COPY_copying) {
        copy->rows_per_second = 0;
        copy->seconds_left = -1;
    }
}

/* A link is far behind, and nobody knows yet where its lag is going. */
static bool wants_second_look(const struct link_status *link, const struct trend *trend) {
    return link->slot_is_known && streams(link) && link->seconds_left < 0 && trend->count == 1;
}

static void look_again(struct reading *reading, struct status_memory *memory) {
    struct link_status *links = reading->status->links;
    struct err ignored;
    bool wanted = wants_second_look(&links[FORWARD], &memory->lags[FORWARD]) ||
                  wants_second_look(&links[REVERSE], &memory->lags[REVERSE]);
    if (!wanted || !loop_sleep(reading->m->loop, second_look, NULL)) {
        return;
    }
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (links[d].slot_is_known && read_slot(reading, d, &ignored)) {
            conclude_link(reading->status, d, &memory->lags[d]);
        }
    }
}

bool status_read(struct migration *m, struct status_memory *memory, struct arena *arena,
                 struct status *status) {
    struct reading reading = {.m = m, .arena = arena, .status = status};
    memset(status, 0, sizeof *status);
    status->copy.seconds_left = -1;
    status->links[FORWARD].report.changes_per_second = -1;
    status->links[REVERSE].report.changes_per_second = -1;
    ask_side(&reading, &m->new_side, SIDE_NEW, new_steps);
    ask_side(&reading, &m->old_side, SIDE_OLD, old_steps);
    remember_sides(status, memory);
    conclude_process(status, status_running(reading.locked, reading.present));
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        conclude_link(status, d, &memory->lags[d]);
    }
    conclude_copy(status);
    look_again(&reading, memory);
    status->at = usec_now();
    return !m->loop->stopping;
}
