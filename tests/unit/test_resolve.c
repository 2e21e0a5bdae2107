/* test_resolve.c - the whole table of resolve.h, row by row, and what happens
 * to a row that lacks a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/resolve.h"

enum { STAYS = false, MOVES = true };

static const struct table_row {
    const char *label;
    enum change_op op;
    bool moves;
    enum found at_key, at_new_key;
    struct decision wanted;
} live[] = {
    {"insert, nothing there",
     CHANGE_insert,
     STAYS,
     FOUND_NOTHING,
     FOUND_NOTHING,
     {.action = ACTION_INSERT}},
    {"insert, a copy there",
     CHANGE_insert,
     STAYS,
     FOUND_COPY,
     FOUND_NOTHING,
     {.action = ACTION_UPDATE}},
    {"insert, an earlier original",
     CHANGE_insert,
     STAYS,
     FOUND_EARLIER,
     FOUND_NOTHING,
     {ACTION_UPDATE, CONFLICT_insert_exists, OUTCOME_applied, true}},
    {"insert, a later original",
     CHANGE_insert,
     STAYS,
     FOUND_LATER,
     FOUND_NOTHING,
     {ACTION_NOTHING, CONFLICT_insert_exists, OUTCOME_kept, true}},

    {"update of nothing",
     CHANGE_update,
     STAYS,
     FOUND_NOTHING,
     FOUND_NOTHING,
     {ACTION_NOTHING, CONFLICT_update_missing, OUTCOME_skipped, true}},
    {"update of a copy",
     CHANGE_update,
     STAYS,
     FOUND_COPY,
     FOUND_NOTHING,
     {.action = ACTION_UPDATE}},
    {"update of an earlier original",
     CHANGE_update,
     STAYS,
     FOUND_EARLIER,
     FOUND_NOTHING,
     {.action = ACTION_UPDATE, .recheck = true}},
    {"update of a later original",
     CHANGE_update,
     STAYS,
     FOUND_LATER,
     FOUND_NOTHING,
     {ACTION_NOTHING, CONFLICT_update_origin_differs, OUTCOME_kept, true}},

    {"delete of nothing",
     CHANGE_delete,
     STAYS,
     FOUND_NOTHING,
     FOUND_NOTHING,
     {ACTION_NOTHING, CONFLICT_delete_missing, OUTCOME_skipped, true}},
    {"delete of a copy",
     CHANGE_delete,
     STAYS,
     FOUND_COPY,
     FOUND_NOTHING,
     {.action = ACTION_DELETE, .recheck = true}},
    {"delete of an earlier original",
     CHANGE_delete,
     STAYS,
     FOUND_EARLIER,
     FOUND_NOTHING,
     {.action = ACTION_DELETE, .recheck = true}},
    {"delete of a later original",
     CHANGE_delete,
     STAYS,
     FOUND_LATER,
     FOUND_NOTHING,
     {ACTION_NOTHING, CONFLICT_delete_origin_differs, OUTCOME_kept, true}},

    {"move of a copy",
     CHANGE_update,
     MOVES,
     FOUND_COPY,
     FOUND_NOTHING,
     {.action = ACTION_MOVE, .recheck = true}},
    {"move of an earlier original",
     CHANGE_update,
     MOVES,
     FOUND_EARLIER,
     FOUND_NOTHING,
     {.action = ACTION_MOVE, .recheck = true}},
    {"move of a later original",
     CHANGE_update,
     MOVES,
     FOUND_LATER,
     FOUND_NOTHING,
     {ACTION_MOVE, CONFLICT_update_origin_differs, OUTCOME_applied, true}},
    {"move of nothing",
     CHANGE_update,
     MOVES,
     FOUND_NOTHING,
     FOUND_NOTHING,
     {ACTION_INSERT, CONFLICT_update_missing, OUTCOME_applied, true}},
    {"move of a copy onto a copy",
     CHANGE_update,
     MOVES,
     FOUND_COPY,
     FOUND_COPY,
     {.action = ACTION_REPLACE, .recheck = true}},
    {"move of a later original onto a copy",
     CHANGE_update,
     MOVES,
     FOUND_LATER,
     FOUND_COPY,
     {.action = ACTION_REPLACE, .recheck = true}},
    {"move onto an earlier original",
     CHANGE_update,
     MOVES,
     FOUND_COPY,
     FOUND_EARLIER,
     {ACTION_REPLACE, CONFLICT_update_exists, OUTCOME_applied, true}},
    {"move onto a later original",
     CHANGE_update,
     MOVES,
     FOUND_COPY,
     FOUND_LATER,
     {ACTION_DELETE, CONFLICT_update_exists, OUTCOME_kept, true}},
    {"move of nothing onto a copy",
     CHANGE_update,
     MOVES,
     FOUND_NOTHING,
     FOUND_COPY,
     {ACTION_UPDATE_NEW_KEY, CONFLICT_update_missing, OUTCOME_applied, true}},
    {"move of nothing onto an earlier original",
     CHANGE_update,
     MOVES,
     FOUND_NOTHING,
     FOUND_EARLIER,
     {ACTION_UPDATE_NEW_KEY, CONFLICT_update_missing, OUTCOME_applied, true}},
    {"move of nothing onto a later original",
     CHANGE_update,
     MOVES,
     FOUND_NOTHING,
     FOUND_LATER,
     {ACTION_NOTHING, CONFLICT_update_exists, OUTCOME_kept, true}},
};

static void every_row_of_the_live_table_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
        const struct table_row *row = &live[i];
        struct change change = {.op = row->op, .moves_key = row->moves, .complete = true};
        struct decision d = resolve(POLICY_LIVE, &change, row->at_key, row->at_new_key);
        if (d.action != row->wanted.action || d.conflict != row->wanted.conflict ||
            d.recheck != row->wanted.recheck || d.outcome != row->wanted.outcome) {
            fail_msg("%s: %s, %s %s%s", row->label, action_name(d.action),
                     conflict_name(d.conflict), outcome_name(d.outcome),
                     d.recheck ? ", rechecked" : "");
        }
    }
}

static const struct blind_row {
    const char *label;
    enum change_op op;
    bool moves;
    enum found at_key, at_new_key;
    enum action complete, incomplete;
} blind[] = {
    {"insert", CHANGE_insert, STAYS, FOUND_NOTHING, FOUND_NOTHING, ACTION_INSERT,
     ACTION_READ_SOURCE},
    {"insert, a row there", CHANGE_insert, STAYS, FOUND_COPY, FOUND_NOTHING, ACTION_UPDATE,
     ACTION_UPDATE},
    {"update of nothing", CHANGE_update, STAYS, FOUND_NOTHING, FOUND_NOTHING, ACTION_INSERT,
     ACTION_READ_SOURCE},
    {"update", CHANGE_update, STAYS, FOUND_COPY, FOUND_NOTHING, ACTION_UPDATE, ACTION_UPDATE},
    {"delete of nothing", CHANGE_delete, STAYS, FOUND_NOTHING, FOUND_NOTHING, ACTION_NOTHING,
     ACTION_NOTHING},
    {"delete", CHANGE_delete, STAYS, FOUND_COPY, FOUND_NOTHING, ACTION_DELETE, ACTION_DELETE},
    {"move", CHANGE_update, MOVES, FOUND_COPY, FOUND_NOTHING, ACTION_MOVE, ACTION_MOVE},
    {"move of nothing", CHANGE_update, MOVES, FOUND_NOTHING, FOUND_NOTHING, ACTION_INSERT,
     ACTION_READ_SOURCE},
    {"move onto a row", CHANGE_update, MOVES, FOUND_COPY, FOUND_COPY, ACTION_REPLACE,
     ACTION_REPLACE},
    {"move that is there already", CHANGE_update, MOVES, FOUND_NOTHING, FOUND_COPY,
     ACTION_UPDATE_NEW_KEY, ACTION_UPDATE_NEW_KEY},
};

static void every_row_of_the_blind_table_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof blind / sizeof *blind; i++) {
        const struct blind_row *row = &blind[i];
        struct change change = {.op = row->op, .moves_key = row->moves, .complete = true};
        struct decision d = resolve(POLICY_BLIND, &change, row->at_key, row->at_new_key);
        change.complete = false;
        struct decision e = resolve(POLICY_BLIND, &change, row->at_key, row->at_new_key);
        if (d.action != row->complete || e.action != row->incomplete || d.recheck || d.conflict) {
            fail_msg("%s: %s, without a value %s", row->label, action_name(d.action),
                     action_name(e.action));
        }
    }
}

static void nothing_is_inserted_when_the_source_has_lost_the_row(void **state) {
    (void)state;
    struct change change = {.op = CHANGE_update, .moves_key = true, .source_gone = true};
    struct decision d = resolve(POLICY_BLIND, &change, FOUND_NOTHING, FOUND_NOTHING);
    assert_int_equal(d.action, ACTION_NOTHING);
}

static void a_move_that_lacks_a_value_is_left_to_the_recheck(void **state) {
    (void)state;
    struct change change = {.op = CHANGE_update, .moves_key = true};
    struct decision d = resolve(POLICY_LIVE, &change, FOUND_NOTHING, FOUND_NOTHING);
    assert_int_equal(d.action, ACTION_NOTHING);
    assert_int_equal(d.conflict, CONFLICT_update_missing);
    assert_int_equal(d.outcome, OUTCOME_skipped);
    assert_true(d.recheck);
}

/* what a key holds in the eyes of a change */

static enum found found(enum direction direction, enum standing standing, stamp_t row,
                        stamp_t incoming) {
    struct mapping mapping = {.direction = direction, .version = {COLUMN_NONE, COLUMN_NONE}};
    struct change change = {.mapping = &mapping, .transaction = {.commit_time = incoming}};
    return resolve_found(&change, (struct row_state){standing, row});
}

static void the_later_commit_is_found_later(void **state) {
    (void)state;
    assert_int_equal(found(FORWARD, STANDING_ABSENT, 0, 10), FOUND_NOTHING);
    assert_int_equal(found(FORWARD, STANDING_COPY, 99, 10), FOUND_COPY);
    assert_int_equal(found(FORWARD, STANDING_ORIGINAL, 9, 10), FOUND_EARLIER);
    assert_int_equal(found(FORWARD, STANDING_ORIGINAL, 11, 10), FOUND_LATER);
    assert_int_equal(found(REVERSE, STANDING_ORIGINAL, 9, 10), FOUND_EARLIER);
    assert_int_equal(found(REVERSE, STANDING_ORIGINAL, 11, 10), FOUND_LATER);
}

static void a_tie_goes_to_the_new_side(void **state) {
    (void)state;
    assert_int_equal(found(FORWARD, STANDING_ORIGINAL, 10, 10), FOUND_LATER);
    assert_int_equal(found(REVERSE, STANDING_ORIGINAL, 10, 10), FOUND_EARLIER);
}

static void a_row_of_unknown_age_is_earlier_than_any_change(void **state) {
    (void)state;
    assert_int_equal(found(FORWARD, STANDING_ORIGINAL, STAMP_UNKNOWN, 0), FOUND_EARLIER);
    assert_int_equal(found(REVERSE, STANDING_ORIGINAL, STAMP_UNKNOWN, 0), FOUND_EARLIER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_live_table_holds),
        cmocka_unit_test(every_row_of_the_blind_table_holds),
        cmocka_unit_test(nothing_is_inserted_when_the_source_has_lost_the_row),
        cmocka_unit_test(a_move_that_lacks_a_value_is_left_to_the_recheck),
        cmocka_unit_test(the_later_commit_is_found_later),
        cmocka_unit_test(a_tie_goes_to_the_new_side),
        cmocka_unit_test(a_row_of_unknown_age_is_earlier_than_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
