/* test_copy_pedal.c - a copy begins gently, and gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copy/pedal.h"

static const usec_t second = USEC_SECOND;

static void assert_share(const struct pedal *pedal, usec_t now, double wanted) {
    double share = pedal_share(pedal, now);
    if (share < wanted * 0.999 || share > wanted * 1.001) {
        fail_msg("share %f, not %f", share, wanted);
    }
}

static void without_a_warm_up_it_is_at_full_speed(void **state) {
    (void)state;
    struct pedal pedal;
    pedal_start(&pedal, 0, 5 * second);
    assert_share(&pedal, 5 * second, 1);
    assert_int_equal(pedal_rest(&pedal, second, 5 * second), 0);
}

static void it_begins_gently_and_speeds_up(void **state) {
    (void)state;
    struct pedal pedal;
    pedal_start(&pedal, 3 * second, 0);
    assert_share(&pedal, 0, 0.125);
    assert_share(&pedal, second, 0.25);
    assert_share(&pedal, 3 * second, 1);
    assert_share(&pedal, 3600 * second, 1);
    assert_int_equal(pedal_rest(&pedal, second / 10, second), 3 * second / 10);
}

static void no_rest_is_longer_than_anybody_would_wait(void **state) {
    (void)state;
    struct pedal pedal;
    pedal_start(&pedal, 3 * second, 0);
    assert_int_equal(pedal_rest(&pedal, 60 * second, 0), 5 * second);
}

static void after_a_wait_it_goes_on_with_half(void **state) {
    (void)state;
    struct pedal pedal;
    pedal_start(&pedal, 0, 0);
    pedal_hold(&pedal, 10 * second);
    assert_true(pedal_share(&pedal, 10 * second) == 0);
    pedal_hold(&pedal, 15 * second); /* still */
    pedal_release(&pedal, 20 * second);
    assert_share(&pedal, 20 * second, 0.5);
    pedal_release(&pedal, 22 * second); /* again: nothing new */
    assert_share(&pedal, 30 * second, 1);
}

static void one_wait_after_the_other_slows_it_down_but_never_to_nothing(void **state) {
    (void)state;
    struct pedal pedal;
    usec_t now = 0;
    pedal_start(&pedal, 0, now);
    for (int i = 0; i < 100; i++) {
        pedal_hold(&pedal, ++now);
        pedal_release(&pedal, ++now);
    }
    assert_true(pedal_share(&pedal, now) > 0.015);
    assert_true(pedal_share(&pedal, now) < 0.017);
}

static void a_wait_while_it_warms_up_is_no_short_cut(void **state) {
    (void)state;
    struct pedal pedal;
    pedal_start(&pedal, 3 * second, 0);
    pedal_hold(&pedal, second);
    pedal_release(&pedal, 100 * second);
    assert_share(&pedal, 100 * second, 0.125);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_warm_up_it_is_at_full_speed),
        cmocka_unit_test(it_begins_gently_and_speeds_up),
        cmocka_unit_test(no_rest_is_longer_than_anybody_would_wait),
        cmocka_unit_test(after_a_wait_it_goes_on_with_half),
        cmocka_unit_test(one_wait_after_the_other_slows_it_down_but_never_to_nothing),
        cmocka_unit_test(a_wait_while_it_warms_up_is_no_short_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
