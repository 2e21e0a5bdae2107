/* test_trend.c - when a link will have caught up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/trend.h"

/* One look a second, from second 100 on. */
static struct trend looked_at(const int64_t *bytes, size_t n) {
    struct trend trend = {0};
    for (size_t i = 0; i < n; i++) {
        trend_note(&trend, bytes[i], (100 + (usec_t)i) * USEC_SECOND);
    }
    return trend;
}

static void a_lag_that_shrinks_will_be_gone(void **state) {
    (void)state;
    static const int64_t bytes[] = {5000, 4000, 3000, 2000};
    struct trend trend = looked_at(bytes, 4);
    assert_true(trend_seconds_left(&trend) == 2);
}

static void a_lag_that_grows_or_stays_has_no_end(void **state) {
    (void)state;
    static const int64_t grows[] = {1000, 2000}, stays[] = {1000, 1000, 1000};
    struct trend trend = looked_at(grows, 2);
    assert_true(trend_seconds_left(&trend) < 0);
    trend = looked_at(stays, 3);
    assert_true(trend_seconds_left(&trend) < 0);
}

static void one_look_tells_nothing_but_that_nothing_is_left(void **state) {
    (void)state;
    static const int64_t some[] = {1000}, none[] = {0};
    struct trend trend = {0};
    assert_true(trend_seconds_left(&trend) < 0);
    trend = looked_at(some, 1);
    assert_true(trend_seconds_left(&trend) < 0);
    trend = looked_at(none, 1);
    assert_true(trend_seconds_left(&trend) == 0);
}

static void looks_in_quick_succession_are_one(void **state) {
    (void)state;
    struct trend trend = {0};
    trend_note(&trend, 1000, USEC_SECOND);
    trend_note(&trend, 999, USEC_SECOND + 10000);
    assert_int_equal(trend.count, 1);
    assert_true(trend_seconds_left(&trend) < 0);
}

static void what_is_long_past_counts_no_longer(void **state) {
    (void)state;
    static const int64_t bytes[] = {9000, 1000};
    struct trend trend = looked_at(bytes, 2);
    trend_note(&trend, 500, 200 * USEC_SECOND);
    assert_true(trend_seconds_left(&trend) < 0);
    trend_note(&trend, 400, 201 * USEC_SECOND);
    assert_true(trend_seconds_left(&trend) == 4);
}

static void only_the_last_looks_count(void **state) {
    (void)state;
    int64_t bytes[3 * TREND_SAMPLES];
    for (size_t i = 0; i < 3 * TREND_SAMPLES; i++) { /* it grew before it shrank */
        bytes[i] = i < 2 * TREND_SAMPLES ? (int64_t)i * 1000
                                         : 100000 - (int64_t)(i - 2 * TREND_SAMPLES) * 100;
    }
    struct trend trend = looked_at(bytes, 3 * TREND_SAMPLES);
    assert_true(trend_seconds_left(&trend) > 984.9 && trend_seconds_left(&trend) < 985.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lag_that_shrinks_will_be_gone),
        cmocka_unit_test(a_lag_that_grows_or_stays_has_no_end),
        cmocka_unit_test(one_look_tells_nothing_but_that_nothing_is_left),
        cmocka_unit_test(looks_in_quick_succession_are_one),
        cmocka_unit_test(what_is_long_past_counts_no_longer),
        cmocka_unit_test(only_the_last_looks_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
