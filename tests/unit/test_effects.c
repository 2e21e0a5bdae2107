/* test_effects.c - changes of a batch become as few writes as will do, in
 * segments that keep the order where order matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "changes.h"

struct fixture {
    struct sample sample;
    struct effects effects;
    size_t n_wanted;
};

static int begin(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    sample_init(&f->sample);
    assert_true(sample_build(&f->sample));
    effects_init(&f->effects, &f->sample.arena, POLICY_LIVE);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    effects_fini(&f->effects);
    sample_fini(&f->sample);
    test_free(f);
    return 0;
}

static void expect(struct fixture *f, const char *wanted) {
    effects_finish(&f->effects);
    assert_string_equal(changes_describe(&f->sample, &f->effects), wanted);
}

static void fold(struct fixture *f, enum change_op op, const char *key, const char *row) {
    struct change *change = changes_make(&f->sample, op, key, row);
    assert_true(effects_can_fold(change));
    effects_fold(&f->effects, change);
}

static void decide(struct fixture *f, enum change_op op, const char *key, const char *row) {
    effects_decide(&f->effects, changes_make(&f->sample, op, key, row));
}

/* The target has a row of that key, which it spells in its own way. */
static void there_as(struct fixture *f, const char *key, const char *own_key, const char *first,
                     const char *last, struct row_state row_state) {
    const struct mapping *mapping = &f->sample.pair.forward;
    struct value *k = arena_zero(&f->sample.arena, 1, sizeof *k);
    struct value *row = arena_zero(&f->sample.arena, mapping->n_columns, sizeof *row);
    *k = changes_value(&f->sample, key);
    const char *names[] = {first, last};
    for (size_t i = 0, n = 0; i < mapping->n_columns && n < 2; i++) {
        if (mapping->columns[i].transform != COLUMN_NONE) {
            row[i] = changes_value(&f->sample, names[n++]);
        }
    }
    row[mapping->key[0]] = changes_value(&f->sample, own_key);
    effects_row(&f->effects, mapping, k, row, row_state);
}

static const struct row_state copy = {STANDING_COPY, STAMP_UNKNOWN};

static void there(struct fixture *f, const char *key, const char *first, const char *last) {
    there_as(f, key, key, first, last, copy);
}

/* Last written by the target's application at that time. */
static void original(struct fixture *f, const char *key, const char *first, const char *last,
                     stamp_t stamp) {
    there_as(f, key, key, first, last, (struct row_state){STANDING_ORIGINAL, stamp});
}

/* A change that the source has committed at that time. */
static void decide_at(struct fixture *f, usec_t time, enum change_op op, const char *key,
                      const char *row) {
    struct change *change = changes_make(&f->sample, op, key, row);
    change->transaction.commit_time = time;
    effects_decide(&f->effects, change);
}

/* "1 2": the keys put up for recheck; then the conflicts. */
static void expect_records(struct fixture *f, const char *rechecks, const char *contests) {
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < f->effects.n_rechecks; i++) {
        const struct value *key = f->effects.rechecks[i].key;
        buf_add_format(&text, "%s%.*s", i > 0 ? " " : "", (int)key->size, key->data);
    }
    assert_string_equal(buf_text(&text), rechecks);
    buf_reset(&text);
    for (size_t i = 0; i < f->effects.n_contests; i++) {
        const struct contest *c = &f->effects.contests[i];
        buf_add_format(&text, "%s%.*s %s %s", i > 0 ? "; " : "", (int)c->key->size, c->key->data,
                       conflict_name(c->conflict), outcome_name(c->outcome));
    }
    assert_string_equal(buf_text(&text), contests);
    buf_fini(&text);
}

/* blind */

static void the_last_image_of_a_key_is_upserted_once(void **state) {
    struct fixture *f = *state;
    fold(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    fold(f, CHANGE_insert, "2", "2|b@x|Bob|~");
    fold(f, CHANGE_update, "1", "1|c@x|Ann Poe|hi");
    expect(f, "upsert 1 1|c@x|Ann|Poe|hi; upsert 2 2|b@x|Bob||~");
}

static void a_deleted_row_is_deleted_whatever_came_before(void **state) {
    struct fixture *f = *state;
    fold(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    fold(f, CHANGE_delete, "1", NULL);
    expect(f, "delete 1");
}

static void a_row_made_again_is_upserted(void **state) {
    struct fixture *f = *state;
    fold(f, CHANGE_delete, "1", NULL);
    fold(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    expect(f, "upsert 1 1|a@x|Ann|Lee|~");
}

static void a_truncate_comes_between_what_was_before_and_after(void **state) {
    struct fixture *f = *state;
    fold(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    fold(f, CHANGE_truncate, "-", NULL);
    fold(f, CHANGE_insert, "2", "2|b@x|Bob|~");
    expect(f, "upsert 1 1|a@x|Ann|Lee|~ /; truncate /; upsert 2 2|b@x|Bob||~");
}

static void truncates_in_a_row_are_one_segment(void **state) {
    struct fixture *f = *state;
    fold(f, CHANGE_truncate, "-", NULL);
    fold(f, CHANGE_truncate, "-", NULL);
    fold(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    fold(f, CHANGE_truncate, "-", NULL);
    expect(f, "truncate; truncate /; upsert 1 1|a@x|Ann|Lee|~ /; truncate");
}

static void what_lacks_a_value_or_moves_cannot_be_folded(void **state) {
    struct fixture *f = *state;
    assert_false(effects_can_fold(changes_make(&f->sample, CHANGE_update, "1", "1|a@x|Ann Lee|-")));
    assert_false(effects_can_fold(changes_make(&f->sample, CHANGE_update, "1", "2|a@x|Ann Lee|~")));
    assert_true(effects_can_fold(changes_make(&f->sample, CHANGE_delete, "1", NULL)));
}

/* careful */

static void changes_of_one_row_become_one_update(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    decide(f, CHANGE_update, "1", "1|a@x|Ann Poe|-");
    decide(f, CHANGE_update, "1", "1|b@x|Ann Roe|-");
    expect(f, "update 1 1|b@x|Ann|Roe|-");
}

static void a_value_that_did_not_come_stays_out_of_the_update(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    decide(f, CHANGE_update, "1", "1|a@x|Ann Poe|long");
    decide(f, CHANGE_update, "1", "1|b@x|Ann Poe|-");
    expect(f, "update 1 1|b@x|Ann|Poe|long");
}

static void an_insert_and_its_update_are_one_insert(void **state) {
    struct fixture *f = *state;
    decide(f, CHANGE_insert, "1", "1|a@x|Ann Lee|long");
    decide(f, CHANGE_update, "1", "1|b@x|Ann Lee|-");
    expect(f, "insert 1 1|b@x|Ann|Lee|long");
}

static void a_row_that_came_and_went_is_not_written(void **state) {
    struct fixture *f = *state;
    decide(f, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    decide(f, CHANGE_delete, "1", NULL);
    expect(f, "");
}

static void a_row_deleted_and_made_again_keeps_that_order(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    decide(f, CHANGE_delete, "1", NULL);
    decide(f, CHANGE_insert, "1", "1|a@x|Bob Poe|~");
    expect(f, "delete 1 /; insert 1 1|a@x|Bob|Poe|~");
}

static void a_moved_key_is_a_segment_of_its_own(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    decide(f, CHANGE_update, "1", "1|b@x|Ann Lee|new");
    decide(f, CHANGE_update, "1", "2|c@x|Ann Lee|-");
    decide(f, CHANGE_update, "2", "2|d@x|Ann Lee|-");
    expect(f, "update 1 1|b@x|-|-|new /; move 1 2|c@x|-|-|- /; update 2 2|d@x|-|-|-");
    assert_int_equal(f->effects.n_contests, 0);
}

static void two_keys_change_places_by_way_of_a_third(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    there(f, "2", "Bob", "Poe");
    decide(f, CHANGE_update, "1", "9|a@x|Ann Lee|-");
    decide(f, CHANGE_update, "2", "1|b@x|Bob Poe|-");
    decide(f, CHANGE_update, "9", "2|a@x|Ann Lee|-");
    expect(f, "move 1 9|a@x|-|-|- /; move 2 1|b@x|-|-|- /; move 9 2|a@x|-|-|-");
    assert_int_equal(f->effects.n_contests, 0);
}

static void a_key_that_changes_its_spelling_is_one_row(void **state) {
    struct fixture *f = *state;
    there_as(f, "1.0", "1.0", "Ann", "Lee", copy);
    there_as(f, "1.00", "1.0", "Ann", "Lee", copy);
    decide(f, CHANGE_update, "1.0", "1.00|a@x|Ann Lee|-");
    decide(f, CHANGE_update, "1.00", "1.00|b@x|Ann Lee|-");
    expect(f, "move 1.0 1.00|a@x|-|-|- /; update 1.0 1.00|b@x|-|-|-");
    assert_int_equal(f->effects.n_contests, 0);
}

static void a_row_is_found_by_another_spelling_of_its_key(void **state) {
    struct fixture *f = *state;
    there_as(f, "1.0", "1.00", "Ann", "Lee", copy);
    decide(f, CHANGE_delete, "1.0", NULL);
    decide(f, CHANGE_insert, "1.0", "1.0|a@x|Bob Poe|~");
    expect(f, "delete 1.00 /; insert 1.00 1.0|a@x|Bob|Poe|~");
}

/* two writers */

static void an_earlier_change_leaves_a_later_row_alone(void **state) {
    struct fixture *f = *state;
    original(f, "1", "Ann", "Lee", 20);
    decide_at(f, 10, CHANGE_update, "1", "1|a@x|Bob Poe|~");
    decide_at(f, 15, CHANGE_delete, "1", NULL);
    expect(f, "");
    expect_records(f, "1", "1 update_origin_differs kept; 1 delete_origin_differs kept");
}

static void a_later_change_overwrites_an_earlier_row(void **state) {
    struct fixture *f = *state;
    original(f, "1", "Ann", "Lee", 20);
    decide_at(f, 30, CHANGE_update, "1", "1|a@x|Bob Poe|-");
    expect(f, "update 1 1|a@x|Bob|Poe|-");
    expect_records(f, "1", "");
}

static void the_first_of_several_changes_that_is_later_wins(void **state) {
    struct fixture *f = *state;
    original(f, "1", "Ann", "Lee", 20);
    decide_at(f, 10, CHANGE_update, "1", "1|a@x|Bob Poe|~");
    decide_at(f, 25, CHANGE_update, "1", "1|c@x|Bob Roe|~");
    decide_at(f, 5, CHANGE_update, "1", "1|d@x|Bob Roe|~"); /* a clock that stepped back */
    expect(f, "update 1 1|d@x|Bob|Roe|~");
    expect_records(f, "1", "1 update_origin_differs kept");
}

static void what_finds_nothing_is_put_up_and_on_record(void **state) {
    struct fixture *f = *state;
    decide(f, CHANGE_update, "2", "2|b@x|Bob Poe|~");
    decide(f, CHANGE_delete, "3", NULL);
    expect(f, "");
    expect_records(f, "2 3", "2 update_missing skipped; 3 delete_missing skipped");
}

static void every_delete_and_key_change_is_put_up_once(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    there(f, "2", "Bob", "Poe");
    decide(f, CHANGE_update, "1", "3|a@x|Ann Lee|~");
    decide(f, CHANGE_delete, "2", NULL);
    decide(f, CHANGE_insert, "2", "2|b@x|Bob Poe|~");
    decide(f, CHANGE_delete, "2", NULL);
    expect_records(f, "1 3 2", "");
}

static void a_key_change_leaves_a_later_row_at_its_new_key(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Ann", "Lee");
    original(f, "2", "Bob", "Poe", 20);
    decide_at(f, 10, CHANGE_update, "1", "2|a@x|Ann Lee|~");
    expect(f, "delete 1");
    expect_records(f, "1 2", "2 update_exists kept");
}

static void what_was_written_here_is_a_copy_to_what_follows(void **state) {
    struct fixture *f = *state;
    decide_at(f, 20, CHANGE_insert, "1", "1|a@x|Ann Lee|~");
    decide_at(f, 10, CHANGE_update, "1", "1|b@x|Ann Lee|~");
    expect(f, "insert 1 1|b@x|Ann|Lee|~");
    expect_records(f, "", "");
}

static void until_live_nothing_is_put_up(void **state) {
    struct fixture *f = *state;
    f->effects.policy = POLICY_BLIND;
    there(f, "1", "Ann", "Lee");
    decide(f, CHANGE_delete, "1", NULL);
    decide(f, CHANGE_delete, "2", NULL);
    expect_records(f, "", "");
}

static void a_corrected_name_survives_a_change_of_something_else(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Johann", "van der Berg");
    decide(f, CHANGE_update, "1", "1|j@x|Johann van der Berg|new bio");
    expect(f, "update 1 1|j@x|-|-|new bio");
}

static void a_changed_name_undoes_a_correction(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Johann", "van der Berg");
    decide(f, CHANGE_update, "1", "1|j@x|Johann van der Bergh|~");
    expect(f, "update 1 1|j@x|Johann van der|Bergh|~");
}

static void a_correction_is_seen_as_earlier_changes_left_it(void **state) {
    struct fixture *f = *state;
    there(f, "1", "Johann", "van der Berg");
    decide(f, CHANGE_update, "1", "1|j@x|Hans Berg|~");
    decide(f, CHANGE_update, "1", "1|j@x|Johann van der Berg|~");
    expect(f, "update 1 1|j@x|Johann van der|Berg|~");
}

static void until_live_nothing_is_kept(void **state) {
    struct fixture *f = *state;
    f->effects.policy = POLICY_BLIND;
    there(f, "1", "Johann", "van der Berg");
    decide(f, CHANGE_update, "1", "1|j@x|Johann van der Berg|-");
    expect(f, "update 1 1|j@x|Johann van der|Berg|-");
}

static void a_missing_value_of_a_missing_row_is_asked_for(void **state) {
    struct fixture *f = *state;
    f->effects.policy = POLICY_BLIND;
    struct change *change = changes_make(&f->sample, CHANGE_update, "1", "2|a@x|Ann Lee|-");
    effects_decide(&f->effects, change);
    assert_int_equal(f->effects.n_wanting, 1);
    assert_true(change->wants_source);

    struct value row[4] = {changes_value(&f->sample, "2"), changes_value(&f->sample, "a@x"),
                           changes_value(&f->sample, "Ann Lee"), changes_value(&f->sample, "long")};
    change_complete(change, row, &f->sample.arena);
    assert_true(change->complete);
    effects_decide(&f->effects, change);
    expect(f, "insert 2 2|a@x|Ann|Lee|long");
}

/* reading */

static void count_wanted(void *owner, const struct mapping *mapping, const struct value *key) {
    (void)mapping;
    (void)key;
    *(size_t *)owner += 1;
}

static void each_key_is_read_once_and_moves_read_both(void **state) {
    struct fixture *f = *state;
    struct change *changes[] = {
        changes_make(&f->sample, CHANGE_insert, "1", "1|a@x|Ann Lee|~"),
        changes_make(&f->sample, CHANGE_update, "1", "1|b@x|Ann Lee|~"),
        changes_make(&f->sample, CHANGE_update, "1", "2|b@x|Ann Lee|~"),
        changes_make(&f->sample, CHANGE_delete, "2", NULL),
        changes_make(&f->sample, CHANGE_truncate, "-", NULL),
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        effects_want(&f->effects, changes[i], count_wanted, &f->n_wanted);
    }
    assert_int_equal(f->n_wanted, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_lacks_a_value_or_moves_cannot_be_folded),
        TEST(the_last_image_of_a_key_is_upserted_once),
        TEST(a_deleted_row_is_deleted_whatever_came_before),
        TEST(a_row_made_again_is_upserted),
        TEST(a_truncate_comes_between_what_was_before_and_after),
        TEST(truncates_in_a_row_are_one_segment),
        TEST(changes_of_one_row_become_one_update),
        TEST(a_value_that_did_not_come_stays_out_of_the_update),
        TEST(an_insert_and_its_update_are_one_insert),
        TEST(a_row_that_came_and_went_is_not_written),
        TEST(a_row_deleted_and_made_again_keeps_that_order),
        TEST(a_moved_key_is_a_segment_of_its_own),
        TEST(two_keys_change_places_by_way_of_a_third),
        TEST(a_key_that_changes_its_spelling_is_one_row),
        TEST(a_row_is_found_by_another_spelling_of_its_key),
        TEST(an_earlier_change_leaves_a_later_row_alone),
        TEST(a_later_change_overwrites_an_earlier_row),
        TEST(the_first_of_several_changes_that_is_later_wins),
        TEST(what_finds_nothing_is_put_up_and_on_record),
        TEST(every_delete_and_key_change_is_put_up_once),
        TEST(a_key_change_leaves_a_later_row_at_its_new_key),
        TEST(what_was_written_here_is_a_copy_to_what_follows),
        TEST(until_live_nothing_is_put_up),
        TEST(a_corrected_name_survives_a_change_of_something_else),
        TEST(a_changed_name_undoes_a_correction),
        TEST(a_correction_is_seen_as_earlier_changes_left_it),
        TEST(until_live_nothing_is_kept),
        TEST(a_missing_value_of_a_missing_row_is_asked_for),
        TEST(each_key_is_read_once_and_moves_read_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
