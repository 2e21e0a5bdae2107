/* test_copy_sizer.c - chunks take as long as they are to take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copy/sizer.h"

static const usec_t half = USEC_SECOND / 2;

static const struct {
    const char *label;
    int64_t before, rows;
    usec_t duration;
    int64_t after;
} cases[] = {
    {"as long as it is to take", 20000, 20000, USEC_SECOND / 2, 20000},
    {"a little short", 20000, 20000, USEC_SECOND * 4 / 10, 25000},
    {"no more than twice as many", 20000, 20000, USEC_SECOND / 10, 40000},
    {"in no time at all", 20000, 20000, 0, 40000},
    {"as few as it takes, at once", 20000, 20000, 100 * USEC_SECOND, 100},
    {"never too few to get on", 20000, 20000, 86400 * USEC_SECOND, SIZER_LEAST},
    {"never too many", 900000, 900000, USEC_SECOND / 10, SIZER_MOST},
    {"larger than ever from the configuration", 50000000, 50000000, half, SIZER_MOST},
    {"a table's last rows tell nothing", 20000, 10, USEC_SECOND / 100, 20000},
    {"but that they are slow", 20000, 10, 2 * USEC_SECOND, SIZER_LEAST},
    {"no rows tell nothing", 20000, 0, 10 * USEC_SECOND, 20000},
};

static void rows_follow_the_time_that_they_took(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sizer sizer;
        sizer_init(&sizer, cases[i].before, half);
        sizer_note(&sizer, cases[i].rows, cases[i].duration);
        if (sizer.rows != cases[i].after) {
            fail_msg("%s: %lld", cases[i].label, (long long)sizer.rows);
        }
    }
}

static void without_a_time_the_rows_stay(void **state) {
    (void)state;
    struct sizer sizer;
    sizer_init(&sizer, 500, 0);
    sizer_note(&sizer, 500, 1);
    assert_int_equal(sizer.rows, 500);
}

static void a_constant_speed_is_found_in_a_few_chunks(void **state) {
    (void)state;
    struct sizer sizer;
    sizer_init(&sizer, 20000, half);
    for (int i = 0; i < 4; i++) {
        sizer_note(&sizer, sizer.rows, sizer.rows * USEC_SECOND / 150000);
    }
    assert_in_range(sizer.rows, 74000, 76000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_the_time_that_they_took),
        cmocka_unit_test(without_a_time_the_rows_stay),
        cmocka_unit_test(a_constant_speed_is_found_in_a_few_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
