/* wait_show.c - see wait_show.h. */
#include "command/wait_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void draw(struct wait_show *show, const struct loop_wait *wait, usec_t now) {
    fprintf(stderr, "\r\033[K%s: waiting for %s, %.0f s", show->log.migration, wait->what,
            waiting_seconds(&wait->waiting, now));
    fflush(stderr);
    log_progress_shown(true);
    show->drawn = true;
}

static void clear(struct wait_show *show) {
    if (show->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        log_progress_shown(false);
        show->drawn = false;
    }
}

static void on_wait(void *owner, struct loop_wait *wait, bool over) {
    struct wait_show *show = owner;
    usec_t now = usec_monotonic();
    double seconds = waiting_seconds(&wait->waiting, now);
    if (show->terminal) {
        over ? clear(show) : draw(show, wait, now);
    } else if (over && waiting_end(&wait->waiting)) {
        log_line(&show->log, LOG_INFO, "waited %.1f s for %s", seconds, wait->what);
    } else if (!over && waiting_is_due(&wait->waiting, now)) {
        log_line(&show->log, LOG_INFO, "waiting for %s, for %.0f s now", wait->what, seconds);
    }
}

void wait_show_begin(struct wait_show *show, struct loop *loop, const char *migration,
                     const char *part) {
    memset(show, 0, sizeof *show);
    show->log = (struct log_source){migration, part, 0};
    show->terminal = isatty(STDERR_FILENO) == 1 && log_enabled(LOG_INFO);
    loop->on_wait = on_wait;
    loop->wait_owner = show;
}
