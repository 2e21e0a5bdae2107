/* test_options.c - command lines, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command/options.h"

static const struct option own[] = {
    {"sample", "N", "how many"}, {"full", NULL, "all"}, {"json", NULL, "as JSON"}, {0}};
static const struct option common[] = {{"config", "FILE", "which file"}, {0}};

enum { WORDS_MAX = 8 };

static bool parse(const char *const *words, struct options *options, int *next, struct err *err) {
    char *list[WORDS_MAX];
    for (size_t i = 0; i < WORDS_MAX; i++) {
        list[i] = (char *)(uintptr_t)words[i];
    }
    *options = (struct options){0};
    *next = 0;
    err_clear(err);
    return options_parse(options, own, common, list, next, err);
}

static void wrong_words_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *message;
    } cases[] = {
        {{"--sampel", "3"}, "unknown option \"--sampel\""},
        {{"--samp=3"}, "unknown option \"--samp\""},
        {{"-x"}, "unknown option \"-x\""},
        {{"-"}, "unknown option \"-\""},
        {{"--sample"}, "option --sample wants a value: N"},
        {{"--full=yes"}, "option --full takes no value"},
        {{"--full", "--config"}, "option --config wants a value: FILE"},
        {{"--=3"}, "unknown option \"--\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options options;
        struct err err;
        int next;
        assert_false(parse(cases[i].words, &options, &next, &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void options_of_both_tables_are_taken_in_either_spelling(void **state) {
    (void)state;
    static const char *const words[WORDS_MAX] = {"--sample=10", "--config", "a b", "--full"};
    struct options options;
    struct err err;
    int next;
    assert_true(parse(words, &options, &next, &err));
    assert_int_equal(next, 4);
    assert_string_equal(options_value(&options, "sample"), "10");
    assert_string_equal(options_value(&options, "config"), "a b");
    assert_true(options_has(&options, "full"));
    assert_false(options_has(&options, "json"));
    assert_null(options_value(&options, "json"));
}

static void parsing_stops_at_the_first_word_that_is_no_option(void **state) {
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        int next;
    } cases[] = {
        {{NULL}, 0},
        {{"status", "--json"}, 0},
        {{"--json", "status", "--full"}, 1},
        {{"--json", "--", "--full"}, 2},
        {{"--json", ""}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options options;
        struct err err;
        int next;
        assert_true(parse(cases[i].words, &options, &next, &err));
        assert_int_equal(next, cases[i].next);
        assert_false(options_has(&options, "full"));
    }
}

static void options_and_arguments_come_in_any_order(void **state) {
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *arguments; /* each with a blank behind it */
        bool json;
    } cases[] = {
        {{NULL}, "", false},
        {{"--json"}, "", true},
        {{"f1", "pr2", "--json"}, "f1 pr2 ", true},
        {{"--json", "f1", "--sample", "3", "pr2"}, "f1 pr2 ", true},
        {{"f1", "--", "--json", "-x"}, "f1 --json -x ", false},
        {{"--sample", "--", "f1", "--json"}, "f1 ", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *list[WORDS_MAX], text[64] = "";
        for (size_t w = 0; w < WORDS_MAX; w++) {
            list[w] = (char *)(uintptr_t)cases[i].words[w];
        }
        struct options options = {.ended = true}; /* by an earlier part of the line */
        struct err err;
        assert_true(options_parse_all(&options, own, common, list, &err));
        for (size_t a = 0; a < options.n_arguments; a++) {
            size_t size = strlen(text);
            snprintf(text + size, sizeof text - size, "%s ", options.arguments[a]);
        }
        assert_string_equal(text, cases[i].arguments);
        assert_int_equal(options_has(&options, "json"), cases[i].json);
    }
}

static void a_wrong_option_behind_an_argument_is_refused(void **state) {
    (void)state;
    char argument[] = "f1", wrong[] = "--jsno";
    char *list[] = {argument, wrong, NULL};
    struct options options = {0};
    struct err err;
    assert_false(options_parse_all(&options, own, common, list, &err));
    assert_string_equal(err.message, "unknown option \"--jsno\"");
}

static void of_an_option_given_twice_the_later_counts(void **state) {
    (void)state;
    static const char *const words[WORDS_MAX] = {"--sample", "1", "--sample=2"};
    struct options options;
    struct err err;
    int next;
    assert_true(parse(words, &options, &next, &err));
    assert_string_equal(options_value(&options, "sample"), "2");
    assert_int_equal(options.count, 1);
}

static void numbers_are_whole_and_positive(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t number; /* 0: refused */
    } cases[] = {
        {"", 0},    {"0", 0},
        {"-1", 0},  {"1x", 0},
        {"1.5", 0}, {"99999999999999999999", 0},
        {"1", 1},   {"10000000000", INT64_C(10000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options options = {0};
        options.given[0].name = "sample";
        options.given[0].value = cases[i].text;
        options.count = 1;
        struct err err;
        int64_t number = 0;
        assert_int_equal(options_number(&options, "sample", &number, &err), cases[i].number != 0);
        assert_int_equal(number, cases[i].number);
    }
}

static void a_number_that_was_not_given_keeps_its_value(void **state) {
    (void)state;
    struct options options = {0};
    struct err err;
    int64_t number = 7;
    assert_true(options_number(&options, "sample", &number, &err));
    assert_int_equal(number, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_words_are_refused_by_name),
        cmocka_unit_test(options_of_both_tables_are_taken_in_either_spelling),
        cmocka_unit_test(parsing_stops_at_the_first_word_that_is_no_option),
        cmocka_unit_test(options_and_arguments_come_in_any_order),
        cmocka_unit_test(a_wrong_option_behind_an_argument_is_refused),
        cmocka_unit_test(of_an_option_given_twice_the_later_counts),
        cmocka_unit_test(numbers_are_whole_and_positive),
        cmocka_unit_test(a_number_that_was_not_given_keeps_its_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
