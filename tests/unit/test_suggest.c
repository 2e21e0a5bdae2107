/* test_suggest.c - which word was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/suggest.h"

static const struct {
    const char *word, *expected;
} cases[] = {
    {"", NULL},
    {"retries", NULL},
    {"abcdefgh", NULL},
    {"a234567890123456789012345678901234567890123456789012345678901234", NULL},
    {"ax", NULL}, /* most of "old" would be another word */
    {"job", "jobs"},
    {"bojs", "jobs"},
    {"chunkrows", "chunk_rows"},
    {"chunk_rowss", "chunk_rows"},
    {"odl", NULL},
    {"ol", "old"},
};

static void only_a_close_word_is_suggested(void **state) {
    (void)state;
    static const char *const known[] = {"old", "jobs", "chunk_rows"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *closest = suggest_closest(cases[i].word, known, 3);
        if (cases[i].expected == NULL) {
            assert_null(closest);
        } else {
            assert_non_null(closest);
            assert_string_equal(closest, cases[i].expected);
        }
    }
}

static void closest_of_several_wins(void **state) {
    (void)state;
    static const char *const known[] = {"resume", "result", "results"};
    assert_string_equal(suggest_closest("resultz", known, 3), "result");
    assert_string_equal(suggest_closest("resultss", known, 3), "results");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_close_word_is_suggested),
        cmocka_unit_test(closest_of_several_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
