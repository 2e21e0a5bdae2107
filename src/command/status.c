/* status.c - `pgtandem status`: where the migration stands, for people and
 * programs. What the figures mean is in status_read.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "command/command.h"
#include "command/format.h"
#include "command/json.h"
#include "command/status_read.h"

static void json_slot(struct json *json, const struct object_name *name,
                      const struct slot_info *slot) {
    json_object(json, "slot");
    json_text(json, "name", slot->exists ? name->text : NULL);
    json_bool(json, "active", slot->active);
    json_text(json, "confirmed_flush_lsn",
              slot->exists ? lsn_format(slot->confirmed_flush).text : NULL);
    json_end_object(json);
}

static void json_link(struct json *json, const struct migration *m, enum direction direction,
                      const struct link_status *link) {
    struct object_name name = migration_slot(m, direction);
    const struct link_report *report = &link->report;
    json_object(json, direction_name(direction));
    json_text(json, "state", link->state);
    json_int(json, "lag_bytes", link->lag_bytes);
    json_real(json, "lag_seconds", link->lag_seconds);
    json_int(json, "applied_transactions", report->applied_transactions);
    json_int(json, "applied_changes", report->applied_changes);
    json_int(json, "conflicts", report->conflicts);
    json_int(json, "conflicts_open", report->conflicts_open);
    json_int(json, "parked", report->parked);
    json_text(json, "last_error", report->last_error[0] != '\0' ? report->last_error : NULL);
    json_slot(json, &name, &link->slot);
    json_end_object(json);
}

static void json_copy(struct json *json, const struct copy_status *copy) {
    json_bool(json, "paused", copy->paused);
    json_real(json, "rows_per_second", copy->speaks ? copy->rows_per_second : 0);
    if (copy->speaks && copy->seconds_left >= 0) {
        json_real(json, "seconds_left", copy->seconds_left);
    } else {
        json_text(json, "seconds_left", NULL);
    }
    json_text(json, "waiting_for",
              copy->speaks && copy->waiting_for[0] != '\0' ? copy->waiting_for : NULL);
}

static void json_backfill(struct json *json, const struct status *status) {
    json_object(json, "backfill");
    json_text(json, "state", backfill_name(status->state.backfill));
    json_int(json, "rows_done", status->rows_done);
    json_int(json, "rows_total", status->rows_total);
    json_copy(json, &status->copy);
    json_end_object(json);
}

static void json_statement(struct json *json, const struct statement_progress *one) {
    json_object(json, NULL);
    json_text(json, "file", one->file[0] != '\0' ? one->file : NULL);
    json_int(json, "number", strtoll(one->number, NULL, 10));
    json_text(json, "statement", one->statement);
    json_text(json, "index", one->index);
    json_text(json, "phase", one->phase);
    if (one->percent >= 0) {
        json_real(json, "percent", round(one->percent * 10) / 10);
    } else {
        json_text(json, "percent", NULL);
    }
    json_text(json, "waits_for", one->waits_for[0] != '\0' ? one->waits_for : NULL);
    json_end_object(json);
}

static void json_after_copy(struct json *json, const struct statements_progress *progress) {
    json_object(json, "after_copy");
    json_int(json, "total", progress->total);
    json_int(json, "done", progress->done);
    json_array(json, "running");
    for (size_t i = 0; i < progress->n_running; i++) {
        json_statement(json, &progress->running[i]);
    }
    json_end_array(json);
    json_end_object(json);
}

static void print_json(const struct migration *m, const struct status *status, bool pretty) {
    struct json json;
    json_init(&json, pretty);
    json_object(&json, NULL);
    json_text(&json, "migration", m->config->migration);
    json_text(&json, "phase", phase_name(status->state.phase));
    json_bool(&json, "running", status->running);
    json_backfill(&json, status);
    json_after_copy(&json, &status->after_copy);
    json_int(&json, "rechecks", status->rechecks);
    json_link(&json, m, FORWARD, &status->links[FORWARD]);
    json_link(&json, m, REVERSE, &status->links[REVERSE]);
    json_end_object(&json);
    json_print(&json);
    json_fini(&json);
}

/* Behind the rows: how fast, and what keeps it from going faster. */
static void print_copy(const struct status *status) {
    const struct copy_status *copy = &status->copy;
    if (copy->speaks && copy->waiting_for[0] != '\0') {
        printf("\n           waiting for %s", copy->waiting_for);
    } else if (copy->speaks && copy->seconds_left >= 0) {
        printf(", %s/s, ready in about %s", format_count((int64_t)copy->rows_per_second).text,
               format_seconds(copy->seconds_left).text);
    } else if (copy->paused && status->state.backfill <= BACKFILL_copied) {
        printf("\n           paused: pgtandem resume lets it go on");
    }
}

static void print_statements(const struct statements_progress *progress) {
    if (progress->total > 0) {
        printf("statements %s of %s done\n", format_count(progress->done).text,
               format_count(progress->total).text);
    }
    for (size_t i = 0; i < progress->n_running; i++) {
        struct buf text;
        buf_init(&text);
        statement_progress_add(&text, &progress->running[i]);
        printf("           %s\n", text.data);
        buf_fini(&text);
    }
}

static void print_head(const struct migration *m, const struct status *status) {
    printf("migration  %s\n", m->config->migration);
    if (status->state.exists) {
        printf("phase      %s\n", phase_name(status->state.phase));
    } else {
        puts("phase      setup (setup has not run yet)");
    }
    printf("service    %s\n", status->running ? "running" : "not running");
    printf("backfill   %s", backfill_name(status->state.backfill));
    if (status->rows_total > 0) {
        printf(", %s of %s rows (%s)", format_count(status->rows_done).text,
               format_count(status->rows_total).text,
               format_percent(status->rows_done, status->rows_total).text);
    }
    print_copy(status);
    puts("");
    print_statements(&status->after_copy);
    puts("");
}

static void print_link(enum direction direction, const struct link_status *link) {
    const struct link_report *report = &link->report;
    printf("%-10s %-10s %12s %12s %14s %14s %10s %8s %8s\n", direction_name(direction), link->state,
           format_bytes(link->lag_bytes).text, format_seconds(link->lag_seconds).text,
           format_count(report->applied_transactions).text,
           format_count(report->applied_changes).text, format_count(report->conflicts).text,
           format_count(report->conflicts_open).text, format_count(report->parked).text);
}

/* What is not in order, and what is being done about it. */
static void print_mending(const struct status *status) {
    const struct link_report *f = &status->links[FORWARD].report;
    const struct link_report *r = &status->links[REVERSE].report;
    if (status->rechecks > 0) {
        printf("\nrechecks   %s waiting\n", format_count(status->rechecks).text);
    }
    if (f->conflicts_open + r->conflicts_open + f->parked + r->parked > 0) {
        puts("\nsee \"pgtandem conflicts list\"");
    }
}

static void print_text(const struct migration *m, const struct status *status) {
    print_head(m, status);
    printf("%-10s %-10s %12s %12s %14s %14s %10s %8s %8s\n", "link", "state", "lag", "lag in time",
           "transactions", "changes", "conflicts", "open", "parked");
    print_link(FORWARD, &status->links[FORWARD]);
    print_link(REVERSE, &status->links[REVERSE]);
    print_mending(status);
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (status->links[d].report.last_error[0] != '\0') {
            printf("\n%s: last error: %s\n", direction_name(d), status->links[d].report.last_error);
        }
    }
}

static bool show(struct invocation *invocation, struct migration *m, struct err *err) {
    bool watch = options_has(invocation->options, "watch");
    struct status status;
    struct arena arena;
    arena_init(&arena);
    if (!status_read(m, &arena, &status, err)) {
        arena_fini(&arena);
        return false;
    }
    if (watch && isatty(STDOUT_FILENO)) {
        fputs("\033[H\033[J", stdout); /* from the top of an empty screen */
    }
    if (options_has(invocation->options, "json")) {
        print_json(m, &status, !watch);
    } else {
        print_text(m, &status);
    }
    fflush(stdout);
    arena_fini(&arena);
    return true;
}

/* Until a signal comes; a server that is away for a while ends nothing. */
static void watch(struct invocation *invocation, struct migration *m) {
    while (loop_sleep(m->loop, USEC_SECOND, NULL)) {
        struct err err;
        err_clear(&err);
        if (!show(invocation, m, &err) && !m->loop->stopping) {
            command_fail(&err);
        }
    }
}

int command_status(struct invocation *invocation) {
    struct migration m;
    struct err err;
    err_clear(&err);
    migration_init(&m, invocation->config, invocation->loop);
    bool ok = migration_connect(&m, &err) && show(invocation, &m, &err);
    if (ok && options_has(invocation->options, "watch")) {
        watch(invocation, &m);
    }
    migration_fini(&m);
    return ok ? 0 : command_fail(&err);
}
