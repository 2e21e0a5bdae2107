/* test_status_read.c - what raw figures of slots and links amount to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/status_read.h"

static void a_link_without_a_slot_is_absent_even_if_it_says_otherwise(void **state) {
    (void)state;
    struct slot_info none = {0};
    assert_string_equal(status_link_state(&none, true, "streaming"), "absent");
    assert_string_equal(status_link_state(&none, false, "streaming"), "absent");
}

static void a_link_says_how_it_is_only_while_its_service_lives(void **state) {
    (void)state;
    static const struct {
        bool lost, running;
        const char *reported, *expected;
    } cases[] = {
        {false, false, "streaming", "stopped"}, {false, true, "streaming", "streaming"},
        {false, true, "retrying", "retrying"},  {false, true, "", "stopped"},
        {true, true, "streaming", "lost"},      {true, false, "streaming", "lost"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slot_info slot = {.exists = true, .lost = cases[i].lost};
        assert_string_equal(status_link_state(&slot, cases[i].running, cases[i].reported),
                            cases[i].expected);
    }
}

static void lag_in_bytes_is_never_negative(void **state) {
    (void)state;
    static const struct {
        bool exists;
        lsn_t confirmed, server;
        int64_t expected;
    } cases[] = {
        {false, 0, 100, 0},
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
    struct link_report report = {.lag_seconds = 1.5, .seconds_since_level = 300};
    assert_true(status_lag_seconds(&report, true, 0) == 1.5);
    assert_true(status_lag_seconds(&report, true, 10) == 1.5);
    assert_true(status_lag_seconds(&report, false, 10) == 300);
    assert_true(status_lag_seconds(&report, false, 0) == 0);
    report.lag_seconds = -0.25; /* clocks differ */
    assert_true(status_lag_seconds(&report, true, 10) == 0);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_without_a_slot_is_absent_even_if_it_says_otherwise),
        cmocka_unit_test(a_link_says_how_it_is_only_while_its_service_lives),
        cmocka_unit_test(lag_in_bytes_is_never_negative),
        cmocka_unit_test(lag_in_seconds_is_told_by_the_service_or_grows_without_one),
        cmocka_unit_test(the_total_is_an_estimate_until_the_copy_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
