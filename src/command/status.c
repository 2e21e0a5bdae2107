/* status.c - `pgtandem status`: where the migration stands, for people and
 * programs, once or again and again. What is known is gathered in status_read.c,
 * and shown by status_text.c and status_json.c.
 *
 * A side that does not answer is named on standard error and makes the exit status 1;
 * what is known all the same is printed. */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "command/command.h"
#include "command/status_read.h"
#include "command/status_show.h"

struct viewer {
    struct migration m;
    struct status_memory memory;
    bool json, watches, values;
    bool said[2]; /* of a side that it does not answer, since it does not */
};

static void print(const struct viewer *viewer, const struct status *status) {
    if (viewer->json) {
        struct json json;
        json_init(&json, !viewer->watches);
        status_add_json(&json, &viewer->m, status);
        json_print(&json);
        json_fini(&json);
        return;
    }
    struct buf text;
    buf_init(&text);
    status_add_text(&text, &viewer->m, status);
    if (viewer->watches) {
        /* from the top of an empty screen, or apart from what came before */
        puts(isatty(STDOUT_FILENO) ? "\033[H\033[J" : "");
    }
    fputs(text.data, stdout);
    buf_fini(&text);
}

/* A server that does not answer in time may do so later; a schema that is refused will be
 * refused again, until a person has acted. */
static int status_of(const struct err *err) {
    return err->code == ERR_NOT_READY ? ERR_NOT_READY : ERR_FAILED;
}

/* Once an outage. 0 where both sides have answered. */
static int name_silent_sides(struct viewer *viewer, const struct status *status) {
    int failed = 0;
    for (int i = SIDE_OLD; i <= SIDE_NEW; i++) {
        const struct err *err = &status->sides[i].error;
        bool away = !status->sides[i].answered;
        if (away && !viewer->said[i]) {
            command_fail(err);
        }
        viewer->said[i] = away;
        failed = away && status_of(err) > failed ? status_of(err) : failed;
    }
    return failed;
}

static void hide_values(struct status *status) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        status->links[d].report.last_error_values[0] = '\0';
    }
}

/* 0; 1 where a side did not answer, or a signal came meanwhile; 3 where a person must act */
static int show(struct viewer *viewer) {
    struct status status;
    struct arena arena;
    int failed = ERR_FAILED;
    arena_init(&arena);
    if (status_read(&viewer->m, &viewer->memory, &arena, &status)) {
        if (!viewer->values) {
            hide_values(&status);
        }
        print(viewer, &status);
        fflush(stdout);
        failed = name_silent_sides(viewer, &status);
    }
    arena_fini(&arena);
    return failed;
}

/* Until a signal comes; a server that is away for a while ends nothing. */
static int watch(struct viewer *viewer) {
    do {
        show(viewer);
    } while (loop_sleep(viewer->m.loop, USEC_SECOND, NULL));
    return 0;
}

int command_status(struct invocation *invocation) {
    struct viewer viewer = {.json = options_has(invocation->options, "json"),
                            .watches = options_has(invocation->options, "watch"),
                            .values = options_has(invocation->options, "values")};
    migration_init(&viewer.m, invocation->config, invocation->loop);
    int result = viewer.watches ? watch(&viewer) : show(&viewer);
    migration_fini(&viewer.m);
    return result;
}
