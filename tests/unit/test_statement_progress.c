/* test_statement_progress.c - how people are told how far the statements after the copy are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "after/statement_progress.h"

static void percents_are_of_blocks_then_of_tuples(void **state) {
    (void)state;
    static const struct {
        const char *label;
        struct statement_counts counts;
        double percent;
    } cases[] = {
        {"nothing known", {-1, -1, -1, -1}, -1}, {"not begun", {0, 0, 0, 0}, -1},
        {"blocks", {45, 100, 0, 0}, 45},         {"blocks first", {100, 200, 1, 2000}, 50},
        {"tuples", {0, 0, 500, 2000}, 25},       {"all", {0, 0, 7, 7}, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (statement_progress_percent(&cases[i].counts) != cases[i].percent) {
            fail_msg("%s: %f", cases[i].label, statement_progress_percent(&cases[i].counts));
        }
    }
}

#define FILE_OF_USER "a.sql", "3", "CREATE ..."

static const struct {
    struct statement_progress progress;
    const char *text;
} lines[] = {
    {{FILE_OF_USER, "idx_users_email", NULL, "building index: scanning table", "", 45.4},
     "building idx_users_email: scanning table, 45 %"},
    {{FILE_OF_USER, "i", NULL, "index validation: scanning index", "", 100},
     "building i: index validation: scanning index, 100 %"},
    {{FILE_OF_USER, "i", NULL, "waiting for writers before build", "process 12", -1},
     "building i: waiting for writers before build, process 12"},
    {{FILE_OF_USER, "i", NULL, NULL, "process 12; process 34", -1},
     "building i: waiting for process 12; process 34"},
    {{FILE_OF_USER, "i", NULL, "initializing", "process 12", -1},
     "building i: initializing, waiting for process 12"},
    {{FILE_OF_USER, NULL, NULL, NULL, NULL, -1}, "statement 3 of a.sql: running"},
    {{FILE_OF_USER, NULL, NULL, NULL, "process 12", -1},
     "statement 3 of a.sql: waiting for process 12"},
    {{FILE_OF_USER, NULL, "short", "validating", "", -1}, "constraint short: validating"},
    {{"", "1", "ANALYZE \"s\".\"t\"", NULL, NULL, "acquiring sample rows", "", 7.9},
     "ANALYZE \"s\".\"t\": acquiring sample rows, 8 %"},
};

static void a_line_says_what_and_how_far_and_for_whom_it_waits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buf text;
        buf_init(&text);
        statement_progress_add(&text, &lines[i].progress);
        assert_string_equal(buf_text(&text), lines[i].text);
        buf_fini(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percents_are_of_blocks_then_of_tuples),
        cmocka_unit_test(a_line_says_what_and_how_far_and_for_whom_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
