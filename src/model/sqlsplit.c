/* sqlsplit.c - see sqlsplit.h. The scanner knows as much of a token as it takes
 * to find its end. */
#include "model/sqlsplit.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

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
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline : end;
}

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
    return end;
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

static const char *skip_token(const char *at, const char *end) {
    if (*at == '\'' || *at == '"') {
        return skip_quoted(at, end, false);
    }
    if (*at == '$') {
        return skip_dollar(at, end);
    }
    if (is_letter(*at) || is_digit(*at)) {
        return skip_word(at, end);
    }
    return at + 1;
}

/* White space and comments; `at` where there are none */
static const char *skip_blank(const char *at, const char *end) {
    for (;;) {
        if (at < end && is_space(*at)) {
            at++;
        } else if (starts_with(at, end, "--")) {
            at = skip_line_comment(at, end);
        } else if (starts_with(at, end, "/*")) {
            at = skip_block_comment(at, end);
        } else {
            return at;
        }
    }
}

/* From its first token on to the semicolon or the file's end; *last is where
 * its last token ends. */
static const char *skip_statement(const char *at, const char *end, const char **last) {
    *last = at;
    while (at < end && *at != ';') {
        at = *last = skip_token(at, end);
        at = skip_blank(at, end);
    }
    return at;
}

static int count_lines(const char *from, const char *to) {
    int lines = 0;
    while ((from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
        from++;
        lines++;
    }
    return lines;
}

static void append(struct sql_statements *list, struct sql_statement statement, size_t *capacity,
                   struct arena *arena) {
    if (list->count == *capacity) {
        *capacity = *capacity == 0 ? 8 : mem_mul(*capacity, 2);
        struct sql_statement *items = arena_zero(arena, *capacity, sizeof *items);
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
    }
    list->items[list->count++] = statement;
}

struct sql_statements sqlsplit(const char *text, size_t size, struct arena *arena) {
    struct sql_statements list = {NULL, 0};
    size_t capacity = 0;
    const char *end = text + size;
    const char *counted = text;
    int line = 1;
    for (const char *at = skip_blank(text, end); at < end; at = skip_blank(at, end)) {
        const char *last;
        const char *start = at;
        at = skip_statement(at, end, &last);
        if (last > start) {
            size_t length = (size_t)(last - start);
            line += count_lines(counted, start);
            counted = start;
            append(&list, (struct sql_statement){arena_copy(arena, start, length), length, line},
                   &capacity, arena);
        }
        at += at < end; /* the semicolon */
    }
    return list;
}
