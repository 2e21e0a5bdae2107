/* statement_show.c - see statement_show.h. */
#include "after/statement_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "after/statement_progress.h"

static const usec_t redraw_interval = USEC_SECOND / 2, line_interval = 10 * USEC_SECOND;
static const usec_t look_interval = USEC_SECOND / 2;
static const usec_t patience = 5 * USEC_SECOND;

void statement_show_begin(struct statement_show *show, struct migration *m) {
    memset(show, 0, sizeof *show);
    show->m = m;
    show->log = (struct log_source){m->config->migration, "after_copy", 0};
    show->terminal = isatty(STDERR_FILENO) == 1 && log_enabled(LOG_INFO);
    show->shown_at = show->logged_at = usec_monotonic();
    db_init(&show->db, m->loop, SESSION_SQL, m->new_side.dsn, m->new_side.label,
            "pgtandem reporter");
    show->db.timeout = patience;
}

/* "[######      ]" */
static void add_gauge(struct buf *text, double percent) {
    enum { WIDTH = 12 };
    int full = percent < 100 ? (int)(percent * WIDTH / 100) : WIDTH;
    buf_add_text(text, " [");
    for (int i = 0; i < WIDTH; i++) {
        buf_add_char(text, i < full ? '#' : ' ');
    }
    buf_add_char(text, ']');
}

/* A line that wraps could not be drawn over. */
static void cut_to_terminal(struct buf *line) {
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 &&
        line->size >= window.ws_col) {
        line->size = window.ws_col - 1U;
    }
}

static void draw_line(const struct statement_show *show,
                      const struct statements_progress *progress) {
    struct buf line;
    buf_init(&line);
    buf_add_format(&line, "%s after_copy %" PRId64 "/%" PRId64 " done", show->log.migration,
                   progress->done, progress->total);
    for (size_t i = 0; i < progress->n_running; i++) {
        const struct statement_progress *one = &progress->running[i];
        buf_add_text(&line, "  ");
        statement_progress_add(&line, one);
        if (one->percent >= 0) {
            add_gauge(&line, one->percent);
        }
    }
    cut_to_terminal(&line);
    fputs("\r\033[K", stderr);
    fwrite(line.data, 1, line.size, stderr);
    fflush(stderr);
    buf_fini(&line);
    log_progress_shown(true);
}

static void log_lines(const struct statement_show *show,
                      const struct statements_progress *progress) {
    for (size_t i = 0; i < progress->n_running; i++) {
        struct buf line;
        buf_init(&line);
        statement_progress_add(&line, &progress->running[i]);
        log_line(&show->log, LOG_INFO, "%s", line.data);
        buf_fini(&line);
    }
}

static bool somebody_waits(const struct statements_progress *progress) {
    for (size_t i = 0; i < progress->n_running; i++) {
        const char *whom = progress->running[i].waits_for;
        if (whom != NULL && whom[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* Every now and then; sooner, where a statement waits for others. */
static void log_now_and_then(struct statement_show *show,
                             const struct statements_progress *progress) {
    usec_t now = usec_monotonic();
    bool due = now - show->logged_at >= line_interval;
    if (!somebody_waits(progress)) {
        waiting_end(&show->waiting);
    } else {
        due = waiting_is_due(&show->waiting, now);
    }
    if (due) {
        show->logged_at = now;
        log_lines(show, progress);
    }
}

void statement_show_progress(struct statement_show *show) {
    struct statements_progress progress;
    struct arena arena;
    struct err err;
    if (usec_monotonic() - show->shown_at < (show->terminal ? redraw_interval : look_interval)) {
        return;
    }
    arena_init(&arena);
    if (!statements_progress_read(&show->db, show->m->config->migration, &arena, &progress, &err)) {
        log_err(&show->log, LOG_DEBUG, &err); /* the statements' own connections will tell */
    } else if (show->terminal) {
        draw_line(show, &progress);
    } else {
        log_now_and_then(show, &progress);
    }
    arena_fini(&arena);
    show->shown_at = usec_monotonic();
}

void statement_show_end(struct statement_show *show) {
    db_close(&show->db);
    if (show->terminal) {
        fputs("\r\033[K", stderr);
        log_progress_shown(false);
    }
}
