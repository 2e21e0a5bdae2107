/* sqlsplit.c - see sqlsplit.h. */
#include "model/sqlsplit.h"

#include <string.h>

#include "base/mem.h"
#include "model/sqltoken.h"

/* From its first token on to the semicolon or the file's end; *last is where
 * its last token ends. */
static const char *skip_statement(const char *at, const char *end, const char **last) {
    *last = at;
    while (at < end && *at != ';') {
        at = *last = sqltoken_skip(at, end);
        at = sqltoken_skip_blank(at, end);
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
    for (const char *at = sqltoken_skip_blank(text, end); at < end;
         at = sqltoken_skip_blank(at, end)) {
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
