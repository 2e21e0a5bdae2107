/* test_mend.c - what is pure in mending: the keys of a round, keys as state rows hold
 * them, and what is planned for a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mend/agenda.h"
#include "mend/key.h"
#include "mend/plan.h"
#include "sample.h"

static struct value text(const char *t) {
    return t == NULL ? value_null() : value_text(t, strlen(t));
}

static struct item *put_up(struct agenda *agenda, size_t table, const char *key) {
    struct value value = text(key);
    return agenda_add(agenda, table, &value, 1);
}

/* the agenda */

static void a_key_is_up_once_however_often_it_is_put_up(void **state) {
    (void)state;
    struct agenda agenda;
    agenda_init(&agenda);
    agenda_begin(&agenda);
    char bytes[] = "a";
    struct value key = value_text(bytes, 1);
    struct item *item = agenda_add(&agenda, 0, &key, 1);
    bytes[0] = 'x'; /* it was copied */
    assert_ptr_equal(put_up(&agenda, 0, "a"), item);
    assert_ptr_not_equal(put_up(&agenda, 1, "a"), item);
    assert_ptr_not_equal(put_up(&agenda, 0, "aa"), item);
    assert_ptr_not_equal(put_up(&agenda, 0, ""), put_up(&agenda, 0, NULL));
    assert_int_equal(agenda.count, 5);
    assert_ptr_equal(agenda.items[0], item);
    assert_int_equal(item->key[0].size, 1);
    assert_memory_equal(item->key[0].data, "a", 1);
    agenda_fini(&agenda);
}

static void where_a_composite_key_is_cut_counts(void **state) {
    (void)state;
    struct agenda agenda;
    agenda_init(&agenda);
    agenda_begin(&agenda);
    struct value a[] = {text("ab"), text("c")}, b[] = {text("a"), text("bc")};
    assert_ptr_not_equal(agenda_add(&agenda, 0, a, 2), agenda_add(&agenda, 0, b, 2));
    agenda_fini(&agenda);
}

static void a_difference_counts_when_it_stands_still(void **state) {
    (void)state;
    struct agenda agenda;
    agenda_init(&agenda);
    agenda_begin(&agenda);
    assert_false(item_has_stood_still(put_up(&agenda, 0, "1"), "100", ""));
    agenda_end(&agenda);
    agenda_begin(&agenda);
    assert_false(item_has_stood_still(put_up(&agenda, 0, "1"), "100", "7"));
    agenda_end(&agenda);
    agenda_begin(&agenda);
    assert_true(item_has_stood_still(put_up(&agenda, 0, "1"), "100", "7"));
    agenda_end(&agenda);
    agenda_begin(&agenda);
    assert_false(item_has_stood_still(put_up(&agenda, 0, "1"), "101", "7"));
    agenda_fini(&agenda);
}

static void what_met_its_fate_or_is_up_no_more_is_forgotten(void **state) {
    (void)state;
    struct agenda agenda;
    agenda_init(&agenda);
    agenda_begin(&agenda);
    assert_false(item_has_stood_still(put_up(&agenda, 0, "equal"), "1", "2"));
    assert_false(item_has_stood_still(put_up(&agenda, 0, "gone"), "1", "2"));
    put_up(&agenda, 0, "equal")->fate = FATE_equal;
    agenda_end(&agenda);
    agenda_begin(&agenda);
    agenda_end(&agenda);
    agenda_begin(&agenda);
    assert_false(item_has_stood_still(put_up(&agenda, 0, "equal"), "1", "2"));
    assert_false(item_has_stood_still(put_up(&agenda, 0, "gone"), "1", "2"));
    agenda_fini(&agenda);
}

/* keys */

/* Of (id, email) on the old side, (email, id) on the new. */
static void make_composite(struct sample *s) {
    s->old_table.primary_key.n_columns = s->new_table.primary_key.n_columns = 2;
    s->old_key[0] = 0;
    s->old_key[1] = 1;
    s->new_key[0] = 1;
    s->new_key[1] = 0;
}

static void a_links_key_is_put_into_the_forward_order(void **state) {
    (void)state;
    struct sample s;
    sample_init(&s);
    make_composite(&s);
    assert_true(sample_build(&s));
    const size_t *order = key_order(&s.pair, FORWARD, &s.arena);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 1);
    order = key_order(&s.pair, REVERSE, &s.arena);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 0);
    assert_string_equal(key_column_name(&s.pair, 1), "email");
    assert_string_equal(mapping_target_text(&s.pair.reverse, &s.arena), "public.users");
    sample_fini(&s);
}

static void keys_are_objects_in_state_rows(void **state) {
    (void)state;
    struct sample s;
    struct buf sql;
    sample_init(&s);
    make_composite(&s);
    assert_true(sample_build(&s));
    buf_init(&sql);
    key_add_object_sql(&sql, &s.pair);
    assert_string_equal(sql.data, "jsonb_build_object('id', u.k0, 'email', u.k1)");
    buf_reset(&sql);
    key_add_fields_sql(&sql, &s.pair);
    assert_string_equal(sql.data, "key->>'id', key->>'email'");
    buf_fini(&sql);
    sample_fini(&s);
}

/* plans */

/* Where a column of the mapping is. */
static size_t at(const struct mapping *mapping, const char *name) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (strcmp(mapping->target->columns[mapping->columns[i].target].name, name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

static void assert_value(struct value value, const char *wanted) {
    assert_true(value_equal(value, text(wanted)));
}

static void a_missing_row_is_inserted_whole(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    struct value row[] = {text("1"), text("e"), text("A B"), text(NULL)};
    sample_init(&s);
    assert_true(sample_build(&s));
    mend_plan_write(&mend, &s.pair.forward, row, NULL, "", &s.arena);
    assert_int_equal(mend.outcome, MEND_planned);
    assert_int_equal(mend.write.kind, WRITE_INSERT);
    assert_string_equal(mend.write.guard, "");
    assert_value(mend.whole[at(&s.pair.forward, "first_name")], "A");
    assert_value(mend.whole[at(&s.pair.forward, "bio")], NULL);
    sample_fini(&s);
}

static void a_row_is_updated_but_for_what_was_corrected(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    struct value source[] = {text("1"), text("e"), text("A B C"), text("new")};
    struct value target[] = {text("1"), text("e"), text("A"), text("B C"), text("old")};
    sample_init(&s);
    assert_true(sample_build(&s));
    mend_plan_write(&mend, &s.pair.forward, source, target, "77", &s.arena);
    assert_int_equal(mend.write.kind, WRITE_UPDATE);
    assert_string_equal(mend.write.guard, "77");
    assert_int_equal(mend.write.values[at(&s.pair.forward, "first_name")].kind, VALUE_ABSENT);
    assert_value(mend.whole[at(&s.pair.forward, "last_name")], "B C");
    assert_value(mend.write.values[at(&s.pair.forward, "bio")], "new");
    sample_fini(&s);
}

static void a_key_in_another_spelling_is_written_too(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    struct value source[] = {text("1.0"), text("e"), text("A B"), text(NULL)};
    struct value target[] = {text("1"), text("e"), text("A"), text("B"), text("old")};
    sample_init(&s);
    assert_true(sample_build(&s));
    mend_plan_write(&mend, &s.pair.forward, source, target, "77", &s.arena);
    assert_int_equal(mend.write.kind, WRITE_MOVE);
    assert_value(mend.write.key[0], "1");
    assert_value(mend.write.values[at(&s.pair.forward, "id")], "1.0");
    sample_fini(&s);
}

static void what_a_transform_refuses_is_not_written(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    struct value source[] = {text("1"), text("e"), text("what?"), text(NULL)};
    sample_init(&s);
    assert_true(sample_build(&s));
    mend_plan_write(&mend, &s.pair.forward, source, NULL, "", &s.arena);
    assert_int_equal(mend.outcome, MEND_refused);
    assert_string_equal(mend.reason->sqlstate, "22000");
    assert_non_null(strstr(mend.reason->message, "refused the row"));
    assert_null(mend.whole);
    sample_fini(&s);
}

static void an_update_of_nothing_is_refused(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    sample_init(&s);
    assert_true(sample_build(&s));
    s.pair.forward.n_columns = 1; /* the key is all that is written */
    s.pair.forward.n_transforms = 0;
    struct value source[] = {text("1"), text("e"), text("A"), text(NULL)};
    struct value target[] = {text("1"), text("f"), text("A"), text("B"), text(NULL)};
    mend_plan_write(&mend, &s.pair.forward, source, target, "77", &s.arena);
    assert_int_equal(mend.outcome, MEND_refused);
    sample_fini(&s);
}

static void a_row_is_removed_by_its_own_key(void **state) {
    (void)state;
    struct sample s;
    struct mend mend = {0};
    struct value target[] = {text("5"), text("e"), text("A B"), text(NULL)};
    sample_init(&s);
    assert_true(sample_build(&s));
    mend_plan_removal(&mend, &s.pair.reverse, target, "88", &s.arena);
    assert_int_equal(mend.write.kind, WRITE_DELETE);
    assert_string_equal(mend.write.guard, "88");
    assert_value(mend.write.key[0], "5");
    sample_fini(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_up_once_however_often_it_is_put_up),
        cmocka_unit_test(where_a_composite_key_is_cut_counts),
        cmocka_unit_test(a_difference_counts_when_it_stands_still),
        cmocka_unit_test(what_met_its_fate_or_is_up_no_more_is_forgotten),
        cmocka_unit_test(a_links_key_is_put_into_the_forward_order),
        cmocka_unit_test(keys_are_objects_in_state_rows),
        cmocka_unit_test(a_missing_row_is_inserted_whole),
        cmocka_unit_test(a_row_is_updated_but_for_what_was_corrected),
        cmocka_unit_test(a_key_in_another_spelling_is_written_too),
        cmocka_unit_test(what_a_transform_refuses_is_not_written),
        cmocka_unit_test(an_update_of_nothing_is_refused),
        cmocka_unit_test(a_row_is_removed_by_its_own_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
