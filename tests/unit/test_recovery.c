/* test_recovery.c - what an applier does after a slice has failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apply/recovery.h"

struct kind {
    const char *sqlstate;
    enum err_class class;
};

static const struct kind row = {"23514", ERR_CLASS_ROW}, others = {"40001", ERR_CLASS_CONTENDED},
                         deadlock = {"40P01", ERR_CLASS_CONTENDED},
                         stale = {"0A000", ERR_CLASS_FATAL}, fatal = {"42703", ERR_CLASS_FATAL},
                         passing = {"53100", ERR_CLASS_PASSING};

static struct err error_of(const struct kind *kind) {
    struct err err;
    err_set(&err, ERR_FAILED, "x");
    err.class = kind->class;
    snprintf(err.sqlstate, sizeof err.sqlstate, "%s", kind->sqlstate);
    return err;
}

struct recovery_case {
    const char *label;
    const struct kind *kind;
    struct failure failure;
    enum recovery wanted;
};

static const struct recovery_case cases[] = {
    {"fatal: the link stops", &fatal, {.count = 9}, RECOVERY_fail},
    {"passing: the link connects again", &passing, {.count = 9}, RECOVERY_fail},
    {"a row in a batch", &row, {.count = 9}, RECOVERY_by_rows},
    {"a row in a source transaction", &row, {.by_rows = true, .count = 9}, RECOVERY_split},
    {"the row itself", &row, {.by_rows = true, .count = 1}, RECOVERY_park},
    {"the row itself, not to be parked",
     &row,
     {.by_rows = true, .count = 1, .stop_on_row_error = true},
     RECOVERY_fail},
    {"a row that cannot be parked as it is",
     &row,
     {.by_rows = true, .count = 1, .parking = true},
     RECOVERY_park_bare},
    {"nor without what it holds",
     &row,
     {.by_rows = true, .count = 1, .parking = true, .bare = true},
     RECOVERY_fail},
    {"parking that meets others",
     &others,
     {.by_rows = true, .parking = true},
     RECOVERY_again_later},
    {"others at the same rows", &others, {.count = 9}, RECOVERY_again_later},
    {"others, while rows are held", &others, {.holds_rows = true, .count = 1}, RECOVERY_from_start},
    {"others, in pieces", &others, {.holds_rows = true, .carries = true}, RECOVERY_again_later},
    {"others, in pieces, for long",
     &others,
     {.holds_rows = true, .carries = true, .tries = RECOVERY_HOLDING_TRIES},
     RECOVERY_fail},
    {"a deadlock in pieces", &deadlock, {.holds_rows = true, .carries = true}, RECOVERY_fail},
    {"a key that has appeared", &row, {.moved = true, .count = 9}, RECOVERY_again_later},
    {"a key that is always there",
     &row,
     {.moved = true, .by_rows = true, .count = 1, .tries = RECOVERY_MOVED_TRIES},
     RECOVERY_park},
    {"a COMMIT of a batch that fails for a row",
     &row,
     {.at_commit = true, .count = 9},
     RECOVERY_by_rows},
    {"a COMMIT row by row", &row, {.at_commit = true, .by_rows = true, .count = 1}, RECOVERY_fail},
    {"a COMMIT of pieces", &others, {.at_commit = true, .carries = true}, RECOVERY_fail},
    {"a plan of what the table was", &stale, {.count = 9}, RECOVERY_prepare},
    {"prepared anew, and again", &stale, {.prepared_anew = true, .count = 9}, RECOVERY_fail},
    {"a stale plan in pieces", &stale, {.carries = true, .holds_rows = true}, RECOVERY_prepare},
    {"a constraint behind several changes",
     &row,
     {.at_constraints = true, .lenient = true, .by_rows = true, .count = 1},
     RECOVERY_strictly},
    {"a constraint of other rows, while one is being parked",
     &row,
     {.at_constraints = true, .lenient = true, .by_rows = true, .count = 1, .parking = true},
     RECOVERY_strictly},
    {"a constraint behind each change",
     &row,
     {.at_constraints = true, .by_rows = true, .count = 1},
     RECOVERY_park},
    {"a constraint at the end of pieces",
     &row,
     {.at_commit = true, .carries = true, .lenient = true},
     RECOVERY_fail},
};

static void each_failure_has_its_recovery(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failure failure = cases[i].failure;
        struct err error = error_of(cases[i].kind);
        failure.error = &error;
        enum recovery got = recovery_choose(&failure);
        if (got != cases[i].wanted) {
            fail_msg("%s: %s", cases[i].label, recovery_name(got));
        }
    }
}

static void what_wants_the_source_goes_on_at_once(void **state) {
    (void)state;
    struct err none = {.code = ERR_NONE};
    struct failure failure = {.error = &none, .count = 1};
    assert_int_equal(recovery_choose(&failure), RECOVERY_again);
}

/* Whatever fails, a finite number of steps leads to a row that is parked or to an end. */
static void no_row_goes_round_for_ever(void **state) {
    (void)state;
    struct err error = error_of(&row);
    struct failure failure = {.error = &error, .count = 9};
    int steps = 0;
    for (enum recovery next = RECOVERY_again; next != RECOVERY_fail; steps++) {
        assert_true(steps < 10);
        next = recovery_choose(&failure);
        failure.by_rows |= next == RECOVERY_by_rows;
        failure.count = next == RECOVERY_split ? 1 : failure.count;
        failure.parking |= next == RECOVERY_park;
        failure.bare |= next == RECOVERY_park_bare;
    }
    assert_int_equal(steps, 5);
}

static void a_link_is_told_to_stop_only_for_what_stays(void **state) {
    (void)state;
    static const struct {
        const struct kind *kind;
        bool prepared_anew;
        enum err_class wanted;
    } told[] = {
        {&row, false, ERR_CLASS_ROW},         {&deadlock, false, ERR_CLASS_PASSING},
        {&stale, true, ERR_CLASS_FATAL},      {&fatal, false, ERR_CLASS_FATAL},
        {&passing, false, ERR_CLASS_PASSING},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct err error = error_of(told[i].kind);
        struct failure failure = {.error = &error, .prepared_anew = told[i].prepared_anew};
        assert_int_equal(recovery_class(&failure), told[i].wanted);
    }
}

static void only_rows_that_fail_alike_make_a_streak(void **state) {
    (void)state;
    struct park_streak streak = {.limit = 3};
    for (int i = 0; i < 3; i++) {
        assert_true(park_streak_allows(&streak, "23514"));
        park_streak_add(&streak, "23514");
    }
    assert_false(park_streak_allows(&streak, "23514"));
    assert_true(park_streak_allows(&streak, "22001"));
    park_streak_add(&streak, "22001");
    assert_true(park_streak_allows(&streak, "23514"));
    streak.length = 3;
    assert_false(park_streak_allows(&streak, "22001"));
    park_streak_end(&streak);
    assert_true(park_streak_allows(&streak, "22001"));
}

static void without_a_limit_a_streak_has_no_end(void **state) {
    (void)state;
    struct park_streak streak = {.limit = 0};
    for (int i = 0; i < 100000; i++) {
        assert_true(park_streak_allows(&streak, "23514"));
        park_streak_add(&streak, "23514");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_has_its_recovery),
        cmocka_unit_test(what_wants_the_source_goes_on_at_once),
        cmocka_unit_test(no_row_goes_round_for_ever),
        cmocka_unit_test(a_link_is_told_to_stop_only_for_what_stays),
        cmocka_unit_test(only_rows_that_fail_alike_make_a_streak),
        cmocka_unit_test(without_a_limit_a_streak_has_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
