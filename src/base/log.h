/* log.h - lines for the people who run pgtandem, on standard error.
 *
 * Every line carries migration, link and LSN where they are known:
 *     2026-11-22 09:10:23.020Z info  users_name_split forward 0/16B3748: text
 * error: a person must act; warning: degraded, going on; info: life cycle;
 * debug: per batch. Row values never above debug: they are people's names.
 * The level is the process's one setting; it is set once, by main(). */
#ifndef PGTANDEM_BASE_LOG_H
#define PGTANDEM_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/lsn.h"

#define LOG_LEVELS(X)                                                                              \
    X(error, LOG_ERROR) X(warning, LOG_WARNING) X(info, LOG_INFO) X(debug, LOG_DEBUG)

enum log_level {
#define LOG_ENUM(name, id) id,
    LOG_LEVELS(LOG_ENUM)
#undef LOG_ENUM
};

/* Who speaks. `migration` and `part` ("forward", "backfill", ...) are borrowed
 * and may be NULL; `lsn` may be 0. */
struct log_source {
    const char *migration;
    const char *part;
    lsn_t lsn;
};

void log_set_level(enum log_level level);
bool log_level_from_name(const char *name, enum log_level *level)
    __attribute__((warn_unused_result));
bool log_enabled(enum log_level level);

void log_line(const struct log_source *source, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The error's message, its SQLSTATE, and its hint on a line of its own; what the server
 * said, which may hold a row's values, at debug level. */
void log_err(const struct log_source *source, enum log_level level, const struct err *err);

/* A progress line that is to be redrawn in place is on standard error; log
 * lines clear it first. Called with true while one is shown. */
void log_progress_shown(bool shown);

#endif
