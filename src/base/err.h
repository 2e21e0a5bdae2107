/* err.h - one error on its way to the person who must act on it.
 *
 * Why: functions report failure as `false` (or NULL) and fill a struct err;
 *   callers add context on the way up ("while decoding the change at
 *   0/16B3748"), and whoever decides (retry, park, stop) logs it, once.
 * Class: whoever makes an error says what kind of trouble it is; whoever decides
 *   reads that, and never an SQLSTATE or a text.
 * Values: `message` and `hint` never hold a row's values. What a server or a transform
 *   said may hold some, and so may a key (model/disclosure.h): these are kept apart in
 *   `server`, for debug logs and for people who ask for values.
 * Not here: logging (log.h), which class a server's error is of (pg/sqlstate.h).
 * Memory: everything is inside the struct; long texts are cut, never split
 *   inside a UTF-8 character. */
#ifndef PGTANDEM_BASE_ERR_H
#define PGTANDEM_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* The exit status that an error leads to when nobody handles it. */
enum err_code {
    ERR_NONE = 0,
    ERR_FAILED = 1,    /* failed while running */
    ERR_USAGE = 2,     /* wrong usage or configuration */
    ERR_NOT_READY = 3, /* a gate is closed: check, cutover, rollback */
    ERR_DIFFERENT = 4, /* verify found differences */
    ERR_TIMEOUT = 5,   /* timed out waiting */
};

/* What kind of trouble it is. */
enum err_class {
    ERR_CLASS_FATAL,     /* nothing that time would heal: a person must act */
    ERR_CLASS_ROW,       /* one row cannot be written as it is */
    ERR_CLASS_CONTENDED, /* somebody else is at the same rows: again, soon */
    ERR_CLASS_PASSING,   /* the server or the way to it: again, later */
};

enum {
    ERR_MESSAGE_SIZE = 1024,
    ERR_HINT_SIZE = 768,
    ERR_SERVER_SIZE = 1024,
    ERR_NAME_SIZE = 64,
};

struct err {
    enum err_code code;
    enum err_class class;
    char sqlstate[6]; /* five characters when a server said it, else "" */
    char message[ERR_MESSAGE_SIZE];
    char hint[ERR_HINT_SIZE];       /* what to do about it, or "" */
    char constraint[ERR_NAME_SIZE]; /* the constraint that was violated, or "" */
    char server[ERR_SERVER_SIZE];   /* the server's own words, DETAIL included, or "" */
};

/* Sets code and message, clears the rest: the class is ERR_CLASS_FATAL. Returns false,
 * so that a caller can write `return err_set(...)`. `err` may be NULL. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what kind of trouble it is. Returns false. `err` may be NULL. */
bool err_set_class(struct err *err, enum err_class class);

/* Will it pass, so that what failed may be done again? */
bool err_passes(const struct err *err);

/* Did a server give this SQLSTATE? For what is specific to one statement; what is to
 * be done in general is told by the class. */
bool err_has_sqlstate(const struct err *err, const char *sqlstate);

/* Says what to do; replaces an earlier hint. Returns false. */
bool err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the message. Returns false. */
bool err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keeps what a server said, which may hold a row's values. Returns false. */
bool err_set_server(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before what is kept there, for a context that may hold values, too.
 * Returns false. */
bool err_context_server(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts more behind the message. Returns false. */
bool err_append(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

/* A message in a buffer of another size: what is too long is cut, never inside of a
 * character. */
void err_copy_text(char *into, size_t size, const char *text);

#endif
