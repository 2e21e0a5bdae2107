/* test_copy_pace.c - how fast a copy may go, how fast it goes, and how people are
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "copy/pace.h"
#include "copy/rate.h"

/* pace */

static void without_a_limit_nobody_waits(void **state) {
    (void)state;
    struct pace pace;
    pace_init(&pace, 0, 0);
    assert_int_equal(pace_take(&pace, 1000000, 0), 0);
}

static void a_debt_is_waited_for_in_full(void **state) {
    (void)state;
    struct pace pace;
    pace_init(&pace, 1000, 0);
    assert_in_range(pace_take(&pace, 500, 0), USEC_SECOND / 2, USEC_SECOND / 2 + 1);
    assert_in_range(pace_take(&pace, 500, 0), USEC_SECOND, USEC_SECOND + 1);
    assert_in_range(pace_take(&pace, 1, USEC_SECOND), 1000, 1001);
    assert_int_equal(pace_take(&pace, 1, 2 * USEC_SECOND), 0);
}

static void an_idle_time_saves_up_a_tenth_of_a_second(void **state) {
    (void)state;
    struct pace pace;
    pace_init(&pace, 1000, 0);
    assert_int_equal(pace_take(&pace, 100, 60 * USEC_SECOND), 0);
    assert_true(pace_take(&pace, 1, 60 * USEC_SECOND) > 0);
}

/* Rows one by one, each waited for as told: the average must be the limit. */
static void the_average_is_the_limit(void **state) {
    (void)state;
    struct pace pace;
    usec_t now = 0;
    pace_init(&pace, 3000, now);
    for (int row = 0; row < 30000; row++) {
        now += pace_take(&pace, 1, now);
    }
    assert_in_range(now, 99 * USEC_SECOND / 10, 101 * USEC_SECOND / 10);
}

/* rate */

static void a_speed_needs_time_and_rows(void **state) {
    (void)state;
    struct rate rate;
    rate_init(&rate, 100, 0);
    assert_int_equal((int)rate_per_second(&rate, 100, 0), 0);
    assert_int_equal((int)rate_per_second(&rate, 100, USEC_SECOND), 0);
    assert_int_equal((int)rate_per_second(&rate, 50, USEC_SECOND), 0); /* rows that are redone */
    assert_int_equal((int)rate_per_second(&rate, 300, 2 * USEC_SECOND), 100);
}

static void old_speed_is_forgotten(void **state) {
    (void)state;
    struct rate rate;
    int64_t rows = 0;
    usec_t now = 0;
    rate_init(&rate, rows, now);
    for (; now < 100 * USEC_SECOND; now += USEC_SECOND / 10) {
        rows += 1000;
        rate_note(&rate, rows, now);
    }
    for (usec_t slow = 0; slow < RATE_WINDOW + USEC_SECOND; slow += USEC_SECOND / 10) {
        rows += 1;
        now += USEC_SECOND / 10;
        rate_note(&rate, rows, now);
    }
    assert_in_range((int)rate_per_second(&rate, rows, now), 9, 11);
}

static void assert_text(struct buf *text, const char *expected) {
    assert_string_equal(buf_text(text), expected);
    buf_fini(text);
}

static void durations_read_well(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } durations[] = {
        {0, "0s"},        {0.4, "0s"},     {59.4, "59s"},    {59.6, "1m00s"},     {725, "12m05s"},
        {3599, "59m59s"}, {3600, "1h00m"}, {12000, "3h20m"}, {360000, "100h00m"},
    };
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        struct buf text;
        buf_init(&text);
        rate_add_duration(&text, durations[i].seconds);
        assert_text(&text, durations[i].text);
    }
}

static void an_eta_needs_a_speed(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text);
    rate_add_eta(&text, 1000, 0);
    buf_add_char(&text, ' ');
    rate_add_eta(&text, 1000, 10);
    assert_text(&text, "? 1m40s");
}

static void counts_have_commas(void **state) {
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } counts[] = {
        {0, "0"},       {999, "999"},      {1000, "1,000"}, {1234567, "1,234,567"},
        {-123, "-123"}, {-1000, "-1,000"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buf text;
        buf_init(&text);
        rate_add_count(&text, counts[i].n);
        assert_text(&text, counts[i].text);
    }
}

static void the_bar_shows_part_speed_and_eta(void **state) {
    (void)state;
    static const struct {
        int64_t rows, total;
        double speed;
        const char *text;
    } bars[] = {
        {0, 10000, 0, "  0.0%  0/10,000 rows  0/s  ETA ?  [                        ]"},
        {5000, 10000, 500, " 50.0%  5,000/10,000 rows  500/s  ETA 10s  [############            ]"},
        {12000, 10000, 500,
         "100.0%  12,000/10,000 rows  500/s  ETA 0s  [########################]"},
        {0, 0, 0, "100.0%  0/0 rows  0/s  ETA ?  [########################]"},
    };
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
        struct buf text;
        buf_init(&text);
        rate_add_bar(&text, bars[i].rows, bars[i].total, bars[i].speed);
        assert_text(&text, bars[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_nobody_waits),
        cmocka_unit_test(a_debt_is_waited_for_in_full),
        cmocka_unit_test(an_idle_time_saves_up_a_tenth_of_a_second),
        cmocka_unit_test(the_average_is_the_limit),
        cmocka_unit_test(a_speed_needs_time_and_rows),
        cmocka_unit_test(old_speed_is_forgotten),
        cmocka_unit_test(durations_read_well),
        cmocka_unit_test(an_eta_needs_a_speed),
        cmocka_unit_test(counts_have_commas),
        cmocka_unit_test(the_bar_shows_part_speed_and_eta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
