/* show.c - see show.h. */
#include "copy/show.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
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

static void draw_bar(const struct show *show, int64_t rows) {
    const struct job *job = show->job;
    struct buf text;
    buf_init(&text);
    buf_add_format(&text, "%s copy ", job->log.migration);
    rate_add_bar(&text, rows, total_of(show, rows), show->speed);
    if (job->waiting[0] != '\0') {
        buf_add_format(&text, "  waiting for %s", job->waiting);
    }
    cut_to_terminal(&text);
    fputs("\r\033[K", stderr);
    fwrite(text.data, 1, text.size, stderr);
    fflush(stderr);
    buf_fini(&text);
    log_progress_shown(true);
}

static void log_progress(const struct show *show, int64_t rows) {
    struct buf text;
    buf_init(&text);
    int64_t total = total_of(show, rows);
    rate_add_count(&text, rows);
    buf_add_text(&text, " of ");
    rate_add_count(&text, total);
    buf_add_text(&text, " rows, ");
    rate_add_count(&text, (int64_t)show->speed);
    buf_add_text(&text, "/s, ");
    if (show->job->waiting[0] != '\0') {
        buf_add_format(&text, "waiting for %s", show->job->waiting);
    } else {
        buf_add_text(&text, "ready in about ");
        rate_add_eta(&text, total - rows, show->speed);
    }
    log_line(&show->job->log, LOG_INFO, "%s", text.data);
    buf_fini(&text);
}

void show_progress(struct show *show, int64_t rows_running) {
    usec_t now = usec_monotonic();
    int64_t rows = show->job->rows_done + rows_running;
    rate_note(&show->rate, rows, now);
    show->speed = rate_per_second(&show->rate, rows, now);
    if (now - show->shown_at < (show->terminal ? redraw_interval : line_interval)) {
        return;
    }
    show->shown_at = now;
    if (show->terminal) {
        draw_bar(show, rows);
    } else {
        log_progress(show, rows);
    }
}

double show_seconds_left(const struct show *show, int64_t rows_running) {
    int64_t rows = show->job->rows_done + rows_running;
    return show->speed > 0 ? (double)(total_of(show, rows) - rows) / show->speed : -1;
}

/* What this process has taken itself. */
static void add_resources(struct buf *text, int64_t rows) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return;
    }
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    buf_add_format(text, "; pgtandem itself took %.2f s of CPU", seconds);
    if (rows > 0) {
        buf_add_format(text, " (%.2f us a row)", seconds * 1e6 / (double)rows);
    }
    buf_add_format(text, " and at most %.1f MiB", (double)usage.ru_maxrss / 1024);
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
    add_resources(&text, rows);
    log_line(&job->log, LOG_INFO, "%s", text.data);
    buf_fini(&text);
}

void show_end(struct show *show, bool ok) {
    if (show->terminal) {
        if (ok) {
            draw_bar(show, show->job->rows_done);
        }
        fputs("\r\033[K", stderr);
        log_progress_shown(false);
    }
    log_totals(show, ok);
}
