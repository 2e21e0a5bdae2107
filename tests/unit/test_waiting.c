/* test_waiting.c - a wait is told after a second, then ever more rarely, and its end
 * only where it was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/waiting.h"

static const usec_t start = 1000 * USEC_SECOND;

/* At which second of an hour's wait, looked at ten times a second, is it told? */
static size_t words_of(usec_t *at, size_t most, usec_t until) {
    struct waiting waiting = {0};
    size_t n = 0;
    for (usec_t now = start; now < start + until; now += USEC_SECOND / 10) {
        if (waiting_is_due(&waiting, now) && n < most) {
            at[n++] = (now - start) / USEC_SECOND;
        }
    }
    return n;
}

static void a_short_wait_is_not_told(void **state) {
    (void)state;
    usec_t at[1];
    assert_int_equal(words_of(at, 1, USEC_SECOND), 0);
}

static void words_come_at_intervals_that_grow(void **state) {
    (void)state;
    static const usec_t wanted[] = {1, 2, 4, 8, 16, 32, 64, 124, 184};
    usec_t at[9];
    assert_int_equal(words_of(at, 9, 200 * USEC_SECOND), 9);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(at[i], wanted[i]);
    }
}

static void the_end_of_a_wait_that_was_told_is_told(void **state) {
    (void)state;
    struct waiting waiting = {0};
    assert_false(waiting_end(&waiting));
    assert_false(waiting_is_due(&waiting, start));
    assert_false(waiting_end(&waiting));
    assert_false(waiting_is_due(&waiting, start));
    assert_true(waiting_is_due(&waiting, start + USEC_SECOND));
    assert_true(waiting_end(&waiting));
    assert_int_equal(waiting_time(&waiting, start), 0);
}

static void a_wait_is_as_long_as_it_is(void **state) {
    (void)state;
    struct waiting waiting = {0};
    waiting_begin(&waiting, start);
    waiting_begin(&waiting, start + USEC_SECOND);
    assert_int_equal(waiting_time(&waiting, start + 5 * USEC_SECOND), 5 * USEC_SECOND);
    assert_true(waiting_seconds(&waiting, start + 5 * USEC_SECOND) == 5.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_wait_is_not_told),
        cmocka_unit_test(words_come_at_intervals_that_grow),
        cmocka_unit_test(the_end_of_a_wait_that_was_told_is_told),
        cmocka_unit_test(a_wait_is_as_long_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
