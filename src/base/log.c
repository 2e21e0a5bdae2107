/* log.c - see log.h. The two settings below are the only state of the process
 * that is not passed around: standard error is one per process, too. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/timestamp.h"

static enum log_level current_level = LOG_INFO;
static bool progress_shown = false;

static const char *const level_names[] = {
#define LOG_NAME(name, id) #name,
    LOG_LEVELS(LOG_NAME)
#undef LOG_NAME
};

void log_set_level(enum log_level level) {
    current_level = level;
}

bool log_level_from_name(const char *name, enum log_level *level) {
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_enabled(enum log_level level) {
    return level <= current_level;
}

void log_progress_shown(bool shown) {
    progress_shown = shown;
}

static void add_head(struct buf *line, const struct log_source *source, enum log_level level) {
    usec_t now = usec_now();
    time_t seconds = (time_t)(now / USEC_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    buf_add_format(line, "%s.%03dZ %s", date, (int)(now % USEC_SECOND / 1000), level_names[level]);
    if (source != NULL && source->migration != NULL) {
        buf_add_format(line, " %s", source->migration);
    }
    if (source != NULL && source->part != NULL) {
        buf_add_format(line, " %s", source->part);
    }
    if (source != NULL && source->lsn != 0) {
        buf_add_format(line, " %s", lsn_format(source->lsn).text);
    }
    buf_add_text(line, ": ");
}

static void write_line(struct buf *line) {
    buf_add_char(line, '\n');
    fwrite(line->data, 1, line->size, stderr);
    buf_fini(line);
}

void log_line(const struct log_source *source, enum log_level level, const char *format, ...) {
    if (!log_enabled(level)) {
        return;
    }
    struct buf line;
    buf_init(&line);
    if (progress_shown) {
        buf_add_text(&line, "\r\033[K");
    }
    add_head(&line, source, level);
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_add_text(&line, text);
    write_line(&line);
}

void log_err(const struct log_source *source, enum log_level level, const struct err *err) {
    if (err->sqlstate[0] != '\0') {
        log_line(source, level, "%s (SQLSTATE %s)", err->message, err->sqlstate);
    } else {
        log_line(source, level, "%s", err->message);
    }
    if (err->hint[0] != '\0') {
        log_line(source, level, "hint: %s", err->hint);
    }
    if (err->server[0] != '\0' && strstr(err->message, err->server) == NULL) {
        log_line(source, LOG_DEBUG, "with values: %s", err->server);
    }
}
