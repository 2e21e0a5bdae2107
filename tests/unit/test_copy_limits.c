/* test_copy_limits.c - which limits are in force, and when a copy waits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "copy/limits.h"

static const struct limits none = {0};
static const struct load calm = {.slot_wal_keep = -1, .slot_grows = true, .query = NAN};

#define MB INT64_C(1048576)

/* which */

static struct config make_config(void) {
    return (struct config){
        .backfill = {.max_rows_per_second = 5000},
        .limits = {.replica_lag = 5000000,
                   .active_sessions = 20,
                   .slot_wal = 10 * MB,
                   .query = {.sql = "SELECT 1", .max = 0.8}},
    };
}

static void limits_are_the_configurations(void **state) {
    (void)state;
    struct config config = make_config();
    struct control control;
    control_init(&control);
    struct limits limits = limits_of(&config, &control);
    assert_int_equal(limits.rows_per_second, 5000);
    assert_true(limits.replica_lag > 4.9 && limits.replica_lag < 5.1);
    assert_int_equal(limits.active_sessions, 20);
    assert_int_equal(limits.slot_wal, 10 * MB);
    assert_true(limits.has_query);
    assert_true(limits.query_max > 0.79 && limits.query_max < 0.81);
}

static void unless_something_else_was_asked_for(void **state) {
    (void)state;
    struct config config = make_config();
    struct control control = {.rows_per_second = 0,
                              .replica_lag = 7000000,
                              .active_sessions = CONTROL_AS_CONFIGURED,
                              .slot_wal = 0,
                              .query_max = -1};
    struct limits limits = limits_of(&config, &control);
    assert_int_equal(limits.rows_per_second, 0);
    assert_true(limits.replica_lag > 6.9 && limits.replica_lag < 7.1);
    assert_int_equal(limits.active_sessions, 20);
    assert_int_equal(limits.slot_wal, 0);
    assert_true(limits.query_max < -0.9);
}

/* when */

static struct load lagging(double lag) {
    struct load load = calm;
    load.replica_lag = lag;
    strcpy(load.replica, "standby1");
    return load;
}

static void assert_waits(const struct limits *limits, const struct load *load, bool waiting,
                         const char *wanted) {
    char why[LIMITS_WHY_SIZE] = "";
    bool waits = limits_exceeded(limits, load, waiting, why);
    if (wanted == NULL) {
        assert_false(waits);
    } else {
        assert_true(waits);
        assert_string_equal(why, wanted);
    }
}

static void without_limits_nothing_is_too_much(void **state) {
    (void)state;
    struct load load = lagging(1e6);
    load.active_sessions = 100000;
    load.slot_wal = INT64_MAX / 2;
    load.query = 1e9;
    load.query_failed = true;
    assert_waits(&none, &load, false, NULL);
    assert_waits(&none, &load, true, NULL);
}

static void a_wait_ends_at_four_fifths(void **state) {
    (void)state;
    struct limits limits = {.replica_lag = 5, .active_sessions = 10};
    struct load load = lagging(4.5);
    assert_waits(&limits, &load, false, NULL);
    assert_waits(&limits, &load, true, "replica lag of 4.5 s on standby1 (limit 5 s)");
    load = lagging(5.1);
    assert_waits(&limits, &load, false, "replica lag of 5.1 s on standby1 (limit 5 s)");
    load = lagging(3.9);
    assert_waits(&limits, &load, true, NULL);
    load.active_sessions = 9;
    assert_waits(&limits, &load, false, NULL);
    assert_waits(&limits, &load, true, "9 active sessions (limit 10)");
}

static void the_servers_own_limit_for_log_counts_before_it_is_reached(void **state) {
    (void)state;
    struct limits limits = {.slot_wal = 1000 * MB};
    struct load load = calm;
    load.slot_wal = 950 * MB;
    assert_waits(&limits, &load, false, NULL);
    load.slot_wal_keep = 1000 * MB;
    assert_waits(
        &limits, &load, false,
        "950 MB of log that the slot keeps (limit 900 MB): it does not get less by itself, "
        "\"throttle --slot-wal\" raises the limit");
    load.slot_grows = false;
    assert_waits(&limits, &load, false, NULL);
    assert_int_equal(limits_slot_wal(&none, &calm), INT64_MAX);
}

static void any_number_may_be_the_querys_limit(void **state) {
    (void)state;
    struct limits limits = {.has_query = true, .query_max = -0.5};
    struct load load = calm;
    assert_waits(&limits, &load, false, NULL); /* no answer yet, or NULL */
    load.query = -0.5;
    assert_waits(&limits, &load, false, NULL);
    load.query = 0;
    assert_waits(&limits, &load, false, "0, the result of limits.query (limit -0.5)");
    load.query = -1;
    load.query_failed = true;
    assert_waits(&limits, &load, false,
                 "the query of limits.query, which has not answered in time");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_the_configurations),
        cmocka_unit_test(unless_something_else_was_asked_for),
        cmocka_unit_test(without_limits_nothing_is_too_much),
        cmocka_unit_test(a_wait_ends_at_four_fifths),
        cmocka_unit_test(the_servers_own_limit_for_log_counts_before_it_is_reached),
        cmocka_unit_test(any_number_may_be_the_querys_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
