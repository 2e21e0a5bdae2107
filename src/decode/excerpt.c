/* excerpt.c - see excerpt.h. */
#include "decode/excerpt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const key_names[] = {
    "action",  "xid",      "timestamp", "origin", "lsn",    "nextlsn", "schema",        "table",
    "columns", "identity", "name",      "value",  "prefix", "content", "transactional",
};

/* Part of a word: what might tell something about a person. */
static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* Whether `"key":` stands around data[from..to). */
static bool is_key(const char *data, size_t size, size_t from, size_t to) {
    if (from == 0 || data[from - 1] != '"' || size - to < 2 || data[to] != '"' ||
        data[to + 1] != ':') {
        return false;
    }
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++) {
        if (strlen(key_names[i]) == to - from &&
            memcmp(key_names[i], data + from, to - from) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct excerpt_text *excerpt, const char *text, size_t size) {
    size_t used = strlen(excerpt->text);
    if (size < sizeof excerpt->text - used) {
        memcpy(excerpt->text + used, text, size);
        excerpt->text[used + size] = '\0';
    }
}

static void add_other(struct excerpt_text *excerpt, char c) {
    char text[8];
    bool control = (unsigned char)c < 0x20 || c == 0x7F;
    int n = snprintf(text, sizeof text, control ? "<%02X>" : "%c", (unsigned char)c);
    add(excerpt, text, (size_t)n);
}

/* data[from..to), masked. A key that the borders cut is masked, too. */
static void add_range(struct excerpt_text *excerpt, const char *data, size_t size, size_t from,
                      size_t to) {
    while (from < to) {
        size_t end = from;
        while (end < to && in_word(data[end])) {
            end++;
        }
        if (end == from) {
            add_other(excerpt, data[from]);
            from++;
            continue;
        }
        bool shown = is_key(data, size, from, end);
        for (; from < end; from++) {
            add(excerpt, shown ? data + from : "x", 1);
        }
    }
}

struct excerpt_text excerpt_format(const char *data, size_t size, size_t offset) {
    struct excerpt_text excerpt = {""};
    size_t here = offset < size ? offset : size;
    size_t from = here > EXCERPT_REACH ? here - EXCERPT_REACH : 0;
    size_t to = size - here > EXCERPT_REACH ? here + EXCERPT_REACH : size;
    add(&excerpt, "...", from > 0 ? 3 : 0);
    add_range(&excerpt, data, size, from, here);
    add(&excerpt, "<here>", 6);
    add_range(&excerpt, data, size, here, to);
    add(&excerpt, "...", to < size ? 3 : 0);
    return excerpt;
}
