/* test_remedy.c - the table of remedy.h, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/remedy.h"

static const struct row_state absent = {STANDING_ABSENT, STAMP_UNKNOWN};
static const struct row_state copy = {STANDING_COPY, STAMP_UNKNOWN};

static struct row_state original(stamp_t stamp) {
    return (struct row_state){STANDING_ORIGINAL, stamp};
}

static void what_counts_goes_over_what_does_not(void **state) {
    (void)state;
    assert_int_equal(remedy_choose(absent, absent), REMEDY_none);
    assert_int_equal(remedy_choose(original(1), copy), REMEDY_forward);
    assert_int_equal(remedy_choose(copy, original(1)), REMEDY_reverse);
    assert_int_equal(remedy_choose(copy, copy), REMEDY_reverse);
}

static void an_original_alone_is_copied_and_a_copy_alone_removed(void **state) {
    (void)state;
    assert_int_equal(remedy_choose(original(1), absent), REMEDY_forward);
    assert_int_equal(remedy_choose(copy, absent), REMEDY_remove_old);
    assert_int_equal(remedy_choose(absent, original(1)), REMEDY_reverse);
    assert_int_equal(remedy_choose(absent, copy), REMEDY_remove_new);
}

static void of_two_originals_the_later_goes_over(void **state) {
    (void)state;
    static const struct {
        stamp_t old_stamp, new_stamp;
        enum remedy remedy;
    } cases[] = {
        {2, 1, REMEDY_forward},
        {1, 2, REMEDY_reverse},
        {1, 1, REMEDY_reverse},
        {1, STAMP_UNKNOWN, REMEDY_forward},
        {STAMP_UNKNOWN, 1, REMEDY_reverse},
        {STAMP_UNKNOWN, STAMP_UNKNOWN, REMEDY_reverse},
        {STAMP_LAST, 1, REMEDY_forward},
        {STAMP_LAST, STAMP_LAST, REMEDY_reverse},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(remedy_choose(original(cases[i].old_stamp), original(cases[i].new_stamp)),
                         cases[i].remedy);
    }
}

static void a_remedy_has_a_name(void **state) {
    (void)state;
    assert_string_equal(remedy_name(REMEDY_none), "none");
    assert_string_equal(remedy_name(REMEDY_remove_new), "remove_new");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_goes_over_what_does_not),
        cmocka_unit_test(an_original_alone_is_copied_and_a_copy_alone_removed),
        cmocka_unit_test(of_two_originals_the_later_goes_over),
        cmocka_unit_test(a_remedy_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
