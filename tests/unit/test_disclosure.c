/* test_disclosure.c - which keys may be shown in messages, and where the others go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/disclosure.h"
#include "sample.h"

static int begin(void **state) {
    struct sample *s = test_calloc(1, sizeof *s);
    sample_init(s);
    *state = s;
    return 0;
}

static int end(void **state) {
    struct sample *s = *state;
    sample_fini(s);
    test_free(s);
    return 0;
}

static const struct mapping *build(struct sample *s, const struct column_type *old_type,
                                   const struct column_type *new_type) {
    sample_column(&s->old_table, "id")->type = *old_type;
    sample_column(&s->new_table, "id")->type = *new_type;
    assert_true(sample_build(s));
    return &s->pair.forward;
}

static const struct {
    const char *label;
    const struct column_type *type;
    bool shown;
} types[] = {
    {"int4", &type_int4, true},        {"int8", &type_int8, true},
    {"text", &type_text, false},       {"varchar", &type_varchar, false},
    {"uuid", &type_uuid, false},       {"date", &type_date, false},
    {"numeric", &type_numeric, false}, {"a domain", &type_text_domain, false},
};

static void only_integers_are_shown(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (disclosure_allows_type(types[i].type->oid) != types[i].shown) {
            fail_msg("%s", types[i].label);
        }
    }
    assert_true(disclosure_allows_type(21)); /* int2 */
    assert_false(disclosure_allows_type(0));
}

static void a_key_of_integers_is_part_of_the_message(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s, &type_int4, &type_int8);
    struct value key[] = {value_text("5", 1)};
    struct err err;
    assert_true(disclosure_allows_key(mapping));
    err_set(&err, ERR_FAILED, "too long");
    err_set_server(&err, "too long: secret");
    disclosure_name_row(&err, mapping, key);
    assert_string_equal(err.message, "the row with (id) = (5) of public.users: too long");
    assert_string_equal(err.server, "too long: secret");
}

static void any_other_key_goes_where_values_are(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s, &type_text, &type_text);
    struct value key[] = {value_text("a@b.de", 6)};
    struct err err;
    assert_false(disclosure_allows_key(mapping));
    err_set(&err, ERR_FAILED, "too long");
    err_set_server(&err, "too long: secret");
    disclosure_name_row(&err, mapping, key);
    assert_string_equal(err.message, "a row of public.users: too long");
    assert_string_equal(err.server, "the row with (id) = (a@b.de): too long: secret");
}

static void a_key_alone_is_kept_too(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s, &type_uuid, &type_uuid);
    struct value key[] = {value_text("u", 1)};
    struct err err;
    err_set(&err, ERR_FAILED, "too long");
    disclosure_name_row(&err, mapping, key);
    assert_string_equal(err.server, "the row with (id) = (u)");
}

static void one_column_is_enough_to_hide_a_key(void **state) {
    struct sample *s = *state;
    s->old_table.primary_key.n_columns = s->new_table.primary_key.n_columns = 2;
    s->old_key[1] = (size_t)(sample_column(&s->old_table, "email") - s->old_columns);
    s->new_key[1] = (size_t)(sample_column(&s->new_table, "email") - s->new_columns);
    const struct mapping *mapping = build(s, &type_int4, &type_int4);
    struct value key[] = {value_text("5", 1), value_text("e", 1)};
    assert_false(disclosure_allows_key(mapping));
    assert_string_equal(disclosure_key_text(mapping, key, &s->arena), "(id, email) = (5, e)");
}

static void of_a_table_its_own_key_counts(void **state) {
    struct sample *s = *state;
    build(s, &type_int4, &type_int4);
    assert_true(disclosure_allows_table(&s->old_table));
    sample_column(&s->old_table, "id")->type = type_text;
    assert_false(disclosure_allows_table(&s->old_table));
    s->old_table.primary_key.n_columns = 0;
    s->old_table.identity_index.n_columns = 0;
    assert_false(disclosure_allows_table(&s->old_table));
    assert_false(disclosure_allows_table(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_integers_are_shown),
        cmocka_unit_test_setup_teardown(a_key_of_integers_is_part_of_the_message, begin, end),
        cmocka_unit_test_setup_teardown(any_other_key_goes_where_values_are, begin, end),
        cmocka_unit_test_setup_teardown(a_key_alone_is_kept_too, begin, end),
        cmocka_unit_test_setup_teardown(one_column_is_enough_to_hide_a_key, begin, end),
        cmocka_unit_test_setup_teardown(of_a_table_its_own_key_counts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
