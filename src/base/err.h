/* err.h - one error on its way to the person who must act on it.
 *
 * Why: functions report failure as `false` (or NULL) and fill a struct err;
 *   callers add context on the way up ("while decoding the change at
 *   0/16B3748"), and whoever decides (retry, park, stop) logs it, once.
 * Not here: logging (log.h), classes of SQLSTATE (pg/sqlstate.h).
 * Memory: everything is inside the struct; long texts are cut, never split
 *   inside a UTF-8 character. */
#ifndef PGTANDEM_BASE_ERR_H
#define PGTANDEM_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* The exit status that an error leads to when nobody handles it. */
enum err_code {
    ERR_NONE = 0,
    ERR_FAILED = 1,    /* failed while running */
    ERR_USAGE = 2,     /* wrong usage or configuration */
    ERR_NOT_READY = 3, /* a gate is closed: check, cutover, rollback */
    ERR_DIFFERENT = 4, /* verify found differences */
    ERR_TIMEOUT = 5,   /* timed out waiting */
};

enum { ERR_MESSAGE_SIZE = 1024, ERR_HINT_SIZE = 768 };

struct err {
    enum err_code code;
    char sqlstate[6]; /* five characters when a server said it, else "" */
    char message[ERR_MESSAGE_SIZE];
    char hint[ERR_HINT_SIZE]; /* what to do about it, or "" */
};

/* Sets code and message, clears SQLSTATE and hint. Returns false, so that a
 * caller can write `return err_set(...)`. `err` may be NULL. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what to do; replaces an earlier hint. Returns false. */
bool err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the message. Returns false. */
bool err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

#endif
