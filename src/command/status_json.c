/* status_json.c - a status for programs; see status_show.h. */
#include <math.h>
#include <stdlib.h>

#include "command/status_show.h"

static void known_int(struct json *json, const char *key, bool known, int64_t n) {
    if (known) {
        json_int(json, key, n);
    } else {
        json_text(json, key, NULL);
    }
}

/* Negative: not known */
static void known_real(struct json *json, const char *key, double x) {
    if (x >= 0) {
        json_real(json, key, x);
    } else {
        json_text(json, key, NULL);
    }
}

static void known_bool(struct json *json, const char *key, enum answer answer) {
    if (answer != NOT_KNOWN) {
        json_bool(json, key, answer == YES);
    } else {
        json_text(json, key, NULL);
    }
}

static const char *or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static void add_side(struct json *json, enum which_side which, const struct side_status *side) {
    json_object(json, which_side_name(which));
    json_bool(json, "reached", side->reached);
    json_time(json, "error_since", side->error_since);
    json_text(json, "error", side->answered ? NULL : side->error.message);
    json_end_object(json);
}

static void add_process(struct json *json, const struct process_status *process) {
    known_bool(json, "running", process->running);
    json_time(json, "since", process->since);
    json_time(json, "heard_at", process->heard_at);
    json_text(json, "ended_for",
              process->was_killed ? "killed, or cut off" : or_null(process->ended_for));
}

static void add_phases(struct json *json, const struct status *status) {
    bool any = status->n_phases > 0;
    json_text(json, "phase", status->state_is_known ? phase_name(status->state.phase) : NULL);
    json_time(json, "phase_since", any ? status->phases[status->n_phases - 1].since : 0);
    json_array(json, "phases");
    for (size_t i = 0; i < status->n_phases; i++) {
        json_object(json, NULL);
        json_text(json, "phase", status->phases[i].name);
        json_time(json, "since", status->phases[i].since);
        json_real(json, "seconds", status->phases[i].seconds);
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_backfill(struct json *json, const struct status *status) {
    const struct copy_status *copy = &status->copy;
    json_object(json, "backfill");
    json_text(json, "state", status->state_is_known ? backfill_name(status->state.backfill) : NULL);
    known_int(json, "rows_done", copy->is_known, copy->rows_done);
    known_int(json, "rows_total", copy->is_known, copy->rows_total);
    known_bool(json, "paused", !copy->is_known ? NOT_KNOWN : copy->paused ? YES : NO);
    known_real(json, "rows_per_second", copy->is_known ? copy->rows_per_second : -1);
    known_real(json, "seconds_left", copy->seconds_left);
    bool waits = copy->activity == COPY_waiting || copy->activity == COPY_paused;
    json_text(json, "waiting_for", waits ? copy->reason : NULL);
    json_text(json, "activity",
              copy->activity != COPY_none ? copy_activity_name(copy->activity) : NULL);
    json_time(json, "since", copy->since);
    json_text(json, "reason", waits ? NULL : copy->reason);
    json_end_object(json);
}

static void add_statement(struct json *json, const struct statement_progress *one) {
    json_object(json, NULL);
    json_text(json, "file", or_null(one->file));
    json_int(json, "number", strtoll(one->number, NULL, 10));
    json_text(json, "statement", one->statement);
    json_text(json, "index", one->index);
    json_text(json, "phase", one->phase);
    known_real(json, "percent", one->percent >= 0 ? round(one->percent * 10) / 10 : -1);
    json_text(json, "waits_for", or_null(one->waits_for));
    json_end_object(json);
}

static void add_after_copy(struct json *json, const struct status *status) {
    const struct statements_progress *progress = &status->after_copy;
    json_object(json, "after_copy");
    known_int(json, "total", status->statements_are_known, progress->total);
    known_int(json, "done", status->statements_are_known, progress->done);
    json_array(json, "running");
    for (size_t i = 0; i < progress->n_running; i++) {
        add_statement(json, &progress->running[i]);
    }
    json_end_array(json);
    json_end_object(json);
}

static void add_slot(struct json *json, const struct object_name *name,
                     const struct link_status *link) {
    const struct slot_info *slot = &link->slot;
    bool exists = link->slot_is_known && slot->exists;
    json_object(json, "slot");
    json_text(json, "name", exists ? name->text : NULL);
    known_bool(json, "active", !link->slot_is_known ? NOT_KNOWN : slot->active ? YES : NO);
    json_text(json, "confirmed_flush_lsn", exists ? lsn_format(slot->confirmed_flush).text : NULL);
    known_int(json, "retained_bytes", exists && slot->has_restart, slot->retained);
    known_int(json, "safe_bytes", exists && slot->is_limited, slot->safe);
    json_text(json, "wal_status", exists ? or_null(slot->wal_status) : NULL);
    json_end_object(json);
}

/* The last word of a process that is gone is nobody's. */
static const char *link_waiting_for(const struct status *status, enum direction direction) {
    bool gone = status->process.running == NO;
    return gone ? NULL : or_null(status->links[direction].report.waiting_for);
}

static void add_link(struct json *json, const struct migration *m, enum direction direction,
                     const struct status *status) {
    const struct link_status *link = &status->links[direction];
    struct object_name name = migration_slot(m, direction);
    const struct link_report *report = &link->report;
    json_object(json, direction_name(direction));
    json_text(json, "state", link->state);
    json_time(json, "since", link->since);
    known_int(json, "lag_bytes", link->lag_bytes >= 0, link->lag_bytes);
    known_real(json, "lag_seconds", link->lag_seconds);
    known_real(json, "changes_per_second", link->changes_per_second);
    known_real(json, "seconds_left", link->seconds_left);
    known_int(json, "applied_transactions", report->is_known, report->applied_transactions);
    known_int(json, "applied_changes", report->is_known, report->applied_changes);
    known_int(json, "conflicts", report->is_known, report->conflicts);
    known_int(json, "conflicts_open", report->is_known, report->conflicts_open);
    known_int(json, "parked", report->is_known, report->parked);
    json_text(json, "waiting_for", link_waiting_for(status, direction));
    json_text(json, "last_error", or_null(report->last_error));
    json_text(json, "last_error_values", or_null(report->last_error_values));
    add_slot(json, &name, link);
    json_end_object(json);
}

static void add_empty_array(struct json *json, const char *key) {
    json_array(json, key);
    json_end_array(json);
}

void status_add_json(struct json *json, const struct migration *m, const struct status *status) {
    const struct link_report *f = &status->links[FORWARD].report;
    const struct link_report *r = &status->links[REVERSE].report;
    json_object(json, NULL);
    json_text(json, "migration", m->config->migration);
    json_time(json, "time", status->at);
    add_phases(json, status);
    add_process(json, &status->process);
    json_object(json, "sides");
    add_side(json, SIDE_OLD, &status->sides[SIDE_OLD]);
    add_side(json, SIDE_NEW, &status->sides[SIDE_NEW]);
    json_end_object(json);
    add_backfill(json, status);
    add_after_copy(json, status);
    known_int(json, "rechecks", f->is_known && r->is_known, f->rechecks + r->rechecks);
    add_link(json, m, FORWARD, status);
    add_link(json, m, REVERSE, status);
    add_empty_array(json, "gaps");
    add_empty_array(json, "alerts");
    json_text(json, "verified", NULL);
    json_end_object(json);
}
