/* test_resolve.c - the whole table of resolve.h, row by row, and what happens
 * to an insert that lacks a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/resolve.h"

#define ABSENT false
#define THERE true

struct table_row {
    const char *label;
    enum change_op op;
    bool moves, at_key, at_new_key;
    enum action blind, live;
    enum conflict conflict; /* under POLICY_LIVE */
};

static const struct table_row rows[] = {
    {"insert, nothing there", CHANGE_insert, false, ABSENT, ABSENT, ACTION_INSERT, ACTION_INSERT,
     CONFLICT_NONE},
    {"insert, a row is there", CHANGE_insert, false, THERE, THERE, ACTION_UPDATE, ACTION_UPDATE,
     CONFLICT_ROW_EXISTS},
    {"update of the row", CHANGE_update, false, THERE, THERE, ACTION_UPDATE, ACTION_UPDATE,
     CONFLICT_NONE},
    {"update of nothing", CHANGE_update, false, ABSENT, ABSENT, ACTION_INSERT, ACTION_NOTHING,
     CONFLICT_ROW_MISSING},
    {"delete of the row", CHANGE_delete, false, THERE, THERE, ACTION_DELETE, ACTION_DELETE,
     CONFLICT_NONE},
    {"delete of nothing", CHANGE_delete, false, ABSENT, ABSENT, ACTION_NOTHING, ACTION_NOTHING,
     CONFLICT_ROW_MISSING},
    {"key change", CHANGE_update, true, THERE, ABSENT, ACTION_MOVE, ACTION_MOVE, CONFLICT_NONE},
    {"key change of nothing", CHANGE_update, true, ABSENT, ABSENT, ACTION_INSERT, ACTION_INSERT,
     CONFLICT_ROW_MISSING},
    {"key change onto a row", CHANGE_update, true, THERE, THERE, ACTION_REPLACE, ACTION_REPLACE,
     CONFLICT_ROW_EXISTS},
    {"key change that is there already", CHANGE_update, true, ABSENT, THERE, ACTION_UPDATE_NEW_KEY,
     ACTION_UPDATE_NEW_KEY, CONFLICT_ROW_MISSING},
};

static void check(const struct table_row *row, enum policy policy, enum action action,
                  enum conflict conflict) {
    struct change change = {.op = row->op, .moves_key = row->moves, .complete = true};
    struct decision d = resolve(policy, &change, row->at_key, row->at_new_key);
    if (d.action != action || d.conflict != conflict) {
        fail_msg("%s: %s, conflict %d", row->label, action_name(d.action), (int)d.conflict);
    }
}

static void every_row_of_the_table_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i], POLICY_BLIND, rows[i].blind, CONFLICT_NONE);
        check(&rows[i], POLICY_LIVE, rows[i].live, rows[i].conflict);
    }
}

static void an_insert_without_all_values_asks_the_source(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct change change = {.op = rows[i].op, .moves_key = rows[i].moves};
        struct decision d = resolve(POLICY_BLIND, &change, rows[i].at_key, rows[i].at_new_key);
        enum action wanted = rows[i].blind == ACTION_INSERT ? ACTION_READ_SOURCE : rows[i].blind;
        if (d.action != wanted) {
            fail_msg("%s: %s", rows[i].label, action_name(d.action));
        }
    }
}

static void nothing_is_inserted_when_the_source_has_lost_the_row(void **state) {
    (void)state;
    struct change change = {.op = CHANGE_update, .moves_key = true, .source_gone = true};
    assert_int_equal(resolve(POLICY_LIVE, &change, ABSENT, ABSENT).action, ACTION_NOTHING);
    assert_int_equal(resolve(POLICY_BLIND, &change, ABSENT, ABSENT).action, ACTION_NOTHING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(an_insert_without_all_values_asks_the_source),
        cmocka_unit_test(nothing_is_inserted_when_the_source_has_lost_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
