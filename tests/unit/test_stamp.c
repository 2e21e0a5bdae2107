/* test_stamp.c - when a change happened: by its commit, or by a version column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apply/provenance.h"
#include "changes.h"
#include "model/breaker.h"
#include "model/stamp.h"

static stamp_t version(const struct column_type *type, const char *text) {
    return stamp_of_version(type, value_text(text, strlen(text)));
}

static void versions_are_ordered_like_their_values(void **state) {
    (void)state;
    assert_true(version(&type_int8, "9") < version(&type_int8, "10"));
    assert_true(version(&type_int4, "-10") < version(&type_int4, "-9"));
    assert_int_equal(version(&type_int8, "9223372036854775807"), INT64_MAX);
    assert_true(version(&type_timestamptz, "2026-11-22 09:10:23+00") <
                version(&type_timestamptz, "2026-11-22 09:10:23.000001+00"));
    assert_true(version(&type_timestamptz, "2026-11-22 09:10:23+00") <
                version(&type_timestamptz, "infinity"));
}

static void a_timestamp_without_zone_counts_as_utc(void **state) {
    (void)state;
    assert_int_equal(version(&type_timestamp, "2026-11-22 09:10:23.5"),
                     version(&type_timestamptz, "2026-11-22 09:10:23.5+00"));
}

static void no_version_is_earlier_than_any(void **state) {
    (void)state;
    assert_int_equal(stamp_of_version(&type_int8, value_null()), STAMP_UNKNOWN);
    assert_int_equal(version(&type_timestamptz, "-infinity"), STAMP_UNKNOWN);
    assert_int_equal(version(&type_timestamptz, "0044-03-15 12:00:00+00 BC"), STAMP_UNKNOWN);
    assert_int_equal(version(&type_timestamptz, ""), STAMP_UNKNOWN);
}

static void only_integers_and_timestamps_serve(void **state) {
    (void)state;
    assert_true(stamp_type_serves(&type_int4));
    assert_true(stamp_type_serves(&type_timestamp));
    assert_true(stamp_type_serves(&type_timestamptz));
    assert_false(stamp_type_serves(&type_text));
    assert_false(stamp_type_serves(&type_numeric));
    assert_false(stamp_type_serves(&type_date));
}

/* of changes */

struct fixture {
    struct sample sample;
};

static int begin(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    sample_init(&f->sample);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    sample_fini(&f->sample);
    test_free(f);
    return 0;
}

static void add_version(struct fixture *f, const struct column_type *type) {
    sample_add(&f->sample.old_table, "version", type);
    sample_add(&f->sample.new_table, "version", type);
    assert_true(sample_build(&f->sample));
    assert_true(mapping_set_version(&f->sample.pair, "version", &f->sample.problems));
}

static stamp_t stamp(struct fixture *f, enum change_op op, const char *row) {
    struct change *change = changes_make(&f->sample, op, "1", row);
    change->transaction.commit_time = 77;
    return stamp_of_change(change);
}

static void without_a_version_the_commit_tells(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    assert_int_equal(stamp(f, CHANGE_update, "1|a@x|Ann Lee|~"), 77);
    assert_int_equal(stamp(f, CHANGE_delete, NULL), 77);
}

static void with_a_version_the_row_tells(void **state) {
    struct fixture *f = *state;
    add_version(f, &type_int4);
    assert_int_equal(stamp(f, CHANGE_insert, "1|a@x|Ann Lee|~|5"), 5);
    assert_int_equal(stamp(f, CHANGE_update, "1|a@x|Ann Lee|-|6"), 6);
}

static void a_delete_has_no_number_and_is_the_last_word(void **state) {
    struct fixture *f = *state;
    add_version(f, &type_int4);
    assert_int_equal(stamp(f, CHANGE_delete, NULL), STAMP_LAST);
}

static void a_delete_among_timestamps_has_its_commits_time(void **state) {
    struct fixture *f = *state;
    add_version(f, &type_timestamptz);
    assert_int_equal(stamp(f, CHANGE_delete, NULL), 77);
}

static void a_column_that_is_not_copied_both_ways_cannot_decide(void **state) {
    struct fixture *f = *state;
    sample_add(&f->sample.old_table, "version", &type_int4);
    sample_ignore(&f->sample, "version", NULL);
    assert_true(sample_build(&f->sample));
    assert_false(mapping_set_version(&f->sample.pair, "version", &f->sample.problems));
    assert_false(mapping_set_version(&f->sample.pair, "full_name", &f->sample.problems));
    assert_false(mapping_set_version(&f->sample.pair, "email", &f->sample.problems));
    assert_int_equal(f->sample.problems.count, 3);
}

/* what the server says of a row */

static void the_servers_word_on_a_row_is_understood(void **state) {
    (void)state;
    usec_t time, wanted;
    uint32_t origin;
    assert_true(provenance_parse("(\"2026-11-22 09:10:23.02+00\",3)", &time, &origin));
    assert_true(usec_parse("2026-11-22 09:10:23.020000+00", 29, &wanted));
    assert_int_equal(time, wanted);
    assert_int_equal(origin, 3);
    assert_true(provenance_parse("(\"2026-11-22 09:10:23+00\",0)", &time, &origin));
    assert_int_equal(origin, 0);
}

static void a_row_that_the_server_has_forgotten_has_no_time(void **state) {
    (void)state;
    usec_t time;
    uint32_t origin;
    assert_false(provenance_parse("(,)", &time, &origin));
    assert_false(provenance_parse("", &time, &origin));
    assert_false(provenance_parse("(\"", &time, &origin));
}

/* the breaker */

static void conflicts_above_the_rate_are_too_many(void **state) {
    (void)state;
    struct breaker breaker;
    usec_t now = USEC_SECOND;
    breaker_init(&breaker, 60);
    assert_true(breaker_allows(&breaker, 60, now));
    assert_false(breaker_allows(&breaker, 61, now));
    breaker_count(&breaker, 60);
    assert_true(breaker_allows(&breaker, 0, now));
    assert_false(breaker_allows(&breaker, 1, now));
    assert_true(breaker_allows(&breaker, 10, now + 10 * USEC_SECOND));
    assert_false(breaker_allows(&breaker, 61, now + 3600 * USEC_SECOND));
}

static void no_limit_allows_everything(void **state) {
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, 0);
    breaker_count(&breaker, 1000000);
    assert_true(breaker_allows(&breaker, 1000000, USEC_SECOND));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_ordered_like_their_values),
        cmocka_unit_test(a_timestamp_without_zone_counts_as_utc),
        cmocka_unit_test(no_version_is_earlier_than_any),
        cmocka_unit_test(only_integers_and_timestamps_serve),
        TEST(without_a_version_the_commit_tells),
        TEST(with_a_version_the_row_tells),
        TEST(a_delete_has_no_number_and_is_the_last_word),
        TEST(a_delete_among_timestamps_has_its_commits_time),
        TEST(a_column_that_is_not_copied_both_ways_cannot_decide),
        cmocka_unit_test(the_servers_word_on_a_row_is_understood),
        cmocka_unit_test(a_row_that_the_server_has_forgotten_has_no_time),
        cmocka_unit_test(conflicts_above_the_rate_are_too_many),
        cmocka_unit_test(no_limit_allows_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
