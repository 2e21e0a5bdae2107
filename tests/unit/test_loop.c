/* test_loop.c - turning the loop never takes longer than it was given.
 *
 * A turn without a limit would hang the test: it is ended by an alarm. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pg/loop.h"
#include "pg/timer.h"

static int begin(void **state) {
    static struct loop loop;
    struct err err;
    *state = &loop;
    alarm(20);
    return loop_init(&loop, &err) ? 0 : 1;
}

static int end(void **state) {
    loop_fini(*state);
    alarm(0);
    return 0;
}

static void work(usec_t duration) {
    for (usec_t until = usec_monotonic() + duration; usec_monotonic() < until;) {
        /* the loop's own clock stands meanwhile */
    }
}

static void a_turn_after_long_work_ends(void **state) {
    work(USEC_SECOND / 10);
    loop_turn(*state, USEC_SECOND / 50);
}

static void a_turn_without_patience_ends(void **state) {
    loop_turn(*state, 0);
    loop_turn(*state, 1);
}

static void waiting_ends_at_its_deadline_after_long_work(void **state) {
    struct err err;
    bool never = false;
    work(USEC_SECOND / 10);
    assert_false(loop_wait(*state, &never, USEC_SECOND / 20, "nothing", &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_true(err_passes(&err));
    assert_true(loop_sleep(*state, USEC_SECOND / 100, &err));
}

static void set(void *owner) {
    *(bool *)owner = true;
}

static void a_timer_that_is_due_is_run_in_the_turn(void **state) {
    struct err err;
    bool fired = false;
    struct timer *timer = timer_new(*state, set, &fired);
    timer_start(timer, USEC_SECOND / 20);
    work(USEC_SECOND / 10);
    assert_true(loop_wait(*state, &fired, 5 * USEC_SECOND, "a timer", &err));
    timer_free(timer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_turn_after_long_work_ends, begin, end),
        cmocka_unit_test_setup_teardown(a_turn_without_patience_ends, begin, end),
        cmocka_unit_test_setup_teardown(waiting_ends_at_its_deadline_after_long_work, begin, end),
        cmocka_unit_test_setup_teardown(a_timer_that_is_due_is_run_in_the_turn, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
