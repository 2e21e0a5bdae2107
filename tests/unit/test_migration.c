/* test_migration.c - the names that a migration has in a server. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pg/migration.h"

/* Slots' names are of these, and of at most 63 bytes. */
static void assert_is_a_slots_name(const char *name) {
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
    assert_in_range(strlen(name), 1, 63);
}

static void whatever_a_pooler_gives_as_a_pid_makes_a_slots_name(void **state) {
    (void)state;
    static const int pids[] = {0, 1, -1, INT_MAX, INT_MIN, -1804289383};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        assert_is_a_slots_name(migration_check_slot(pids[i]).text);
    }
    assert_string_not_equal(migration_check_slot(1).text, migration_check_slot(-1).text);
}

static void the_longest_migration_has_names_that_fit(void **state) {
    (void)state;
    struct config config = {.migration = "a23456789_123456789_123456789_"};
    struct migration m = {.config = &config};
    assert_is_a_slots_name(migration_slot(&m, FORWARD).text);
    assert_is_a_slots_name(migration_slot(&m, REVERSE).text);
    assert_is_a_slots_name(migration_copy_origin(&m, 63).text);
    assert_is_a_slots_name(migration_mend_origin(&m, REVERSE).text);
    assert_string_equal(migration_slot(&m, FORWARD).text,
                        "pgtandem_a23456789_123456789_123456789__forward");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_a_pooler_gives_as_a_pid_makes_a_slots_name),
        cmocka_unit_test(the_longest_migration_has_names_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
