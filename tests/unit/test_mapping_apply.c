/* test_mapping_apply.c - rows through a mapping, and whether two rows agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

enum { ROW = 5 };

static const char absent[] = "(absent)";

/* NULL is SQL NULL, `absent` is no value. */
static struct value value_of(const char *text) {
    if (text == absent) {
        return value_absent();
    }
    return text == NULL ? value_null() : value_text(text, strlen(text));
}

static void set_row(struct value *row, const char *const *texts) {
    for (size_t i = 0; i < ROW; i++) {
        row[i] = value_of(texts[i]);
    }
}

static void assert_value(struct value value, const char *expected) {
    struct value wanted = value_of(expected);
    if (!value_equal(value, wanted)) {
        print_error("kind %d '%.*s', not '%s'\n", value.kind, (int)value.size,
                    value.kind == VALUE_TEXT ? value.data : "", expected ? expected : "NULL");
        fail();
    }
}

static int start(void **state) {
    static struct sample sample;
    sample_init(&sample);
    *state = &sample;
    return 0;
}

static int finish(void **state) {
    sample_fini(*state);
    return 0;
}

static bool apply(struct sample *s, const struct mapping *mapping, const char *const *texts,
                  struct value *target, bool *incomplete, struct err *err) {
    struct value source[ROW];
    set_row(source, texts);
    return mapping_apply(mapping, source, target, &s->arena, incomplete, err);
}

/* A plugin's words may hold values. */
static void refused_row_names_the_transform_and_keeps_the_reason_apart(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete;
    struct err err = {0};
    assert_false(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", "Who?", "b"}, target,
                       &incomplete, &err));
    assert_string_equal(err.message, "transform \"halve\" refused the row");
    assert_string_equal(err.server, "it has a question mark");
    assert_int_equal(err.class, ERR_CLASS_ROW);
    assert_false(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", "Oh!", "b"}, target,
                       &incomplete, &err));
    assert_string_equal(err.message, "transform \"halve\" refused the row and gave no reason");
    assert_string_equal(err.server, "");
}

static bool make_nul(struct pgtandem_call *call, const struct pgtandem_text *in,
                     struct pgtandem_text *out) {
    (void)call;
    (void)in;
    out[0] = out[1] = (struct pgtandem_text){"a\0b", 3, false};
    return true;
}

static void nul_byte_from_a_transform_is_refused(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    s->pair.forward.transforms[0].there = make_nul;
    struct value target[ROW];
    bool incomplete;
    struct err err = {0};
    assert_false(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", "A B", "b"}, target,
                       &incomplete, &err));
    assert_non_null(strstr(err.message, "NUL byte"));
}

static void some_inputs_missing_make_the_row_incomplete(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete = false;
    struct err err;
    assert_true(apply(s, &s->pair.reverse, (const char *[ROW]){"1", "e", "Ada", absent, "b"},
                      target, &incomplete, &err));
    assert_true(incomplete);
    assert_value(target[2], absent);
    assert_value(target[3], "b");
}

static void all_inputs_missing_leave_the_outputs_absent(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete = true;
    struct err err;
    assert_true(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", absent, absent}, target,
                      &incomplete, &err));
    assert_false(incomplete);
    assert_value(target[2], absent);
    assert_value(target[3], absent);
    assert_value(target[4], absent);
}

static void row_is_made_forward_and_back(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete;
    struct err err;
    assert_true(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", "Mary Jane Watson", NULL},
                      target, &incomplete, &err));
    const char *const made[] = {"1", "e", "Mary Jane", "Watson", NULL};
    for (size_t i = 0; i < ROW; i++) {
        assert_value(target[i], made[i]);
    }
    assert_true(apply(s, &s->pair.reverse, made, target, &incomplete, &err));
    assert_value(target[2], "Mary Jane Watson");
    assert_value(target[3], NULL);
}

static void null_output_becomes_empty_only_where_null_cannot_be(void **state) {
    struct sample *s = *state;
    sample_column(&s->new_table, "last_name")->not_null = false;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete;
    struct err err;
    assert_true(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e", NULL, NULL}, target,
                      &incomplete, &err));
    assert_value(target[2], "");
    assert_value(target[3], NULL);
    assert_value(target[4], NULL);
}

static void copies_are_written_as_the_target_takes_them(void **state) {
    struct sample *s = *state;
    sample_column(&s->old_table, "email")->type = type_bpchar;
    sample_column(&s->old_table, "bio")->type = type_numeric;
    sample_column(&s->new_table, "bio")->type = type_int4;
    assert_true(sample_build(s));
    struct value target[ROW];
    bool incomplete;
    struct err err;
    assert_true(apply(s, &s->pair.forward, (const char *[ROW]){"1", "e    ", "A", "5.00"}, target,
                      &incomplete, &err));
    assert_value(target[1], "e");
    assert_value(target[4], "5");
}

/* One table for mapping_keeps and mapping_rows_agree: an old full name and what
 * is in the new columns. */
static const struct comparison {
    const char *label;
    const char *full_name, *first_name, *last_name;
    bool old_not_null, new_not_null;
    bool keeps, agree;
} comparisons[] = {
    {"another name", "Ada King", "Ada", "Lovelace", true, true, false, false},
    {"refused on the way back", "Who", "Wh?", "o", true, true, false, false},
    {"refused both ways", "Who?", "Who?", "", true, true, false, false},
    {"null against a name", NULL, "Ada", "King", false, false, false, false},
    {"null against empty, kept apart", NULL, "", "", false, false, false, false},
    {"empty against null, kept apart", "", NULL, NULL, false, false, false, false},
    {"the split itself", "Ada King", "Ada", "King", true, true, true, true},
    {"a corrected split", "Jan van Eyck", "Jan", "van Eyck", true, true, true, true},
    {"two spaces, one kept", "Ada  King", "Ada ", "King", true, true, true, true},
    {"forward, but not back", "Ada ", "Ada", "", true, true, false, true},
    {"null, target cannot hold it", NULL, "", "", false, true, true, true},
    {"null, source cannot hold it", "", NULL, NULL, true, false, true, true},
    {"null on both sides", NULL, NULL, NULL, false, false, true, true},
    {"refused forward, kept", "a?", "a", "b", true, true, false, false},
};

static void prepare(struct sample *s, const struct comparison *c) {
    sample_init(s);
    sample_column(&s->old_table, "full_name")->not_null = c->old_not_null;
    sample_column(&s->new_table, "first_name")->not_null = c->new_not_null;
    sample_column(&s->new_table, "last_name")->not_null = c->new_not_null;
    assert_true(sample_build(s));
}

static void outputs_are_kept_and_rows_agree_by_the_mapping(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        const struct comparison *c = &comparisons[i];
        struct sample s;
        prepare(&s, c);
        struct value old_row[ROW], new_row[ROW];
        set_row(old_row, (const char *[ROW]){"1", "e", c->full_name, "b"});
        set_row(new_row, (const char *[ROW]){"1", "e", c->first_name, c->last_name, "b"});
        const struct mapping *mapping = &s.pair.forward;
        bool keeps = mapping_keeps(mapping, &mapping->transforms[0], old_row, new_row, &s.arena);
        bool agree = mapping_rows_agree(&s.pair, old_row, new_row, &s.arena);
        if (keeps != c->keeps || agree != c->agree) {
            print_error("%s: keeps %d, agree %d\n", c->label, keeps, agree);
            wrong++;
        }
        sample_fini(&s);
    }
    assert_int_equal(wrong, 0);
}

static void absent_value_keeps_nothing(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    const struct mapping *mapping = &s->pair.reverse;
    struct value new_row[ROW], old_row[ROW];
    set_row(new_row, (const char *[ROW]){"1", "e", "Ada", absent, "b"});
    set_row(old_row, (const char *[ROW]){"1", "e", "Ada", "b"});
    assert_false(mapping_keeps(mapping, mapping->transforms, new_row, old_row, &s->arena));
    set_row(new_row, (const char *[ROW]){"1", "e", "Ada", "", "b"});
    assert_true(mapping_keeps(mapping, mapping->transforms, new_row, old_row, &s->arena));
    set_row(old_row, (const char *[ROW]){"1", "e", absent, "b"});
    assert_false(mapping_keeps(mapping, mapping->transforms, new_row, old_row, &s->arena));
}

static void old_white_space_survives_the_reverse_link(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    const struct mapping *mapping = &s->pair.reverse;
    struct value new_row[ROW], old_row[ROW];
    set_row(new_row, (const char *[ROW]){"1", "e", "Ada", "", "changed"});
    set_row(old_row, (const char *[ROW]){"1", "e", "Ada ", "b"});
    assert_true(mapping_keeps(mapping, mapping->transforms, new_row, old_row, &s->arena));
}

static void rows_with_another_copied_value_disagree(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct value old_row[ROW], new_row[ROW];
    set_row(old_row, (const char *[ROW]){"1", "e", "Ada King", "b"});
    set_row(new_row, (const char *[ROW]){"1", "e", "Ada", "King", NULL});
    assert_false(mapping_rows_agree(&s->pair, old_row, new_row, &s->arena));
}

static void generated_column_does_not_make_rows_disagree(void **state) {
    struct sample *s = *state;
    sample_column(&s->old_table, "bio")->generated = true;
    assert_true(sample_build(s));
    struct value old_row[ROW], new_row[ROW];
    set_row(old_row, (const char *[ROW]){"1", "e", "Ada King", "b"});
    set_row(new_row, (const char *[ROW]){"1", "e", "Ada", "King", "other"});
    assert_true(mapping_rows_agree(&s->pair, old_row, new_row, &s->arena));
}

int main(void) {
#define ROW_TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        ROW_TEST(refused_row_names_the_transform_and_keeps_the_reason_apart),
        ROW_TEST(nul_byte_from_a_transform_is_refused),
        ROW_TEST(some_inputs_missing_make_the_row_incomplete),
        ROW_TEST(all_inputs_missing_leave_the_outputs_absent),
        ROW_TEST(row_is_made_forward_and_back),
        ROW_TEST(null_output_becomes_empty_only_where_null_cannot_be),
        ROW_TEST(copies_are_written_as_the_target_takes_them),
        cmocka_unit_test(outputs_are_kept_and_rows_agree_by_the_mapping),
        ROW_TEST(absent_value_keeps_nothing),
        ROW_TEST(old_white_space_survives_the_reverse_link),
        ROW_TEST(rows_with_another_copied_value_disagree),
        ROW_TEST(generated_column_does_not_make_rows_disagree),
    };
#undef ROW_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
