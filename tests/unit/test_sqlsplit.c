/* test_sqlsplit.c - where one SQL statement ends and the next begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/sqlsplit.h"

enum { STATEMENTS_MAX = 4 };

static const struct {
    const char *label, *sql;
    const char *expected[STATEMENTS_MAX];
} cases[] = {
    {"nothing", "", {NULL}},
    {"blank", " \n\t", {NULL}},
    {"semicolons", ";; ; ", {NULL}},
    {"comments", "-- a\n/* b; /* c; */ d; */ ; -- e", {NULL}},
    {"quote not closed", "a '; b", {"a '; b"}},
    {"name not closed", "a \"; b", {"a \"; b"}},
    {"body not closed", "a $x$; b $y$", {"a $x$; b $y$"}},
    {"comment not closed", "a /* ; /* */ b", {"a /* ; /* */ b"}},
    {"nothing but such a comment", "a; /* src/*.sql */ b;", {"a", "/* src/*.sql */ b;"}},
    {"a carriage return ends a line", "-- a\rb;\r-- c\r\nd", {"b", "d"}},
    {"lonely dollar at the end", "a $", {"a $"}},
    {"lonely backslash at the end", "E'\\", {"E'\\"}},
    {"one", "SELECT 1", {"SELECT 1"}},
    {"two", "SELECT 1; SELECT 2;", {"SELECT 1", "SELECT 2"}},
    {"leading comment", "-- why\nSELECT 1;", {"SELECT 1"}},
    {"trailing comment", "SELECT 1 -- why\n; /* end */", {"SELECT 1"}},
    {"inner comment", "SELECT -- a;\n 1; b", {"SELECT -- a;\n 1", "b"}},
    {"inner block", "SELECT /* a; /* b; */ c; */ 1; d", {"SELECT /* a; /* b; */ c; */ 1", "d"}},
    {"text", "a ';'; b", {"a ';'", "b"}},
    {"doubled quote", "a 'x'';y'; b", {"a 'x'';y'", "b"}},
    {"backslash is a letter", "a '\\'; b", {"a '\\'", "b"}},
    {"escapes", "a E'\\';'; b", {"a E'\\';'", "b"}},
    {"escapes, small letter", "a e'\\\\'; b", {"a e'\\\\'", "b"}},
    {"word that ends in e", "a date'\\'; b", {"a date'\\'", "b"}},
    {"name", "a \"x;\"\"y;\"; b", {"a \"x;\"\"y;\"", "b"}},
    {"comment in a text", "a '--'; b '/*'; c", {"a '--'", "b '/*'", "c"}},
    {"body", "DO $$ a; b; $$; c", {"DO $$ a; b; $$", "c"}},
    {"tagged body", "DO $f$ a; $$ ; $g$; $f$; c", {"DO $f$ a; $$ ; $g$; $f$", "c"}},
    {"text in a body", "DO $$ it's; $$; c", {"DO $$ it's; $$", "c"}},
    {"parameter", "a $1; b $2", {"a $1", "b $2"}},
    {"dollar in a name", "a x$y$; b $y$z; c", {"a x$y$", "b $y$z; c"}},
    {"minus, slash, star", "a - 1 / 2 * 3; b", {"a - 1 / 2 * 3", "b"}},
    {"letters beyond ASCII", "a $\xC3\xA9$;$\xC3\xA9$; b", {"a $\xC3\xA9$;$\xC3\xA9$", "b"}},
};

static size_t count_expected(const char *const *expected) {
    size_t n = 0;
    while (n < STATEMENTS_MAX && expected[n] != NULL) {
        n++;
    }
    return n;
}

static bool is_split_as_expected(const char *sql, const char *const *expected) {
    struct arena arena;
    arena_init(&arena);
    /* exactly as long as the text: reading past its end is found */
    size_t size = strlen(sql);
    char *text = malloc(size > 0 ? size : 1);
    assert_non_null(text);
    memcpy(text, sql, size);
    struct sql_statements list = sqlsplit(text, size, &arena);
    bool good = list.count == count_expected(expected);
    for (size_t i = 0; good && i < list.count; i++) {
        good = strcmp(list.items[i].text, expected[i]) == 0 &&
               list.items[i].size == strlen(expected[i]);
    }
    for (size_t i = 0; !good && i < list.count; i++) {
        print_error("  [%s]\n", list.items[i].text);
    }
    free(text);
    arena_fini(&arena);
    return good;
}

static void statements_end_at_semicolons_outside_of_tokens(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!is_split_as_expected(cases[i].sql, cases[i].expected)) {
            print_error("%s\n", cases[i].label);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void lines_are_those_of_the_first_word(void **state) {
    (void)state;
    static const char sql[] = "-- head\n\nCREATE INDEX\n  a;\n/*\n*/ CREATE INDEX b; c;";
    struct arena arena;
    arena_init(&arena);
    struct sql_statements list = sqlsplit(sql, strlen(sql), &arena);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].line, 3);
    assert_int_equal(list.items[1].line, 6);
    assert_int_equal(list.items[2].line, 6);
    arena_fini(&arena);
}

static void list_grows_with_the_file(void **state) {
    (void)state;
    char sql[2 * 100 + 1];
    for (size_t i = 0; i < 100; i++) {
        memcpy(sql + 2 * i, "x;", 3);
    }
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(sqlsplit(sql, 200, &arena).count, 100);
    arena_fini(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons_outside_of_tokens),
        cmocka_unit_test(lines_are_those_of_the_first_word),
        cmocka_unit_test(list_grows_with_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
