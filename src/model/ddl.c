/* ddl.c - see ddl.h. A parser that goes from token to token and takes what it knows;
 * as soon as it meets something else it leaves the rest alone. */
#include "model/ddl.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "model/sqltoken.h"

enum { NAME_MAX_BYTES = 63 };

/* tokens */

struct token {
    const char *at;
    size_t size; /* 0: the end */
};

struct cursor {
    const char *start, *at, *end; /* `at` is at a token, or at the end */
    struct arena *arena;
};

static struct token peek(const struct cursor *c) {
    const char *end = c->at < c->end ? sqltoken_skip(c->at, c->end) : c->at;
    return (struct token){c->at, (size_t)(end - c->at)};
}

static struct token next(struct cursor *c) {
    struct token token = peek(c);
    c->at = sqltoken_skip_blank(token.at + token.size, c->end);
    return token;
}

static bool is_at_end(const struct cursor *c) {
    return c->at == c->end;
}

static bool is_char(struct token token, char wanted) {
    return token.size == 1 && *token.at == wanted;
}

static bool is_word(struct token token, const char *word) {
    return token.size == strlen(word) && strncasecmp(token.at, word, token.size) == 0;
}

static bool accept_char(struct cursor *c, char wanted) {
    return is_char(peek(c), wanted) && next(c).size > 0;
}

static bool accept(struct cursor *c, const char *word) {
    return is_word(peek(c), word) && next(c).size > 0;
}

static bool accept_two(struct cursor *c, const char *first, const char *second) {
    struct cursor ahead = *c;
    if (!accept(&ahead, first) || !accept(&ahead, second)) {
        return false;
    }
    *c = ahead;
    return true;
}

static bool accept_if_not_exists(struct cursor *c) {
    struct cursor ahead = *c;
    if (!accept(&ahead, "if") || !accept_two(&ahead, "not", "exists")) {
        return false;
    }
    *c = ahead;
    return true;
}

static bool opens(struct token token) {
    return is_char(token, '(') || is_char(token, '[');
}

static bool closes(struct token token) {
    return is_char(token, ')') || is_char(token, ']');
}

/* At "(" or "[": to behind its counterpart. Any other token is stepped over. */
static void skip_group(struct cursor *c) {
    size_t depth = 0;
    do {
        struct token token = next(c);
        depth += opens(token);
        depth -= depth > 0 && closes(token);
    } while (depth > 0 && !is_at_end(c));
}

static bool accept_group(struct cursor *c) {
    if (!is_char(peek(c), '(')) {
        return false;
    }
    skip_group(c);
    return true;
}

/* names */

static bool is_plain_name(struct token token) {
    unsigned char first = token.size > 0 ? (unsigned char)*token.at : '0';
    bool starts = first == '_' || first >= 0x80 || (first >= 'a' && first <= 'z') ||
                  (first >= 'A' && first <= 'Z');
    return starts && memchr(token.at, '\'', token.size) == NULL; /* E'...' is a text */
}

/* The server cuts names, too, and splits no character. */
static size_t cut_name(const char *name, size_t size) {
    if (size <= NAME_MAX_BYTES) {
        return size;
    }
    size = NAME_MAX_BYTES;
    while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80) {
        size--;
    }
    return size;
}

/* ASCII letters alone are folded in UTF-8. */
static const char *fold_name(struct arena *arena, struct token token) {
    char *name = arena_copy(arena, token.at, token.size);
    for (char *p = name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        }
    }
    name[cut_name(name, token.size)] = '\0';
    return name;
}

/* "a""b" is two tokens side by side. NULL: it is not closed, or empty. */
static const char *unquote_name(struct cursor *c) {
    const char *from = c->at, *end = from;
    while (end < c->end && *end == '"') {
        end = sqltoken_skip(end, c->end);
    }
    c->at = sqltoken_skip_blank(end, c->end);
    char *name = arena_copy(c->arena, from, (size_t)(end - from));
    size_t size = 0;
    for (const char *p = from + 1; p + 1 < end; p++) {
        name[size++] = *p;
        p += *p == '"'; /* the second of a pair */
    }
    bool closed = end - from > 2 && end[-1] == '"';
    name[cut_name(name, size)] = '\0';
    return closed ? name : NULL;
}

static const char *read_name(struct cursor *c) {
    struct token token = peek(c);
    if (token.size > 0 && *token.at == '"') {
        return unquote_name(c);
    }
    if (!is_plain_name(token)) {
        return NULL;
    }
    next(c);
    return fold_name(c->arena, token);
}

/* [schema.]name; with a database's name before them it is not understood */
static bool read_table(struct cursor *c, struct table_name *table) {
    struct table_name read = {NULL, read_name(c)};
    if (read.name != NULL && accept_char(c, '.')) {
        read.schema = read.name;
        read.name = read_name(c);
    }
    if (read.name == NULL || is_char(peek(c), '.')) {
        return false;
    }
    *table = read;
    return true;
}

/* keys */

static const char *copy_text(const struct cursor *c, const char *from, const char *to) {
    while (to > from && strchr(" \t\r\n\f\v", to[-1]) != NULL) {
        to--;
    }
    return arena_copy(c->arena, from, (size_t)(to - from));
}

/* A column, a function's call or something in parentheses */
static bool skip_expression(struct cursor *c) {
    if (accept_group(c)) {
        return true;
    }
    size_t parts = 0;
    do {
        if (read_name(c) == NULL) {
            return false;
        }
        parts++;
    } while (accept_char(c, '.'));
    return accept_group(c) || parts == 1;
}

static bool skip_collation(struct cursor *c) {
    struct table_name collation;
    return !accept(c, "collate") || read_table(c, &collation);
}

static void skip_direction(struct cursor *c) {
    if (!accept(c, "asc")) {
        accept(c, "desc");
    }
    if (!accept_two(c, "nulls", "first")) {
        accept_two(c, "nulls", "last");
    }
}

static void add_key(struct ddl_keys *keys, const char *key, struct arena *arena) {
    const char **items = arena_zero(arena, keys->count + 1, sizeof *items);
    for (size_t i = 0; i < keys->count; i++) {
        items[i] = keys->items[i];
    }
    items[keys->count++] = key;
    keys->items = items;
}

/* "(a, lower(b) COLLATE x DESC, (c || d))". An operator class can mean another
 * equality: then it is not understood. */
static bool read_keys(struct cursor *c, struct ddl_keys *keys) {
    if (!accept_char(c, '(')) {
        return false;
    }
    do {
        const char *from = c->at;
        if (!skip_expression(c) || !skip_collation(c)) {
            return false;
        }
        add_key(keys, copy_text(c, from, c->at), c->arena);
        skip_direction(c);
    } while (accept_char(c, ','));
    return accept_char(c, ')');
}

static bool read_nulls(struct cursor *c, struct ddl_keys *keys) {
    if (!accept(c, "nulls")) {
        return true;
    }
    keys->nulls_not_distinct = accept(c, "not");
    return accept(c, "distinct");
}

/* What follows the keys of an index */
static bool read_index_tail(struct cursor *c, struct ddl_keys *keys) {
    if ((accept(c, "include") && !accept_group(c)) || !read_nulls(c, keys) ||
        (accept(c, "with") && !accept_group(c)) ||
        (accept(c, "tablespace") && read_name(c) == NULL)) {
        return false;
    }
    if (accept(c, "where")) {
        keys->predicate = copy_text(c, c->at, c->end);
        return true;
    }
    return is_at_end(c);
}

static void read_index_keys(struct cursor *c, struct ddl *ddl) {
    struct ddl_keys keys = {0};
    if (read_keys(c, &keys) && read_index_tail(c, &keys)) {
        ddl->keys = keys;
    }
}

/* CREATE INDEX */

static bool read_index_table(struct cursor *c, struct ddl *ddl) {
    struct table_name table;
    accept(c, "only");
    if (!read_table(c, &table)) {
        return false;
    }
    accept_char(c, '*');
    if ((accept(c, "using") && read_name(c) == NULL) || !is_char(peek(c), '(')) {
        return false;
    }
    ddl->table = table;
    return true;
}

/* Behind CREATE */
static void parse_create(struct cursor *c, struct ddl *ddl) {
    bool unique = accept(c, "unique");
    if (!accept(c, "index")) {
        return;
    }
    ddl->kind = DDL_CREATE_INDEX;
    ddl->unique = unique;
    ddl->concurrently = accept(c, "concurrently");
    ddl->transactional = !ddl->concurrently;
    ddl->if_not_exists = accept_if_not_exists(c);
    const char *name = is_word(peek(c), "on") ? NULL : read_name(c);
    size_t name_at = name == NULL ? (size_t)(c->at - c->start) : 0;
    if (!accept(c, "on") || !read_index_table(c, ddl)) {
        return;
    }
    ddl->index = name;
    ddl->name_at = name_at;
    read_index_keys(c, ddl);
}

/* ALTER TABLE */

static enum ddl_constraint read_constraint(struct cursor *c) {
    static const struct {
        const char *first, *second;
        enum ddl_constraint constraint;
    } kinds[] = {
        {"foreign", "key", DDL_FOREIGN_KEY},
        {"primary", "key", DDL_PRIMARY_KEY},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (accept_two(c, kinds[i].first, kinds[i].second)) {
            return kinds[i].constraint;
        }
    }
    return accept(c, "check")     ? DDL_CHECK
           : accept(c, "unique")  ? DDL_UNIQUE
           : accept(c, "exclude") ? DDL_EXCLUDE
                                  : DDL_NO_CONSTRAINT;
}

struct action {
    enum ddl_constraint adds;
    bool not_valid, not_enforced, uses_index;
    struct ddl_keys keys;
};

/* To the comma behind the action, or to the end */
static void skip_action(struct cursor *c, struct action *action, struct ddl *ddl) {
    while (!is_at_end(c) && !is_char(peek(c), ',')) {
        if (accept_two(c, "not", "valid")) {
            action->not_valid = true;
        } else if (accept_two(c, "not", "enforced")) {
            action->not_enforced = true;
        } else if (accept_two(c, "using", "index")) {
            action->uses_index |= !is_word(peek(c), "tablespace");
        } else if (accept(c, "concurrently")) {
            ddl->concurrently = true; /* DETACH PARTITION */
        } else {
            skip_group(c);
        }
    }
}

static struct action read_action(struct cursor *c, struct ddl *ddl) {
    struct action action = {0};
    if (accept(c, "add") && (!accept(c, "constraint") || read_name(c) != NULL)) {
        action.adds = read_constraint(c);
    }
    if (action.adds == DDL_UNIQUE || action.adds == DDL_PRIMARY_KEY) {
        struct cursor ahead = *c;
        struct ddl_keys keys = {0};
        if (read_nulls(&ahead, &keys) && read_keys(&ahead, &keys)) {
            action.keys = keys;
        }
    }
    skip_action(c, &action, ddl);
    return action;
}

static void note_action(struct ddl *ddl, const struct action *action) {
    bool validates = action->adds == DDL_CHECK || action->adds == DDL_FOREIGN_KEY;
    bool first = ddl->n_actions++ == 0;
    ddl->adds = first ? action->adds : DDL_NO_CONSTRAINT;
    ddl->keys = first ? action->keys : (struct ddl_keys){0};
    ddl->not_valid = first && (action->not_valid || action->not_enforced);
    ddl->checks_rows |= validates && !action->not_valid && !action->not_enforced;
    ddl->builds_index |= action->adds != DDL_NO_CONSTRAINT && !validates && !action->uses_index;
}

/* Behind ALTER */
static void parse_alter(struct cursor *c, struct ddl *ddl) {
    struct table_name table;
    if (!accept(c, "table")) {
        return;
    }
    ddl->kind = DDL_ALTER_TABLE;
    accept_two(c, "if", "exists");
    accept(c, "only");
    if (read_table(c, &table)) {
        ddl->table = table;
        accept_char(c, '*');
        do {
            struct action action = read_action(c, ddl);
            note_action(ddl, &action);
        } while (accept_char(c, ','));
        ddl->transactional = !ddl->concurrently;
    }
}

/* others */

static bool is_one_of(struct token token, const char *const *words) {
    while (*words != NULL && !is_word(token, *words)) {
        words++;
    }
    return *words != NULL;
}

/* DROP INDEX CONCURRENTLY; REINDEX (VERBOSE) INDEX CONCURRENTLY; REFRESH ... */
static bool has_concurrently(struct cursor *c) {
    enum { WORDS = 8 };
    for (int i = 0; i < WORDS && !is_at_end(c); i++) {
        if (is_word(next(c), "concurrently")) {
            return true;
        }
    }
    return false;
}

struct ddl ddl_parse(const char *text, size_t size, struct arena *arena) {
    static const char *const concurrent[] = {"drop", "reindex", "refresh", NULL};
    static const char *const settings[] = {"set", "reset", NULL};
    static const char *const transactions[] = {"begin", "start",     "commit",  "end", "rollback",
                                               "abort", "savepoint", "release", NULL};
    struct ddl ddl = {.kind = DDL_OTHER};
    struct cursor c = {text, sqltoken_skip_blank(text, text + size), text + size, arena};
    struct token first = next(&c);
    if (is_word(first, "create")) {
        parse_create(&c, &ddl);
    } else if (is_word(first, "alter")) {
        parse_alter(&c, &ddl);
    } else if (is_one_of(first, concurrent)) {
        ddl.concurrently = has_concurrently(&c);
    } else if (is_one_of(first, settings)) {
        ddl.kind = DDL_SETTING;
    } else if (is_one_of(first, transactions) ||
               (is_word(first, "prepare") && accept(&c, "transaction"))) {
        ddl.kind = DDL_TRANSACTION;
    }
    if (ddl.kind == DDL_OTHER) { /* of what cannot be, the server will say so */
        ddl.transactional = !ddl.concurrently;
    }
    return ddl;
}
