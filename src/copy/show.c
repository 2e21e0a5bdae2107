/* show.c - see show.h. */
#include "copy/show.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const usec_t redraw_interval = USEC_SECOND / 5, line_interval = 10 * USEC_SECOND;

void show_begin(struct show *show, const struct job *job, int64_t total, int64_t rows_before) {
    show->job = job;
    show->terminal = isatty(STDERR_FILENO) == 1 && log_enabled(LOG_INFO);
    show->total = total;
    show->rows_before = rows_before;
    show->started_at = show->shown_at = usec_monotonic();
    rate_init(&show->rate, job->rows_done, show->started_at);
}

/* An estimate can be too low. */
static int64_t total_of(const struct show *show, int64_t rows) {
    return rows > show->total ? rows : show->total;
}

/* A line that wraps could not be drawn over. */
static void cut_to_terminal(struct buf *line) {
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 &&
        line->size >= window.ws_col) {
        line->size = window.ws_col - 1U;
    }
}

static void draw_bar(const struct show *show, int64_t rows, double speed) {
    struct buf text;
    buf_init(&text);
    buf_add_format(&text, "%s copy ", show->job->log.migration);
    rate_add_bar(&text, rows, total_of(show, rows), speed);
    cut_to_terminal(&text);
    fputs("\r\033[K", stderr);
    fwrite(text.data, 1, text.size, stderr);
    fflush(stderr);
    buf_fini(&text);
    log_progress_shown(true);
}

static void log_progress(const struct show *show, int64_t rows, double speed) {
    struct buf text;
    buf_init(&text);
    int64_t total = total_of(show, rows);
    rate_add_count(&text, rows);
    buf_add_text(&text, " of ");
    rate_add_count(&text, total);
    buf_add_text(&text, " rows, ");
    rate_add_count(&text, (int64_t)speed);
    buf_add_text(&text, "/s, ready in about ");
    rate_add_eta(&text, total - rows, speed);
    log_line(&show->job->log, LOG_INFO, "%s", text.data);
    buf_fini(&text);
}

void show_progress(struct show *show, int64_t rows_running) {
    usec_t now = usec_monotonic();
    int64_t rows = show->job->rows_done + rows_running;
    rate_note(&show->rate, rows, now);
    if (now - show->shown_at < (show->terminal ? redraw_interval : line_interval)) {
        return;
    }
    show->shown_at = now;
    double speed = rate_per_second(&show->rate, rows, now);
    if (show->terminal) {
        draw_bar(show, rows, speed);
    } else {
        log_progress(show, rows, speed);
    }
}

static void log_totals(const struct show *show, bool ok) {
    const struct job *job = show->job;
    double seconds = (double)(usec_monotonic() - show->started_at) / 1e6;
    int64_t rows = job->rows_done - show->rows_before;
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, ok ? "copied " : "stopped after ");
    rate_add_count(&text, rows);
    buf_add_format(&text, " rows in %.1f s, ", seconds);
    rate_add_count(&text, (int64_t)((double)rows / (seconds > 0.001 ? seconds : 0.001)));
    buf_add_text(&text, "/s");
    if (job->rows_parked > 0) {
        buf_add_text(&text, "; ");
        rate_add_count(&text, job->rows_parked);
        buf_add_text(&text, " rows of the copy are parked");
    }
    log_line(&job->log, LOG_INFO, "%s", text.data);
    buf_fini(&text);
}

void show_end(struct show *show, bool ok) {
    if (show->terminal) {
        if (ok) {
            draw_bar(show, show->job->rows_done, 0);
        }
        fputs("\r\033[K", stderr);
        log_progress_shown(false);
    }
    log_totals(show, ok);
}
