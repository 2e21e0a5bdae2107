/* sqltoken.c - see sqltoken.h. It knows as much of a token as it takes to find its
 * end. */
#include "model/sqltoken.h"

#include <stdbool.h>
#include <string.h>

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c) {
    unsigned char u = (unsigned char)c;
    return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || u == '_' || u >= 0x80;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool starts_with(const char *at, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

/* Each skip_...() gets a token's start and returns its end. */

static const char *skip_line_comment(const char *at, const char *end) {
    while (at < end && *at != '\n' && *at != '\r') {
        at++;
    }
    return at;
}

/* NULL: it is not closed. */
static const char *skip_block_comment(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        if (starts_with(at, end, "/*")) {
            depth++;
            at += 2;
        } else if (starts_with(at, end, "*/")) {
            depth--;
            at += 2;
            if (depth == 0) {
                return at;
            }
        } else {
            at++;
        }
    }
    return NULL;
}

/* A doubled quote is two quoted things side by side, which end at one place. */
static const char *skip_quoted(const char *at, const char *end, bool escapes) {
    char quote = *at;
    for (at++; at < end; at++) {
        if (escapes && *at == '\\' && at + 1 < end) {
            at++;
        } else if (*at == quote) {
            return at + 1;
        }
    }
    return end;
}

/* The end of "$tag$", or NULL when the dollar opens no body */
static const char *find_tag_end(const char *at, const char *end) {
    at++;
    if (at < end && is_digit(*at)) {
        return NULL; /* a parameter: $1 */
    }
    while (at < end && (is_letter(*at) || is_digit(*at))) {
        at++;
    }
    return at < end && *at == '$' ? at + 1 : NULL;
}

static const char *skip_dollar(const char *at, const char *end) {
    const char *body = find_tag_end(at, end);
    if (body == NULL) {
        return at + 1;
    }
    size_t tag = (size_t)(body - at);
    const char *close = memmem(body, (size_t)(end - body), at, tag);
    return close != NULL ? close + tag : end;
}

/* A name, a keyword or a number; a dollar within it opens nothing. */
static const char *skip_word(const char *at, const char *end) {
    const char *start = at;
    while (at < end && (is_letter(*at) || is_digit(*at) || *at == '$')) {
        at++;
    }
    if (at - start == 1 && (*start == 'e' || *start == 'E') && at < end && *at == '\'') {
        return skip_quoted(at, end, true);
    }
    return at;
}

const char *sqltoken_skip(const char *at, const char *end) {
    if (*at == '\'' || *at == '"') {
        return skip_quoted(at, end, false);
    }
    if (*at == '$') {
        return skip_dollar(at, end);
    }
    if (is_letter(*at) || is_digit(*at)) {
        return skip_word(at, end);
    }
    return starts_with(at, end, "/*") ? end : at + 1; /* one that is not closed */
}

const char *sqltoken_skip_blank(const char *at, const char *end) {
    for (;;) {
        if (at < end && is_space(*at)) {
            at++;
        } else if (starts_with(at, end, "--")) {
            at = skip_line_comment(at, end);
        } else {
            const char *behind = starts_with(at, end, "/*") ? skip_block_comment(at, end) : NULL;
            if (behind == NULL) {
                return at;
            }
            at = behind;
        }
    }
}
