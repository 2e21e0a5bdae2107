/* test_copy_text.c - COPY's text format, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apply/array.h"
#include "copy/copy_text.h"

enum { FIELDS = 3 };

static struct value text(const char *string) {
    return string == NULL ? value_null() : value_text(string, strlen(string));
}

static void assert_value(struct value value, const char *expected) {
    if (!value_equal(value, text(expected))) {
        fail_msg("kind %d '%.*s', not '%s'", value.kind, (int)value.size,
                 value.kind == VALUE_TEXT ? value.data : "", expected == NULL ? "NULL" : expected);
    }
}

/* splitting */

static void lines_with_too_few_or_too_many_fields_are_refused(void **state) {
    (void)state;
    static const char *const lines[] = {"", "\n", "a", "a\tb\n", "a\tb\tc\td\n", "a\tb\tc\t\n"};
    struct value fields[FIELDS];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(copy_text_split(lines[i], strlen(lines[i]), fields, FIELDS));
    }
    assert_false(copy_text_split("a\n", 2, fields, 0));
}

static const struct {
    const char *line;
    const char *fields[FIELDS]; /* still escaped; NULL is NULL */
} lines[] = {
    {"a\tb\tc\n", {"a", "b", "c"}},
    {"a\tb\tc", {"a", "b", "c"}},
    {"\t\t\n", {"", "", ""}},
    {"\\N\t\\N\t\\N\n", {NULL, NULL, NULL}},
    {"N\t\\\\N\t\\Nx\n", {"N", "\\\\N", "\\Nx"}},
    {"a\\tb\tc\\nd\t\\\\\n", {"a\\tb", "c\\nd", "\\\\"}},
    {"\xC3\xA9\t\xF0\x9F\xA6\x9C\t\xE2\x80\xA8\n",
     {"\xC3\xA9", "\xF0\x9F\xA6\x9C", "\xE2\x80\xA8"}},
};

static void lines_split_into_fields_that_stay_escaped(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct value fields[FIELDS];
        assert_true(copy_text_split(lines[i].line, strlen(lines[i].line), fields, FIELDS));
        for (size_t j = 0; j < FIELDS; j++) {
            assert_value(fields[j], lines[i].fields[j]);
        }
    }
}

static void a_table_of_one_column_may_have_an_empty_line(void **state) {
    (void)state;
    struct value field;
    assert_true(copy_text_split("\n", 1, &field, 1));
    assert_value(field, "");
    assert_true(copy_text_split("\\N\n", 3, &field, 1));
    assert_value(field, NULL);
}

/* escapes, both ways */

static const struct {
    const char *escaped, *plain;
} escapes[] = {
    {"", ""},
    {"plain", "plain"},
    {"\\b\\f\\n\\r\\t\\v\\\\", "\b\f\n\r\t\v\\"},
    {"a\\\\nb", "a\\nb"},
    {"\\\\\\\\", "\\\\"},
    {"\\\\N", "\\N"},
    {"\\\\.", "\\."},
    {"\\ta\\t", "\ta\t"},
    {"\x01\x1F\x7F", "\x01\x1F\x7F"}, /* other control characters go as they are */
    {"\xC3\xA9\\t\xE7\x8E\x8B", "\xC3\xA9\t\xE7\x8E\x8B"},
};

static void escaped_fields_become_plain_and_back(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        assert_value(copy_text_unescape(text(escapes[i].escaped), &arena), escapes[i].plain);
        struct buf line;
        buf_init(&line);
        copy_text_add(&line, text(escapes[i].plain));
        assert_string_equal(buf_text(&line), escapes[i].escaped);
        buf_fini(&line);
    }
    arena_fini(&arena);
}

/* No server writes these; COPY FROM takes the character itself. */
static void a_backslash_before_any_other_character_goes(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_value(copy_text_unescape(text("a\\qb"), &arena), "aqb");
    assert_value(copy_text_unescape(text("a\\"), &arena), "a\\");
    arena_fini(&arena);
}

static void null_is_not_an_empty_text(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct buf line;
    buf_init(&line);
    copy_text_add(&line, value_null());
    buf_add_char(&line, '|');
    copy_text_add(&line, text(""));
    buf_add_char(&line, '|');
    copy_text_add_raw(&line, value_null());
    buf_add_char(&line, '|');
    copy_text_add_raw(&line, text("a\\tb"));
    assert_string_equal(line.data, "\\N||\\N|a\\tb");
    assert_int_equal(copy_text_unescape(value_null(), &arena).kind, VALUE_NULL);
    buf_fini(&line);
    arena_fini(&arena);
}

static void arrays_quote_every_element(void **state) {
    (void)state;
    struct buf array;
    buf_init(&array);
    array_add(&array, NULL, 0);
    assert_string_equal(array.data, "{}");
    buf_reset(&array);
    const struct value values[] = {text("a"), text(""), value_null(), text("NULL"),
                                   text("q\"b\\s,{} ")};
    array_add(&array, values, 5);
    assert_string_equal(array.data, "{\"a\",\"\",NULL,\"NULL\",\"q\\\"b\\\\s,{} \"}");
    buf_fini(&array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_with_too_few_or_too_many_fields_are_refused),
        cmocka_unit_test(lines_split_into_fields_that_stay_escaped),
        cmocka_unit_test(a_table_of_one_column_may_have_an_empty_line),
        cmocka_unit_test(escaped_fields_become_plain_and_back),
        cmocka_unit_test(a_backslash_before_any_other_character_goes),
        cmocka_unit_test(null_is_not_an_empty_text),
        cmocka_unit_test(arrays_quote_every_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
