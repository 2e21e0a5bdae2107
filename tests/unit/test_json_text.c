/* test_json_text.c - what is refused before libyajl sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "decode/json_text.h"

struct refused {
    const char *label, *text;
    size_t offset;
    const char *problem;
};

#define UTF8 "invalid UTF-8"
#define HALF "half of a surrogate pair"
#define NUL "\\u0000 cannot be part of a text"

static const struct refused refused[] = {
    {"continuation without a lead", "abc\x80", 3, UTF8},
    {"lead without its continuation", "ab\xC3", 2, UTF8},
    {"ASCII in place of a continuation", "\xC3(", 0, UTF8},
    {"overlong in two bytes", "\xC0\xAF", 0, UTF8},
    {"overlong in two bytes, C1", "\xC1\xBF", 0, UTF8},
    {"overlong in three bytes", "\xE0\x9F\xBF", 0, UTF8},
    {"overlong in four bytes", "\xF0\x8F\xBF\xBF", 0, UTF8},
    {"first surrogate as UTF-8", "\xED\xA0\x80", 0, UTF8},
    {"last surrogate as UTF-8", "\xED\xBF\xBF", 0, UTF8},
    {"beyond U+10FFFF", "\xF4\x90\x80\x80", 0, UTF8},
    {"a lead that never is", "\xF5\x80\x80\x80", 0, UTF8},
    {"three bytes cut after two", "xy\xE2\x82", 2, UTF8},
    {"four bytes, the last one wrong", "\xF0\x9F\x98z", 0, UTF8},
    {"behind eight bytes of ASCII", "01234567\xFF", 8, UTF8},
    {"within eight bytes",
     "012345678901\xFF"
     "345",
     12, UTF8},
    {"zero as an escape", "\"a\\u0000\"", 2, NUL},
    {"high half alone", "\"\\uD800\"", 1, HALF},
    {"high half before text", "\"\\udbffabcdefgh\"", 1, HALF},
    {"high half before another escape", "\"\\uD83D\\n12345\"", 1, HALF},
    {"two high halves", "\"\\uD83D\\uD83D\"", 1, HALF},
    {"high half, then no half", "\"\\uD83D\\u0041\"", 1, HALF},
    {"low half alone", "\"x\\uDC00\"", 2, HALF},
    {"low half before high half", "\"\\uDE00\\uD83D\"", 1, HALF},
    {"high half at the very end", "\\uD83D\\uDE0", 0, HALF},
};

static void what_would_change_a_value_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        size_t offset = SIZE_MAX;
        const char *problem = "none";
        print_message("%s\n", refused[i].label);
        assert_false(json_text_check(refused[i].text, strlen(refused[i].text), &offset, &problem));
        assert_int_equal(offset, refused[i].offset);
        assert_string_equal(problem, refused[i].problem);
    }
}

static const struct {
    const char *label, *text;
} accepted[] = {
    {"nothing", ""},
    {"ASCII", "the quick brown fox jumps over the lazy dog"},
    {"first and last of two bytes", "\xC2\x80 \xDF\xBF"},
    {"first and last of three bytes", "\xE0\xA0\x80 \xEF\xBF\xBF"},
    {"around the surrogates", "\xED\x9F\xBF \xEE\x80\x80"},
    {"first and last of four bytes", "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"},
    {"a pair", "\"\\uD83D\\uDE00\""},
    {"two pairs, lower case", "\"\\ud83d\\ude00\\ud83d\\ude00\""},
    {"an escaped backslash before u", "\"\\\\uD800 \\\\u0000\""},
    {"escapes that yajl will refuse", "\"\\q \\u12\""},
    {"a backslash at the end", "\\"},
    {"u at the end", "\\u"},
    {"other control characters", "\"\\u0001\\u001f\\u007f\""},
};

static void what_is_whole_is_accepted(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        size_t offset;
        const char *problem;
        print_message("%s\n", accepted[i].label);
        assert_true(json_text_check(accepted[i].text, strlen(accepted[i].text), &offset, &problem));
    }
}

/* Every code point, as UTF-8 made by arithmetic */
static void every_character_but_surrogates_is_accepted(void **state) {
    (void)state;
    for (uint32_t c = 0x800; c <= 0x10FFFF; c++) {
        char text[4];
        size_t size = c < 0x10000 ? 3 : 4, offset;
        const char *problem;
        for (size_t i = size; i-- > 1;) {
            text[i] = (char)(0x80 | (c >> (6 * (size - 1 - i)) & 0x3F));
        }
        text[0] = (char)(size == 3 ? 0xE0 | c >> 12 : 0xF0 | c >> 18);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(json_text_check(text, size, &offset, &problem), !surrogate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_change_a_value_is_refused),
        cmocka_unit_test(what_is_whole_is_accepted),
        cmocka_unit_test(every_character_but_surrogates_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
