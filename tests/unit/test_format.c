/* test_format.c - figures as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/format.h"

static void counts_have_commas(void **state) {
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {123456, "123,456"},
        {10000000, "10,000,000"},
        {-1234, "-1,234"},
        {INT64_MAX, "9,223,372,036,854,775,807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(format_count(cases[i].n).text, cases[i].text);
    }
}

static void bytes_have_units_of_1024(void **state) {
    (void)state;
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 bytes"},
        {1023, "1023 bytes"},
        {1024, "1.0 kB"},
        {1536 * 1024, "1.5 MB"},
        {INT64_C(10) * 1024 * 1024 * 1024, "10.0 GB"},
        {INT64_MAX, "8192.0 PB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(format_bytes(cases[i].bytes).text, cases[i].text);
    }
}

static void seconds_grow_into_minutes_hours_and_days(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0.00 s"},         {0.25, "0.25 s"},    {12.34, "12.3 s"},  {60, "1 min 0 s"},
        {3599, "59 min 59 s"}, {3600, "1 h 0 min"}, {90000, "1 d 1 h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(format_seconds(cases[i].seconds).text, cases[i].text);
    }
}

static void percent_is_never_100_before_it_is_all(void **state) {
    (void)state;
    static const struct {
        int64_t part, whole;
        const char *text;
    } cases[] = {
        {0, 10, "0.0 %"}, {1, 3, "33.3 %"}, {9999999, 10000000, "99.9 %"},
        {5, 5, "100 %"},  {7, 5, "100 %"},  {0, 0, "100 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(format_percent(cases[i].part, cases[i].whole).text, cases[i].text);
    }
}

static void one_row_shows_in_the_accuracy(void **state) {
    (void)state;
    static const struct {
        int64_t part, whole;
        const char *text;
    } cases[] = {
        {0, 0, "100 %"},
        {1, 2, "50.00 %"},
        {9999, 10000, "99.990 %"},
        {999999, 1000000, "99.99990 %"},
        {9999999, 10000000, "99.999990 %"},
        {10000000, 10000000, "100 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(format_accuracy(cases[i].part, cases[i].whole).text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_commas),
        cmocka_unit_test(bytes_have_units_of_1024),
        cmocka_unit_test(seconds_grow_into_minutes_hours_and_days),
        cmocka_unit_test(percent_is_never_100_before_it_is_all),
        cmocka_unit_test(one_row_shows_in_the_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
