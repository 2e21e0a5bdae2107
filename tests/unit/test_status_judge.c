/* test_status_judge.c - what raw figures of slots and links amount to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command/status_judge.h"

static void a_process_is_at_work_where_either_sign_tells_of_it(void **state) {
    (void)state;
    static const struct {
        enum answer locked, present, expected;
    } cases[] = {
        {YES, NOT_KNOWN, YES},
        {YES, NO, YES},
        {NO, YES, YES}, /* it takes the lock anew */
        {NOT_KNOWN, YES, YES},
        {NO, NOT_KNOWN, NO},
        {NO, NO, NO},
        {NOT_KNOWN, NO, NOT_KNOWN}, /* it may be connecting to the old database just now */
        {NOT_KNOWN, NOT_KNOWN, NOT_KNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_running(cases[i].locked, cases[i].present), cases[i].expected);
    }
}

static void a_links_state_is_what_is_known_of_it(void **state) {
    (void)state;
    static const struct slot_info none = {0}, there = {.exists = true},
                                  lost = {.exists = true, .lost = true};
    static const struct {
        const char *label;
        const struct slot_info *slot;
        const char *reported, *expected;
        enum answer running;
        bool is_due;
    } cases[] = {
        {"no slot that should be there", &none, "streaming", "lost", NO, true},
        {"no slot that should be there, whatever it says", &none, "streaming", "lost", YES, true},
        {"given up, with its slot", &none, "retired", "retired", NO, true},
        {"no slot, whatever it says", &none, "streaming", "absent", YES, false},
        {"no slot, and no process", &none, "streaming", "absent", NO, false},
        {"no slot, and a target that is away", &none, NULL, "absent", NOT_KNOWN, false},
        {"given up", &none, "retired", "retired", NO, false},
        {"lost, whatever it says", &lost, "streaming", "lost", YES, false},
        {"lost, and no process", &lost, "failed", "lost", NO, false},
        {"lost, and a target that is away", &lost, NULL, "lost", NOT_KNOWN, false},
        {"killed", &there, "streaming", "stopped", NO, false},
        {"ended well", &there, "stopped", "stopped", NO, false},
        {"never begun", &there, "", "stopped", NO, false},
        {"at work", &there, "streaming", "streaming", YES, false},
        {"its source is away", NULL, "retrying", "retrying", YES, false},
        {"not begun yet", &there, "", "stopped", YES, false},
        {"failed, its process lives", &there, "failed", "failed", YES, false},
        {"failed, its process has ended", &there, "failed", "failed", NO, false},
        {"failed, the lock cannot be seen", &there, "failed", "failed", NOT_KNOWN, false},
        {"failed, its source is away", NULL, "failed", "failed", NO, false},
        {"killed, its source is away", NULL, "streaming", "stopped", NO, false},
        {"killed, its target is away", &there, NULL, "stopped", NO, false},
        {"runs, its target is away", &there, NULL, NULL, YES, false},
        {"who knows", &there, "streaming", NULL, NOT_KNOWN, false},
        {"perhaps never set up", NULL, "", NULL, NO, false},
        {"nobody answers", NULL, NULL, NULL, NOT_KNOWN, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got =
            status_link_state(cases[i].slot, cases[i].is_due, cases[i].running, cases[i].reported);
        const char *expected = cases[i].expected;
        if ((got == NULL) != (expected == NULL) || (got != NULL && strcmp(got, expected) != 0)) {
            fail_msg("%s: %s, not %s", cases[i].label, got != NULL ? got : "not known",
                     expected != NULL ? expected : "not known");
        }
    }
}

static void lag_in_bytes_is_not_known_without_a_slot(void **state) {
    (void)state;
    static const struct {
        bool exists;
        lsn_t confirmed, server;
        int64_t expected;
    } cases[] = {
        {false, 0, 100, -1}, /* nobody knows */
        {true, 100, 100, 0},
        {true, 101, 100, 0},
        {true, 40, 100, 60},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slot_info slot = {.exists = cases[i].exists,
                                 .confirmed_flush = cases[i].confirmed,
                                 .server_lsn = cases[i].server};
        assert_int_equal(status_lag_bytes(&slot), cases[i].expected);
    }
}

static void lag_in_seconds_is_told_by_the_service_or_grows_without_one(void **state) {
    (void)state;
    struct lag_report report = {.said = 1.5, .since_level = 300};
    assert_true(status_lag_seconds(&report, YES, 0) == 1.5);
    assert_true(status_lag_seconds(&report, YES, 10) == 1.5);
    assert_true(status_lag_seconds(&report, YES, -1) == 1.5);
    assert_true(status_lag_seconds(&report, NO, 10) == 300);
    assert_true(status_lag_seconds(&report, NO, 0) == 0);
    assert_true(status_lag_seconds(&report, NO, -1) < 0);
    assert_true(status_lag_seconds(&report, NOT_KNOWN, 10) < 0);
    report.said = -0.25; /* clocks differ */
    assert_true(status_lag_seconds(&report, YES, 10) == 0);
}

static void a_link_is_behind_by_a_segment_or_by_seconds(void **state) {
    (void)state;
    assert_false(status_is_behind(0, 0));
    assert_false(status_is_behind(200000, 0.3));
    assert_false(status_is_behind(-1, 60)); /* nobody knows how far */
    assert_false(status_is_behind(0, 60));
    assert_true(status_is_behind(16 * 1024 * 1024, 0));
    assert_true(status_is_behind(1000, 5));
}

static void the_total_is_an_estimate_until_the_copy_is_done(void **state) {
    (void)state;
    static const struct {
        enum backfill backfill;
        int64_t estimate, done, expected;
    } cases[] = {
        {BACKFILL_pending, 0, 0, 0},          {BACKFILL_running, 1000, 10, 1000},
        {BACKFILL_running, 1000, 1200, 1200}, {BACKFILL_copied, 1000, 990, 990},
        {BACKFILL_done, 1000, 990, 990},      {BACKFILL_skipped, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_rows_total(cases[i].backfill, cases[i].estimate, cases[i].done),
                         cases[i].expected);
    }
}

static void a_copy_runs_only_while_somebody_is_at_it(void **state) {
    (void)state;
    static const struct {
        const char *label;
        struct copy_signs signs; /* state, running, speaks, paused, waits, troubled */
        enum copy_activity expected;
    } cases[] = {
        {"to come", {BACKFILL_pending, YES, false, false, false, false}, COPY_none},
        {"to come, paused", {BACKFILL_pending, NO, false, true, false, false}, COPY_none},
        {"over", {BACKFILL_done, YES, true, false, false, false}, COPY_none},
        {"copying", {BACKFILL_running, YES, true, false, false, false}, COPY_copying},
        {"a limit", {BACKFILL_running, YES, true, false, true, false}, COPY_waiting},
        {"paused", {BACKFILL_running, YES, true, true, true, false}, COPY_paused},
        {"asked to pause, not heard yet",
         {BACKFILL_running, YES, true, true, false, false},
         COPY_copying},
        {"disk full", {BACKFILL_running, YES, true, false, false, true}, COPY_retrying},
        {"says nothing", {BACKFILL_running, YES, false, false, false, false}, COPY_silent},
        {"killed", {BACKFILL_running, NO, true, false, false, false}, COPY_interrupted},
        {"killed while paused", {BACKFILL_running, NO, true, true, true, false}, COPY_interrupted},
        {"ended with an error",
         {BACKFILL_running, NO, false, false, false, true},
         COPY_interrupted},
        {"statements", {BACKFILL_copied, YES, false, false, false, false}, COPY_none},
        {"statements are left",
         {BACKFILL_copied, NO, false, false, false, false},
         COPY_interrupted},
        {"who knows", {BACKFILL_running, NOT_KNOWN, true, false, false, false}, COPY_none},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum copy_activity got = status_copy_activity(&cases[i].signs);
        if (got != cases[i].expected) {
            fail_msg("%s: %s", cases[i].label, copy_activity_name(got));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_at_work_where_either_sign_tells_of_it),
        cmocka_unit_test(a_links_state_is_what_is_known_of_it),
        cmocka_unit_test(lag_in_bytes_is_not_known_without_a_slot),
        cmocka_unit_test(lag_in_seconds_is_told_by_the_service_or_grows_without_one),
        cmocka_unit_test(a_link_is_behind_by_a_segment_or_by_seconds),
        cmocka_unit_test(the_total_is_an_estimate_until_the_copy_is_done),
        cmocka_unit_test(a_copy_runs_only_while_somebody_is_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
