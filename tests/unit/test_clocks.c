/* test_clocks.c - how far apart two clocks surely are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/clocks.h"

struct reading {
    usec_t asked, answered, server;
};

static struct clock_range range_of(const struct reading *readings, size_t n) {
    struct clock_range range = clock_range_unknown();
    for (size_t i = 0; i < n; i++) {
        clock_range_note(&range, readings[i].asked, readings[i].answered, readings[i].server);
    }
    return range;
}

static void only_what_no_round_trip_explains_is_a_difference(void **state) {
    (void)state;
    static const struct {
        const char *label;
        struct reading a, b;
        usec_t difference;
    } cases[] = {
        {"the same", {0, 10, 5}, {20, 30, 25}, 0},
        {"within the round trips", {0, 1000, 100}, {2000, 3000, 2900}, 0},
        {"b ahead", {0, 10, 5}, {20, 30, 1025}, 990},
        {"b behind", {0, 10, 5}, {20, 30, -975}, -990},
        {"both far from here", {0, 10, 100000}, {20, 30, 100030}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        usec_t found = clock_range_difference(range_of(&cases[i].a, 1), range_of(&cases[i].b, 1));
        if (found != cases[i].difference) {
            fail_msg("%s: %jd", cases[i].label, (intmax_t)found);
        }
    }
}

static void the_quickest_answer_tells_most(void **state) {
    (void)state;
    static const struct reading readings[] = {{0, 1000000, 700}, {2000000, 2000010, 2000505}};
    struct clock_range range = range_of(readings, 2);
    assert_int_equal(range.least, 495);
    assert_int_equal(range.most, 505);
}

static void nothing_known_is_no_difference(void **state) {
    (void)state;
    struct reading reading = {0, 10, 1000000};
    assert_int_equal(clock_range_difference(clock_range_unknown(), range_of(&reading, 1)), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_no_round_trip_explains_is_a_difference),
        cmocka_unit_test(the_quickest_answer_tells_most),
        cmocka_unit_test(nothing_known_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
