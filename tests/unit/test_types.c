/* test_types.c - which types go together, and when their values are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/types.h"
#include "sample.h"

static const struct {
    const struct column_type *a, *b;
    enum type_match expected;
} matches[] = {
    {&type_text, &type_int4, TYPES_TEXT},
    {&type_bool, &type_varchar, TYPES_TEXT},
    {&type_jsonb, &type_text, TYPES_TEXT},
    {&type_text, &type_text_array, TYPES_TEXT},
    {&type_name, &type_text, TYPES_NAME},
    {&type_mood, &type_colour, TYPES_ENUMS},
    {&type_date, &type_timestamp, TYPES_DATE},
    {&type_date, &type_timestamptz, TYPES_DATE},
    {&type_numeric_array, &type_int4_array, TYPES_ARRAYS},
    {&type_int4, &type_int4_array, TYPES_UNRELATED},
    {&type_bool, &type_int4, TYPES_UNRELATED},
    {&type_bytea, &type_uuid, TYPES_UNRELATED},
    {&type_date, &type_int8, TYPES_UNRELATED},
    {&type_mood, &type_int4, TYPES_UNRELATED},
    {&type_text, &type_text, TYPES_ALIKE},
    {&type_bool, &type_bool, TYPES_ALIKE},
    {&type_mood, &type_mood, TYPES_ALIKE},
    {&type_name, &type_name, TYPES_ALIKE},
    {&type_text, &type_varchar, TYPES_ALIKE},
    {&type_text_domain, &type_text, TYPES_ALIKE},
    {&type_text_domain, &type_int4, TYPES_TEXT},
    {&type_int4, &type_int8, TYPES_ALIKE},
    {&type_int4_array, &type_int8_array, TYPES_ALIKE},
    {&type_mood, &type_text, TYPES_ALIKE},
    {&type_bpchar, &type_text, TYPES_CONVERT},
    {&type_citext, &type_text, TYPES_CONVERT},
    {&type_int4, &type_numeric, TYPES_CONVERT},
    {&type_numeric, &type_float8, TYPES_CONVERT},
    {&type_float4, &type_float8, TYPES_CONVERT},
    {&type_timestamp, &type_timestamptz, TYPES_CONVERT},
    {&type_json, &type_jsonb, TYPES_CONVERT},
    {&type_uuid, &type_text, TYPES_CONVERT},
};

static void pairs_of_types_match_in_either_order(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        enum type_match there = types_match(matches[i].a, matches[i].b);
        enum type_match back = types_match(matches[i].b, matches[i].a);
        if (there != matches[i].expected || back != there) {
            print_error("%s, %s: %s\n", matches[i].a->name, matches[i].b->name,
                        types_match_reason(there));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void user_types_are_told_by_name_not_by_oid(void **state) {
    (void)state;
    struct column_type other = type_mood;
    other.oid = other.base_oid = 99999;
    assert_int_equal(types_match(&type_mood, &other), TYPES_ALIKE);
    other = type_mood;
    other.name = "public.weather";
    assert_int_equal(types_match(&type_mood, &other), TYPES_ENUMS);
}

static void another_modifier_converts_unless_it_is_a_length(void **state) {
    (void)state;
    struct column_type numeric = type_numeric;
    numeric.modifier = 655366;
    assert_int_equal(types_match(&type_numeric, &numeric), TYPES_CONVERT);
    struct column_type varchar = type_varchar;
    varchar.modifier = 24;
    assert_int_equal(types_match(&type_varchar, &varchar), TYPES_ALIKE);
}

static const struct {
    const struct column_type *a_type;
    const char *a;
    const struct column_type *b_type;
    const char *b;
    bool agree;
} values[] = {
    {&type_text, "a", &type_text, "a ", false},
    {&type_text, "1.0", &type_text, "1.00", false},
    {&type_bpchar, "a   ", &type_text, " a", false},
    {&type_numeric, "1.5", &type_numeric, "-1.5", false},
    {&type_numeric, "1.5", &type_numeric, "1.51", false},
    {&type_numeric, "15", &type_numeric, "1.5", false},
    {&type_numeric, "10", &type_int4, "1", false},
    {&type_numeric, "99999999999999999999.1", &type_numeric, "99999999999999999999.2", false},
    {&type_float8, "0.1", &type_float8, "0.2", false},
    {&type_float8, "0.30000000000000004", &type_numeric, "0.3", false},
    {&type_timestamptz, "2026-11-22 09:10:23+00", &type_timestamp, "2026-11-22 09:10:24", false},
    {&type_timestamptz, "2026-11-22 09:10:23+00", &type_timestamp, "2026-11-22 09:10:23.5", false},
    {&type_json, "{\"a b\":1}", &type_jsonb, "{\"ab\": 1}", false},
    {&type_json, "{\"a\":1}", &type_jsonb, "{\"a\": 1", false},
    {&type_uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", &type_text, "a0eebc99", false},
    {&type_text, NULL, &type_text, "", false},
    {&type_text, NULL, &type_text, NULL, true},
    {&type_bpchar, "a   ", &type_text, "a", true},
    {&type_numeric, "1.5", &type_numeric, "1.50", true},
    {&type_numeric, "0.00", &type_int4, "0", true},
    {&type_numeric, "-7.000", &type_int8, "-7", true},
    {&type_numeric, "NaN", &type_numeric, "NaN", true},
    {&type_numeric, "100000000000000000000", &type_float8, "1e+20", true},
    {&type_float4, "0.1", &type_float8, "0.10000000149011612", true},
    {&type_timestamptz, "2026-11-22 09:10:23.5+00", &type_timestamp, "2026-11-22 09:10:23.5", true},
    {&type_timestamptz, "0044-03-15 12:00:00+00 BC", &type_timestamp, "0044-03-15 12:00:00 BC",
     true},
    {&type_json, "{ \"a\\\"}\" : [1,2] }", &type_jsonb, "{\"a\\\"}\": [1, 2]}", true},
    {&type_json, "[\"\\\\\",  1]", &type_jsonb, "[\"\\\\\", 1]", true},
    {&type_text, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", &type_uuid,
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true},
};

static struct value value_of(const char *text) {
    return text == NULL ? value_null() : value_text(text, strlen(text));
}

static void values_agree_as_their_types_see_them(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct value a = value_of(values[i].a), b = value_of(values[i].b);
        bool there = types_values_agree(values[i].a_type, a, values[i].b_type, b);
        bool back = types_values_agree(values[i].b_type, b, values[i].a_type, a);
        if (there != values[i].agree || back != there) {
            print_error("%s, %s: %d %d\n", values[i].a, values[i].b, there, back);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static const struct {
    const struct column_type *source, *target;
    const char *text, *expected;
} copies[] = {
    {&type_text, &type_text, "a ", "a "},
    {&type_bpchar, &type_bpchar, "a ", "a "},
    {&type_bpchar, &type_text, "a  ", "a"},
    {&type_bpchar, &type_text, "", ""},
    {&type_numeric, &type_int4, "5.00", "5"},
    {&type_numeric, &type_int4, "5", "5"},
    {&type_numeric, &type_int4, "5.01", "5.01"},
    {&type_float8, &type_int8, "1.5e+20", "1.5e+20"},
    {&type_numeric, &type_numeric, "5.00", "5.00"},
};

static void copied_texts_fit_the_target(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        struct value value = types_copy(copies[i].source, copies[i].target,
                                        value_text(copies[i].text, strlen(copies[i].text)));
        assert_int_equal(value.size, strlen(copies[i].expected));
        assert_memory_equal(value.data, copies[i].expected, value.size);
    }
    assert_int_equal(types_copy(&type_bpchar, &type_text, value_null()).kind, VALUE_NULL);
    assert_int_equal(types_copy(&type_bpchar, &type_text, value_absent()).kind, VALUE_ABSENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_types_match_in_either_order),
        cmocka_unit_test(user_types_are_told_by_name_not_by_oid),
        cmocka_unit_test(another_modifier_converts_unless_it_is_a_length),
        cmocka_unit_test(values_agree_as_their_types_see_them),
        cmocka_unit_test(copied_texts_fit_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
