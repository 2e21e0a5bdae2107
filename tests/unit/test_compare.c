/* test_compare.c - the verdict on one key, and what is kept to be read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "verify/comparison.h"

static struct value text(const char *t) {
    return t == NULL ? value_null() : value_text(t, strlen(t));
}

/* The scenario's tables, and an amount: numeric here, numeric(10,2) there. */
static void add_amounts(struct sample *s) {
    static const struct column_type coarse = {.oid = 1700,
                                              .base_oid = 1700,
                                              .kind = 'b',
                                              .category = 'N',
                                              .modifier = 655366,
                                              .name = "numeric",
                                              .full_name = "numeric(10,2)"};
    sample_add(&s->old_table, "amount", &type_numeric);
    sample_add(&s->new_table, "amount", &coarse);
}

static enum verdict compare_amounts(struct sample *s, const char *old_value, const char *old_cast,
                                    const char *new_value, const char *new_cast) {
    struct cast_list casts = compare_casts(&s->pair, &s->arena);
    assert_int_equal(casts.count, 1);
    struct value a[] = {text("1"), text("e"), text("A B"), text(NULL), text(old_value)};
    struct value b[] = {text("1"), text("e"), text("A"), text("B"), text(NULL), text(new_value)};
    struct value a_cast = old_cast == NULL ? value_absent() : text(old_cast);
    struct value b_cast = new_cast == NULL ? value_absent() : text(new_cast);
    return compare_rows(&s->pair, &casts, (struct side_row){a, &a_cast},
                        (struct side_row){b, &b_cast}, &s->arena);
}

static void a_value_agrees_when_either_cast_gives_the_other(void **state) {
    (void)state;
    static const struct {
        const char *old_value, *old_cast, *new_value, *new_cast;
        enum verdict verdict;
    } cases[] = {
        {"1.2345", "1.23", "1.24", "1.24", VERDICT_different},
        {"1.2345", NULL, "1.23", NULL, VERDICT_different},
        {"5", NULL, NULL, NULL, VERDICT_different},
        {NULL, NULL, "5", NULL, VERDICT_different},
        {"1.2345", "1.23", "1.23", "1.23", VERDICT_matched},
        {"1.2", "1.20", "1.20", "1.20", VERDICT_matched},
        {"7", "x", "7.001", "7", VERDICT_matched},
        {"5.00", NULL, "5", NULL, VERDICT_matched},
        {NULL, NULL, NULL, NULL, VERDICT_matched},
    };
    struct sample s;
    sample_init(&s);
    add_amounts(&s);
    assert_true(sample_build(&s));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(compare_amounts(&s, cases[i].old_value, cases[i].old_cast,
                                         cases[i].new_value, cases[i].new_cast),
                         cases[i].verdict);
    }
    sample_fini(&s);
}

static void types_that_are_stored_alike_are_not_cast(void **state) {
    (void)state;
    struct sample s;
    sample_init(&s);
    sample_add(&s.old_table, "note", &type_text);
    sample_add(&s.new_table, "note", &type_varchar);
    sample_add(&s.old_table, "n", &type_int8);
    sample_add(&s.new_table, "n", &type_int8);
    assert_true(sample_build(&s));
    assert_int_equal(compare_casts(&s.pair, &s.arena).count, 0);
    sample_fini(&s);
}

static void a_row_on_one_side_only_is_missing_on_the_other(void **state) {
    (void)state;
    struct sample s;
    sample_init(&s);
    assert_true(sample_build(&s));
    struct cast_list none = {NULL, 0};
    struct value values[SAMPLE_COLUMNS] = {text("1")};
    struct side_row row = {values, NULL}, absent = {NULL, NULL};
    assert_int_equal(compare_rows(&s.pair, &none, row, absent, &s.arena), VERDICT_missing_in_new);
    assert_int_equal(compare_rows(&s.pair, &none, absent, row, &s.arena), VERDICT_missing_in_old);
    assert_int_equal(compare_rows(&s.pair, &none, absent, absent, &s.arena), VERDICT_matched);
    sample_fini(&s);
}

static void suspects_beyond_the_limit_are_counted(void **state) {
    (void)state;
    struct suspects list;
    suspects_init(&list, 2);
    struct value key[] = {text("a"), text("b")};
    for (size_t i = 0; i < SUSPECTS_MAX + 3; i++) {
        suspects_add(&list, key, VERDICT_missing_in_new);
    }
    assert_int_equal(list.count, SUSPECTS_MAX);
    assert_int_equal(list.dropped[VERDICT_missing_in_new], 3);
    assert_int_equal(list.dropped[VERDICT_different], 0);
    suspects_fini(&list);
}

static void suspects_beyond_the_bytes_are_counted(void **state) {
    (void)state;
    static char long_key[1024 * 1024];
    memset(long_key, 'k', sizeof long_key);
    struct suspects list;
    suspects_init(&list, 1);
    struct value key = value_text(long_key, sizeof long_key);
    for (int i = 0; i < 20; i++) {
        suspects_add(&list, &key, VERDICT_different);
    }
    assert_true(list.count < 20);
    assert_int_equal(list.count + (size_t)list.dropped[VERDICT_different], 20);
    suspects_fini(&list);
}

static void suspects_keep_copies_of_keys(void **state) {
    (void)state;
    char words[] = "one";
    struct suspects list;
    suspects_init(&list, 1);
    struct value key = text(words);
    suspects_add(&list, &key, VERDICT_different);
    words[0] = 'x';
    assert_memory_equal(list.keys[0].data, "one", 3);
    assert_int_equal(list.verdicts[0], VERDICT_different);
    suspects_fini(&list);
}

static void pieces_fit_the_width_of_rows(void **state) {
    (void)state;
    static const struct {
        size_t piece, rows, bytes, expected;
    } cases[] = {
        {64, 0, 0, 64},                      /* nothing learnt */
        {64, 64, 64 * 100, 128},             /* twice as many at most */
        {4000, 4000, 4000 * 100, 5000},      /* and never more than that */
        {1000, 1000, 1000 * 1024 * 1024, 2}, /* a mebibyte each */
        {1000, 1, 64 * 1024 * 1024, 1},      /* one row is too much already */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(comparison_next_piece(cases[i].piece, cases[i].rows, cases[i].bytes),
                         cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_agrees_when_either_cast_gives_the_other),
        cmocka_unit_test(types_that_are_stored_alike_are_not_cast),
        cmocka_unit_test(a_row_on_one_side_only_is_missing_on_the_other),
        cmocka_unit_test(suspects_beyond_the_limit_are_counted),
        cmocka_unit_test(suspects_beyond_the_bytes_are_counted),
        cmocka_unit_test(suspects_keep_copies_of_keys),
        cmocka_unit_test(pieces_fit_the_width_of_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
