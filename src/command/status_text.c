/* status_text.c - a status for people; see status_show.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command/format.h"
#include "command/paragraph.h"
#include "command/status_show.h"

/* since when, and for how long */

/* " since 2026-11-22 09:10:23 UTC (5 min 2 s)", or nothing where that is not known */
static void add_since(struct buf *text, usec_t since, usec_t now) {
    if (since != 0) {
        buf_add_format(text, " since %s", format_moment(since).text);
    }
    if (since != 0 && now > since) {
        buf_add_format(text, " (%s)",
                       format_seconds((double)(now - since) / (double)USEC_SECOND).text);
    }
}

static bool is_away(const struct status *status, enum which_side which) {
    return !status->sides[which].answered;
}

/* Why a figure that `which` tells is not known. */
static void add_unknown(struct buf *text, const struct status *status, enum which_side which) {
    const struct side_status *side = &status->sides[which];
    buf_add_format(text, "unknown: cannot %s the %s database", side->reached ? "read" : "reach",
                   which_side_name(which));
    add_since(text, side->error_since, status->at);
}

/* A paragraph of its own, from a text that is then empty. */
static void put(struct buf *out, const char *label, struct buf *text) {
    paragraph_add(out, label, buf_text(text));
    buf_reset(text);
}

/* the head */

static void add_ended(struct buf *text, const struct process_status *process, usec_t now) {
    buf_add_text(text, "not running");
    if (process->was_killed) {
        buf_add_format(text, ": killed or cut off, heard of last at %s",
                       format_moment(process->heard_at).text);
        return;
    }
    add_since(text, process->since, now);
    if (process->ended_for[0] != '\0') {
        buf_add_format(text, ": %s", process->ended_for);
    }
}

static void add_process(struct buf *out, struct buf *text, const struct status *status) {
    const struct process_status *process = &status->process;
    usec_t now = status->sides[is_away(status, SIDE_NEW) ? SIDE_OLD : SIDE_NEW].now;
    switch (process->running) {
        case YES:
            buf_add_text(text, "running");
            add_since(text, process->since, now);
            if (process->is_silent) {
                buf_add_text(text, ", silent");
                add_since(text, process->heard_at, now);
            }
            break;
        case NO:
            add_ended(text, process, now);
            break;
        case NOT_KNOWN:
            add_unknown(text, status, SIDE_NEW);
            if (process->heard_at != 0) {
                buf_add_format(text, "; heard of last at %s",
                               format_moment(process->heard_at).text);
            }
            break;
    }
    put(out, "service", text);
}

static void add_phases(struct buf *out, struct buf *text, const struct status *status) {
    if (!status->state_is_known) {
        add_unknown(text, status, SIDE_NEW);
    } else if (!status->state.exists) {
        buf_add_text(text, "setup (setup has not run yet)");
    } else {
        buf_add_text(text, phase_name(status->state.phase));
    }
    if (status->n_phases > 0) {
        add_since(text, status->phases[status->n_phases - 1].since, status->sides[SIDE_NEW].now);
    }
    put(out, "phase", text);
    for (size_t i = 0; i + 1 < status->n_phases; i++) {
        const struct phase_status *phase = &status->phases[i];
        buf_add_format(text, "%s, %s, from %s", phase->name, format_seconds(phase->seconds).text,
                       format_moment(phase->since).text);
        put(out, i == 0 ? "before" : "", text);
    }
}

/* the copy */

static void add_rows(struct buf *text, const struct copy_status *copy) {
    if (copy->rows_total > 0) {
        buf_add_format(text, ", %s of %s rows (%s)", format_count(copy->rows_done).text,
                       format_count(copy->rows_total).text,
                       format_percent(copy->rows_done, copy->rows_total).text);
    }
}

static void add_activity(struct buf *text, const struct copy_status *copy, usec_t now) {
    switch (copy->activity) {
        case COPY_none:
            return;
        case COPY_copying:
            buf_add_format(text, "%s rows/s", format_count((int64_t)copy->rows_per_second).text);
            if (copy->seconds_left >= 0) {
                buf_add_format(text, ", ready in about %s",
                               format_seconds(copy->seconds_left).text);
            }
            return;
        case COPY_waiting:
        case COPY_paused:
            buf_add_format(text, "waiting for %s", copy->reason);
            if (copy->activity == COPY_waiting) {
                add_since(text, copy->since, now);
            }
            return;
        case COPY_retrying:
            buf_add_text(text, "trying again");
            break;
        case COPY_silent:
            buf_add_text(text, "nothing was heard of it");
            break;
        case COPY_interrupted: /* as is said before */
            break;
    }
    add_since(text, copy->since, now);
    if (copy->reason != NULL) {
        buf_add_format(text, ": %s", copy->reason);
    }
}

/* "running" is said of a copy only while a process is at it. */
static const char *backfill_word(const struct status *status) {
    if (status->copy.activity != COPY_interrupted) {
        return backfill_name(status->state.backfill);
    }
    return status->state.backfill == BACKFILL_copied ? "copied, interrupted" : "interrupted";
}

static void add_copy(struct buf *out, struct buf *text, const struct status *status) {
    const struct copy_status *copy = &status->copy;
    if (!status->state_is_known || !copy->is_known) {
        add_unknown(text, status, SIDE_NEW);
        put(out, "backfill", text);
        return;
    }
    buf_add_text(text, backfill_word(status));
    add_rows(text, copy);
    put(out, "backfill", text);
    add_activity(text, copy, status->sides[SIDE_NEW].now);
    if (text->size > 0) {
        put(out, "", text);
    }
    if (copy->paused && copy->activity != COPY_paused &&
        status->state.backfill <= BACKFILL_copied) {
        paragraph_add(out, "", "paused: pgtandem resume lets it go on");
    }
}

static void add_statements(struct buf *out, struct buf *text,
                           const struct statements_progress *progress) {
    if (progress->total > 0) {
        buf_add_format(text, "%s of %s done", format_count(progress->done).text,
                       format_count(progress->total).text);
        put(out, "statements", text);
    }
    for (size_t i = 0; i < progress->n_running; i++) {
        statement_progress_add(text, &progress->running[i]);
        put(out, "", text);
    }
}

/* the links: a line for each figure, a column for each link */

enum { LABEL_COLUMNS = 24, LINK_COLUMNS = 26 };

typedef void cell_fn(struct buf *cell, const struct link_status *link);

static void add_state(struct buf *cell, const struct link_status *link) {
    if (link->state != NULL) {
        buf_add_text(cell, link->state);
    }
}

/* A link that is still to come has no figures. */
static bool is_absent(const struct link_status *link) {
    return link->state != NULL && strcmp(link->state, "absent") == 0;
}

static void add_state_since(struct buf *cell, const struct link_status *link) {
    if (link->since != 0) {
        buf_add_text(cell, format_moment(link->since).text);
    } else if (is_absent(link)) {
        buf_add_char(cell, '-');
    }
}

static void add_lag(struct buf *cell, const struct link_status *link) {
    if (link->lag_bytes >= 0) {
        buf_add_text(cell, format_bytes(link->lag_bytes).text);
    } else if (is_absent(link)) {
        buf_add_char(cell, '-');
    }
}

static void add_lag_seconds(struct buf *cell, const struct link_status *link) {
    if (link->lag_seconds >= 0) {
        buf_add_text(cell, format_seconds(link->lag_seconds).text);
    } else if (link->lag_bytes >= 0 || is_absent(link)) {
        buf_add_char(cell, '-'); /* it is still to begin */
    }
}

static bool streams(const struct link_status *link) {
    return link->state != NULL && strcmp(link->state, "streaming") == 0;
}

static void add_caught_up(struct buf *cell, const struct link_status *link) {
    if (link->seconds_left >= 0) {
        buf_add_text(cell,
                     link->seconds_left > 0 ? format_seconds(link->seconds_left).text : "now");
    } else if (streams(link) && link->slot_is_known) {
        buf_add_text(cell, "not at this rate");
    } else if (link->state != NULL) {
        buf_add_char(cell, '-');
    }
}

static void add_changes_per_second(struct buf *cell, const struct link_status *link) {
    if (link->changes_per_second >= 100) {
        buf_add_text(cell, format_count((int64_t)link->changes_per_second).text);
    } else if (link->changes_per_second >= 0) {
        buf_add_format(cell, "%.1f", link->changes_per_second);
    } else if (link->state != NULL && !streams(link)) {
        buf_add_char(cell, '-');
    }
}

static void add_count(struct buf *cell, const struct link_status *link, int64_t n) {
    if (link->report.is_known) {
        buf_add_text(cell, format_count(n).text);
    }
}

static void add_transactions(struct buf *cell, const struct link_status *link) {
    add_count(cell, link, link->report.applied_transactions);
}

static void add_changes(struct buf *cell, const struct link_status *link) {
    add_count(cell, link, link->report.applied_changes);
}

static void add_conflicts(struct buf *cell, const struct link_status *link) {
    add_count(cell, link, link->report.conflicts);
}

static void add_conflicts_open(struct buf *cell, const struct link_status *link) {
    add_count(cell, link, link->report.conflicts_open);
}

static void add_parked(struct buf *cell, const struct link_status *link) {
    add_count(cell, link, link->report.parked);
}

static void add_slot_figure(struct buf *cell, const struct link_status *link, const char *figure) {
    if (link->slot_is_known) {
        buf_add_text(cell, link->slot.exists ? figure : "-");
    }
}

static void add_retained(struct buf *cell, const struct link_status *link) {
    const struct slot_info *slot = &link->slot;
    add_slot_figure(cell, link, slot->has_restart ? format_bytes(slot->retained).text : "-");
}

static void add_safe(struct buf *cell, const struct link_status *link) {
    const struct slot_info *slot = &link->slot;
    int64_t safe = slot->safe > 0 ? slot->safe : 0;
    add_slot_figure(cell, link,
                    slot->lost         ? "-"
                    : slot->is_limited ? format_bytes(safe).text
                                       : "no limit");
}

static void add_wal_status(struct buf *cell, const struct link_status *link) {
    add_slot_figure(cell, link, link->slot.wal_status);
}

static const struct link_line {
    const char *label;
    cell_fn *add;
} link_lines[] = {
    {"state", add_state},
    {"since", add_state_since},
    {"lag", add_lag},
    {"lag in time", add_lag_seconds},
    {"caught up in about", add_caught_up},
    {"changes/s", add_changes_per_second},
    {"transactions", add_transactions},
    {"changes", add_changes},
    {"conflicts", add_conflicts},
    {"  of these open", add_conflicts_open},
    {"parked", add_parked},
    {"log kept by the slot", add_retained},
    {"  may still grow by", add_safe},
    {"  the server calls it", add_wal_status},
};

static void add_cell(struct buf *out, cell_fn *add, const struct link_status *link) {
    struct buf cell;
    buf_init(&cell);
    add(&cell, link);
    buf_add_format(out, "%*s", LINK_COLUMNS, cell.size > 0 ? cell.data : "unknown");
    buf_fini(&cell);
}

static void add_links(struct buf *out, const struct status *status) {
    buf_add_format(out, "\n%-*s%*s%*s\n", LABEL_COLUMNS, "link", LINK_COLUMNS, "forward",
                   LINK_COLUMNS, "reverse");
    for (size_t i = 0; i < sizeof link_lines / sizeof *link_lines; i++) {
        buf_add_format(out, "%-*s", LABEL_COLUMNS, link_lines[i].label);
        add_cell(out, link_lines[i].add, &status->links[FORWARD]);
        add_cell(out, link_lines[i].add, &status->links[REVERSE]);
        buf_add_char(out, '\n');
    }
}

/* what is not in order, and what is being done about it */

static void add_sides(struct buf *out, struct buf *text, const struct status *status) {
    for (enum which_side which = SIDE_OLD; which <= SIDE_NEW; which++) {
        if (is_away(status, which)) {
            add_unknown(text, status, which);
            buf_add_format(text, ": %s", status->sides[which].error.message);
            buf_add_char(out, '\n');
            put(out, which_side_name(which), text);
        }
    }
}

static void add_mending(struct buf *out, struct buf *text, const struct status *status) {
    const struct link_report *f = &status->links[FORWARD].report;
    const struct link_report *r = &status->links[REVERSE].report;
    if (f->rechecks + r->rechecks > 0) {
        buf_add_char(out, '\n');
        buf_add_format(text, "%s waiting", format_count(f->rechecks + r->rechecks).text);
        put(out, "rechecks", text);
    }
    if (f->conflicts_open + r->conflicts_open + f->parked + r->parked > 0) {
        buf_add_text(out, "\nsee \"pgtandem conflicts list\"\n");
    }
}

static void add_waits(struct buf *out, struct buf *text, const struct status *status) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        const char *whom = status->links[d].report.waiting_for;
        if (whom[0] != '\0' && status->process.running != NO) {
            buf_add_char(out, '\n');
            buf_add_format(text, "waiting for %s", whom);
            put(out, direction_name(d), text);
        }
    }
}

/* As it is: who looks for a key does not want it over two lines. */
static void add_values(struct buf *out, const struct link_report *report) {
    if (report->last_error_values[0] != '\0') {
        buf_add_format(out, "with values: %s\n", report->last_error_values);
    }
}

static void add_errors(struct buf *out, struct buf *text, const struct status *status) {
    bool any = false;
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        const struct link_report *report = &status->links[d].report;
        if (report->last_error[0] != '\0') {
            any = true;
            buf_add_char(out, '\n');
            buf_add_format(text, "last error: %s", report->last_error);
            put(out, direction_name(d), text);
            add_values(out, report);
        }
    }
    if (!any) { /* of what the process ended for */
        add_values(out, &status->links[FORWARD].report);
    }
}

void status_add_text(struct buf *out, const struct migration *m, const struct status *status) {
    struct buf text;
    buf_init(&text);
    paragraph_add(out, "migration", m->config->migration);
    paragraph_add(out, "read at", format_moment(status->at).text);
    add_process(out, &text, status);
    add_phases(out, &text, status);
    add_copy(out, &text, status);
    add_statements(out, &text, &status->after_copy);
    add_sides(out, &text, status);
    add_links(out, status);
    add_mending(out, &text, status);
    add_waits(out, &text, status);
    add_errors(out, &text, status);
    buf_fini(&text);
}
