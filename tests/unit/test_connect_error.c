/* test_connect_error.c - what libpq's text of a failed connection tells, in any language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg/connect_error.h"

#define AT "connection to server at \"127.0.0.1\", port 5432 failed: "

static const struct {
    const char *label, *text, *sqlstate, *line;
} cases[] = {
    {"nothing", "", "", ""},
    {"libpq's own words",
     AT "Connection refused\n\tIs the server running on that host and accepting TCP/IP "
        "connections?\n",
     "",
     AT "Connection refused; Is the server running on that host and accepting TCP/IP connections?"},
    {"the server's",
     AT "FATAL:  42501: permission denied for database \"shut\"\n"
        "DETAIL:  User does not have CONNECT privilege.\nLOCATION:  CheckMyDatabase, "
        "postinit.c:363\n",
     "42501", AT "FATAL: permission denied for database \"shut\""},
    {"in another language",
     AT "SCHWERWIEGEND:  3D000: Datenbank \302\273x\302\253 existiert nicht\nLOCATION:  "
        "InitPostgres, postinit.c:948\n",
     "3D000", AT "SCHWERWIEGEND: Datenbank \302\273x\302\253 existiert nicht"},
    {"two hosts: the last one's",
     AT "Connection refused\n\tIs the server running?\n" AT
        "FATAL:  28P01: no\nLOCATION:  a, b:1\n",
     "28P01", AT "Connection refused; Is the server running? " AT "FATAL: no"},
    {"two hosts: one that is starting up is worth waiting for",
     AT "FATAL:  57P03: starting\n" AT "FATAL:  28P01: no\n", "57P03",
     AT "FATAL: starting; " AT "FATAL: no"},
    {"the same twice", AT "FATAL:  42704: x\nLOCATION:  a\n" AT "FATAL:  42704: x\nLOCATION:  a\n",
     "42704", AT "FATAL: x"},
    {"no verbose text", AT "FATAL:  password authentication failed\n", "",
     AT "FATAL: password authentication failed"},
    {"what only looks like one", AT "FATAL:  ABCD: text\nERROR:  12345:text", "",
     AT "FATAL: ABCD: text; ERROR: 12345:text"},
    {"cut in the middle", "FATAL:  280", "", "FATAL: 280"},
};

static void the_sqlstate_is_found_in_any_language(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sqlstate[6];
        bool found = connect_error_sqlstate(cases[i].text, sqlstate);
        if (strcmp(sqlstate, cases[i].sqlstate) != 0 || found != (sqlstate[0] != '\0')) {
            fail_msg("%s: \"%s\"", cases[i].label, sqlstate);
        }
    }
}

static void the_text_becomes_one_line_without_details(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[1024];
        connect_error_line(cases[i].text, line, sizeof line);
        if (strcmp(line, cases[i].line) != 0) {
            fail_msg("%s: \"%s\"", cases[i].label, line);
        }
    }
}

static void a_long_text_is_cut(void **state) {
    (void)state;
    char line[12];
    connect_error_line("FATAL:  28000: 0123456789", line, sizeof line);
    assert_string_equal(line, "FATAL: 0123");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sqlstate_is_found_in_any_language),
        cmocka_unit_test(the_text_becomes_one_line_without_details),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
