/* test_excerpt.c - an excerpt shows the structure around an error, and no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/excerpt.h"

static const struct {
    const char *label, *text;
    size_t offset;
    const char *expected;
} cases[] = {
    {"nothing", "", 0, "<here>"},
    {"offset beyond the end", "[", 9, "[<here>"},
    {"names and numbers", "\"Ann Lee\",42,-1.5e3", 4, "\"xxx<here> xxx\",xx,-x.xxx"},
    {"beyond ASCII, byte by byte", "\"J\xC3\xB6rg\xFF\"", 0, "<here>\"xxxxxx\""},
    {"control characters",
     "a\n\x7F"
     "b",
     0, "<here>x<0A><7F>x"},
    {"escapes", "\\u0041\\n", 0, "<here>\\xxxxx\\x"},
    {"a key", "{\"value\":true}", 0, "<here>{\"value\":xxxx}"},
    {"a key without its colon", "{\"value\",\"name\"", 0, "<here>{\"xxxxx\",\"xxxx\""},
    {"a key without its quote", "{value\":1,\"value:1", 0, "<here>{xxxxx\":x,\"xxxxx:x"},
    {"part of a key", "\"values\":\"valu\":", 0, "<here>\"xxxxxx\":\"xxxx\":"},
    {"a key that is not the format's", "\"full_name\":1", 0, "<here>\"xxxxxxxxx\":x"},
    {"the error inside a key", "\"value\":", 3, "\"xx<here>xxx\":"},
    {"a long text", "[1111111111222222222233333333334444444444555555555566666666667777777777]", 36,
     "...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx<here>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."},
};

static void values_are_masked_and_keys_are_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].label);
        assert_string_equal(
            excerpt_format(cases[i].text, strlen(cases[i].text), cases[i].offset).text,
            cases[i].expected);
    }
}

static void the_worst_text_fits(void **state) {
    (void)state;
    char text[200] = {0};
    struct excerpt_text excerpt = excerpt_format(text, sizeof text, 100);
    const char *end = strstr(excerpt.text, "<00>...");
    assert_non_null(end);
    assert_int_equal(strlen(excerpt.text), 2 * EXCERPT_REACH * 4 + strlen("...<here>..."));
}

/* Memory of exactly the text's size, so that a sanitizer sees a step beyond it */
static void nothing_beyond_the_text_is_read(void **state) {
    (void)state;
    static const char text[] = {'{', '"', 'v', 'a', 'l', 'u', 'e', '"', ':'};
    for (size_t size = 0; size <= sizeof text; size++) {
        char *copy = malloc(size > 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        for (size_t offset = 0; offset <= size; offset++) {
            assert_non_null(strstr(excerpt_format(copy, size, offset).text, "<here>"));
        }
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_masked_and_keys_are_not),
        cmocka_unit_test(the_worst_text_fits),
        cmocka_unit_test(nothing_beyond_the_text_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
