/* verify_progress.c - see verify_progress.h. */
#include "command/verify_progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const usec_t redraw_interval = USEC_SECOND / 5, line_interval = 10 * USEC_SECOND;

void verify_progress_begin(struct verify_progress *progress, const char *migration) {
    memset(progress, 0, sizeof *progress);
    progress->migration = migration;
    progress->terminal = isatty(STDERR_FILENO) == 1 && log_enabled(LOG_INFO);
    progress->shown_at = usec_monotonic();
}

/* Tables are shown one after the other, each with a rate of its own; one that is
 * repaired may be read several times. */
static void note(struct verify_progress *progress, const char *table, int64_t done, usec_t now) {
    if (progress->table != table || done < progress->done) {
        progress->table = table;
        rate_init(&progress->rate, 0, now);
    }
    progress->done = done;
    rate_note(&progress->rate, done, now);
}

static void draw_bar(const struct verify_progress *progress, struct buf *text, int64_t done,
                     int64_t total, double speed) {
    buf_add_format(text, "\r\033[Kverify %s ", progress->table);
    rate_add_bar(text, done, total, speed);
    fwrite(text->data, 1, text->size, stderr);
    fflush(stderr);
    log_progress_shown(true);
}

static void log_progress(const struct verify_progress *progress, struct buf *text, int64_t done,
                         int64_t total, double speed) {
    buf_add_format(text, "%s: read ", progress->table);
    rate_add_count(text, done);
    buf_add_text(text, " of ");
    rate_add_count(text, total);
    buf_add_text(text, " rows, ready in about ");
    rate_add_eta(text, total - done, speed);
    log_line(&(struct log_source){progress->migration, "verify", 0}, LOG_INFO, "%s", text->data);
}

void verify_progress_show(void *owner, const char *table, int64_t done, int64_t total) {
    struct verify_progress *progress = owner;
    usec_t now = usec_monotonic();
    note(progress, table, done, now);
    if (now - progress->shown_at < (progress->terminal ? redraw_interval : line_interval)) {
        return;
    }
    progress->shown_at = now;
    total = done > total ? done : total; /* an estimate can be too low */
    double speed = rate_per_second(&progress->rate, done, now);
    struct buf text;
    buf_init(&text);
    if (progress->terminal) {
        draw_bar(progress, &text, done, total, speed);
    } else {
        log_progress(progress, &text, done, total, speed);
    }
    buf_fini(&text);
}

void verify_progress_end(struct verify_progress *progress) {
    if (progress->terminal) {
        fputs("\r\033[K", stderr);
        log_progress_shown(false);
    }
}
