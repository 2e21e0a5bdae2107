/* steer.c - the commands pause, resume and throttle: what is asked of a copy, from
 * any host that reaches the new database. Who copies looks at it once a second
 * (copy/governor.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "command/command.h"
#include "command/format.h"
#include "command/json.h"
#include "copy/limits.h"
#include "pg/control.h"
#include "pg/state.h"

struct steering {
    struct migration m;
    struct migration_state state;
    struct control control;
};

static bool begin(struct steering *steering, struct invocation *invocation, struct err *err) {
    err_clear(err);
    migration_init(&steering->m, invocation->config, invocation->loop);
    if (!migration_connect_side(&steering->m, &steering->m.new_side, err) ||
        !state_read(&steering->m, &steering->state, err)) {
        return false;
    }
    if (!steering->state.exists) {
        err_set(err, ERR_NOT_READY, "there is no copy to steer: setup has not run");
        return err_hint(err, "run pgtandem setup first; limits for the start belong in the "
                             "configuration");
    }
    return control_read(&steering->m, &steering->control, err);
}

static int end(struct steering *steering, bool ok, const struct err *err) {
    migration_fini(&steering->m);
    return ok ? 0 : command_fail(err);
}

/* pause and resume */

/* Statements after the copy may be left when it is `copied`. */
static bool is_over(const struct steering *steering) {
    return steering->state.backfill == BACKFILL_done ||
           steering->state.backfill == BACKFILL_skipped;
}

static bool refuse_over(const char *what, const struct steering *steering, struct err *err) {
    return err_set(err, ERR_NOT_READY, "there is no copy to %s: it is %s", what,
                   backfill_name(steering->state.backfill));
}

static bool pause_copy(struct steering *steering, struct err *err) {
    if (is_over(steering)) {
        return refuse_over("pause", steering, err);
    }
    if (steering->control.paused) {
        printf("the copy is paused already, since %.19s UTC\n", steering->control.paused_at);
        return true;
    }
    if (!control_write_pause(&steering->m, true, err)) {
        return false;
    }
    puts("the copy pauses: what is under way is finished, nothing else is begun\n"
         "\"pgtandem resume\" lets it go on");
    return true;
}

static bool resume_copy(struct steering *steering, struct err *err) {
    if (is_over(steering)) {
        return refuse_over("resume", steering, err);
    }
    if (!steering->control.paused) {
        puts("the copy is not paused");
        return true;
    }
    if (!control_write_pause(&steering->m, false, err)) {
        return false;
    }
    puts("the copy goes on");
    return true;
}

int command_pause(struct invocation *invocation) {
    struct steering steering;
    struct err err;
    bool ok = begin(&steering, invocation, &err) && pause_copy(&steering, &err);
    return end(&steering, ok, &err);
}

int command_resume(struct invocation *invocation) {
    struct steering steering;
    struct err err;
    bool ok = begin(&steering, invocation, &err) && resume_copy(&steering, &err);
    return end(&steering, ok, &err);
}

/* throttle: what was asked for */

typedef bool parse_fn(const char *text, int64_t *number);

/* "default" is what the configuration says, "none" is no limit. */
static bool read_limit(const struct options *options, const char *name, parse_fn *parse,
                       const char *wanted, int64_t *limit, struct err *err) {
    const char *text = options_value(options, name);
    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "default") == 0) {
        *limit = CONTROL_AS_CONFIGURED;
        return true;
    }
    if (strcmp(text, "none") == 0) {
        *limit = 0;
        return true;
    }
    return parse(text, limit) ||
           err_set(err, ERR_USAGE, "option --%s wants %s, none or default, not \"%.40s\"", name,
                   wanted, text);
}

static bool read_query_max(const struct options *options, struct control *control,
                           struct err *err) {
    const char *text = options_value(options, "query-max");
    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "default") == 0) {
        control->query_max = NAN;
        return true;
    }
    return quantity_real(text, &control->query_max) ||
           err_set(err, ERR_USAGE, "option --query-max wants a number or default, not \"%.40s\"",
                   text);
}

static bool read_limits(const struct options *options, struct control *control, struct err *err) {
    if (options_has(options, "reset")) {
        bool paused = control->paused;
        char paused_at[USEC_TEXT_SIZE];
        memcpy(paused_at, control->paused_at, sizeof paused_at);
        control_init(control);
        control->paused = paused;
        memcpy(control->paused_at, paused_at, sizeof paused_at);
    }
    return read_limit(options, "rows-per-second", quantity_number, "a number",
                      &control->rows_per_second, err) &&
           read_limit(options, "replica-lag", quantity_duration, "a duration such as 5s",
                      &control->replica_lag, err) &&
           read_limit(options, "active-sessions", quantity_number, "a number",
                      &control->active_sessions, err) &&
           read_limit(options, "slot-wal", quantity_size, "a size such as 10GB", &control->slot_wal,
                      err) &&
           read_query_max(options, control, err);
}

static bool asks_for_something(const struct options *options) {
    static const char *const names[] = {"rows-per-second", "replica-lag", "active-sessions",
                                        "slot-wal",        "query-max",   "reset"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (options_has(options, names[i])) {
            return true;
        }
    }
    return false;
}

/* throttle: what is in force */

static void print_limit(const char *name, struct format now, struct format configured, bool is_none,
                        bool was_none) {
    printf("%-18s %14s %14s\n", name, is_none ? "none" : now.text,
           was_none ? "none" : configured.text);
}

static struct format real(double x) {
    struct format text;
    snprintf(text.text, sizeof text.text, "%g", x);
    return text;
}

static void print_text(const struct steering *steering, const struct limits *now,
                       const struct limits *configured) {
    if (steering->control.paused) {
        printf("paused since %.19s UTC\n\n", steering->control.paused_at);
    }
    printf("%-18s %14s %14s\n", "limit", "in force", "configured");
    print_limit("rows per second", format_count(now->rows_per_second),
                format_count(configured->rows_per_second), now->rows_per_second == 0,
                configured->rows_per_second == 0);
    print_limit("replica lag", format_seconds(now->replica_lag),
                format_seconds(configured->replica_lag), now->replica_lag <= 0,
                configured->replica_lag <= 0);
    print_limit("active sessions", format_count(now->active_sessions),
                format_count(configured->active_sessions), now->active_sessions == 0,
                configured->active_sessions == 0);
    print_limit("log of the slot", format_bytes(now->slot_wal), format_bytes(configured->slot_wal),
                now->slot_wal == 0, configured->slot_wal == 0);
    print_limit("query", real(now->query_max), real(configured->query_max), !now->has_query,
                !configured->has_query);
}

static void json_limits(struct json *json, const char *key, const struct limits *limits) {
    json_object(json, key);
    json_int(json, "max_rows_per_second", limits->rows_per_second);
    json_real(json, "replica_lag", limits->replica_lag);
    json_int(json, "active_sessions", limits->active_sessions);
    json_int(json, "slot_wal", limits->slot_wal);
    if (limits->has_query) {
        json_real(json, "query_max", limits->query_max);
    } else {
        json_text(json, "query_max", NULL);
    }
    json_end_object(json);
}

static void print_json(const struct steering *steering, const struct limits *now,
                       const struct limits *configured) {
    struct json json;
    json_init(&json, true);
    json_object(&json, NULL);
    json_text(&json, "migration", steering->m.config->migration);
    json_bool(&json, "paused", steering->control.paused);
    json_limits(&json, "in_force", now);
    json_limits(&json, "configured", configured);
    json_end_object(&json);
    json_print(&json);
    json_fini(&json);
}

static void print(const struct steering *steering, const struct options *options) {
    struct control none;
    control_init(&none);
    struct limits now = limits_of(steering->m.config, &steering->control);
    struct limits configured = limits_of(steering->m.config, &none);
    if (options_has(options, "json")) {
        print_json(steering, &now, &configured);
    } else {
        print_text(steering, &now, &configured);
    }
}

int command_throttle(struct invocation *invocation) {
    struct steering steering;
    struct control ignored;
    struct err err;
    control_init(&ignored);
    if (!read_limits(invocation->options, &ignored, &err)) {
        return command_misuse(invocation->command, &err);
    }
    bool ok = begin(&steering, invocation, &err) &&
              read_limits(invocation->options, &steering.control, &err) &&
              (!asks_for_something(invocation->options) ||
               control_write_limits(&steering.m, &steering.control, &err));
    if (ok) {
        print(&steering, invocation->options);
    }
    return end(&steering, ok, &err);
}
