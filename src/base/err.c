/* err.c - see err.h. Only string handling: nothing here allocates or logs. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Takes back a UTF-8 character that the end of the buffer cut in two. */
static void trim_partial_character(char *text) {
    size_t n = strlen(text);
    size_t back = 0;
    while (back < 4 && back < n && ((unsigned char)text[n - 1 - back] & 0xC0) == 0x80) {
        back++;
    }
    if (back == n) {
        return;
    }
    unsigned char lead = (unsigned char)text[n - 1 - back];
    size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (back < need) {
        text[n - 1 - back] = '\0';
    }
}

static void __attribute__((format(printf, 3, 0)))
format_text(char *into, size_t size, const char *format, va_list args) {
    vsnprintf(into, size, format, args);
    trim_partial_character(into);
}

bool err_set(struct err *err, enum err_code code, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    /* the arguments may point into *err itself */
    char text[ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    format_text(text, sizeof text, format, args);
    va_end(args);
    err_clear(err);
    err->code = code;
    memcpy(err->message, text, sizeof text);
    return false;
}

bool err_set_class(struct err *err, enum err_class class) {
    if (err != NULL) {
        err->class = class;
    }
    return false;
}

bool err_passes(const struct err *err) {
    return err->class == ERR_CLASS_PASSING || err->class == ERR_CLASS_CONTENDED;
}

bool err_has_sqlstate(const struct err *err, const char *sqlstate) {
    return strcmp(err->sqlstate, sqlstate) == 0;
}

bool err_hint(struct err *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    char text[ERR_HINT_SIZE];
    va_list args;
    va_start(args, format);
    format_text(text, sizeof text, format, args);
    va_end(args);
    memcpy(err->hint, text, sizeof text);
    return false;
}

/* Puts what was formatted, and ": ", before the text. The arguments may point into it. */
static void __attribute__((format(printf, 3, 0)))
put_before(char *text, size_t size, const char *format, va_list args) {
    char longer[ERR_MESSAGE_SIZE + ERR_SERVER_SIZE]; /* more than either */
    vsnprintf(longer, size, format, args);
    size_t n = strlen(longer);
    snprintf(longer + n, size - n, "%s%s", text[0] != '\0' ? ": " : "", text);
    trim_partial_character(longer);
    memcpy(text, longer, size);
}

bool err_context(struct err *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    put_before(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

bool err_context_server(struct err *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    put_before(err->server, sizeof err->server, format, args);
    va_end(args);
    return false;
}

bool err_set_server(struct err *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    va_list args;
    va_start(args, format);
    format_text(err->server, sizeof err->server, format, args);
    va_end(args);
    return false;
}

bool err_append(struct err *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    size_t n = strlen(err->message);
    va_list args;
    va_start(args, format);
    format_text(err->message + n, sizeof err->message - n, format, args);
    va_end(args);
    return false;
}

void err_clear(struct err *err) {
    memset(err, 0, sizeof *err);
}

void err_copy_text(char *into, size_t size, const char *text) {
    snprintf(into, size, "%s", text);
    trim_partial_character(into);
}
