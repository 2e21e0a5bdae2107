/* test_split_name.c - the shipped transform, through the interface that a
 * migration uses, against the table of the Python reference. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lender.h"

static const struct pgtandem_transform *transform_of(void **state) {
    return *state;
}

static void split_gives(void **state, const char *full, const char *first, const char *last) {
    struct lender lender;
    lender_init(&lender);
    struct pgtandem_text in = lender_string(&lender, full), out[2];
    assert_true(transform_of(state)->forward(&lender.call, &in, out));
    if (!text_is(out[0], first) || !text_is(out[1], last)) {
        fail_msg("\"%s\" became \"%.*s\" and \"%.*s\"", full == NULL ? "NULL" : full,
                 (int)out[0].size, out[0].data, (int)out[1].size, out[1].data);
    }
    lender_fini(&lender);
}

static void concat_gives(void **state, const char *first, const char *last, const char *full) {
    struct lender lender;
    lender_init(&lender);
    struct pgtandem_text in[2] = {lender_string(&lender, first), lender_string(&lender, last)};
    struct pgtandem_text out;
    assert_true(transform_of(state)->reverse(&lender.call, in, &out));
    if (!text_is(out, full)) {
        fail_msg("\"%s\" and \"%s\" became \"%.*s\"", first == NULL ? "NULL" : first,
                 last == NULL ? "NULL" : last, (int)out.size, out.data);
    }
    lender_fini(&lender);
}

/* ---- bytes and NULLs that Python's strings cannot hold ---- */

static void bytes_that_are_not_utf8_stay_as_they_are(void **state) {
    static const char *const cases[] = {
        "\x80",
        "\x85",
        "\xA0",
        "\xC2",
        "\xE2",
        "\xE2\x80",
        "\xE3\x80",
        "\xE1\x9A",
        "\xE2\x81",
        "a\xC2",
        "a\xE2\x80",
        "\xC2z",
        "\x80\x80z",
        "\xFF\xFE",
        "\xC0\xA0",
        "\xE0\x80\xA0",
        "\xF0\x80\x80\xA0",
        "\xF0\x9F\xA6",
        "\x85\xC2",
        "\xED\xA0\x80",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        split_gives(state, cases[i], cases[i], "");
        concat_gives(state, cases[i], "", cases[i]);
        concat_gives(state, "", cases[i], cases[i]);
    }
}

static void a_cut_character_does_not_hide_the_space_beside_it(void **state) {
    split_gives(state, "John \xE2\x80", "John", "\xE2\x80");
    split_gives(state, "\xE2\x80 Doe", "\xE2\x80", "Doe");
    split_gives(state, "\xE2\x80\xC2\xA0 ", "\xE2\x80", "");
    concat_gives(state, " \xE2", "\x80\x80 ", "\xE2 \x80\x80");
}

static void null_gives_null(void **state) {
    split_gives(state, NULL, NULL, NULL);
    concat_gives(state, NULL, NULL, NULL);
}

static void one_null_part_is_an_empty_part(void **state) {
    concat_gives(state, NULL, "Prince", "Prince");
    concat_gives(state, "Madonna", NULL, "Madonna");
    concat_gives(state, NULL, "", "");
    concat_gives(state, "", NULL, "");
    concat_gives(state, NULL, " ", "");
}

static void an_empty_value_needs_no_address(void **state) {
    const struct pgtandem_transform *transform = transform_of(state);
    const struct pgtandem_text empty[2] = {{.data = NULL, .size = 0}, {.data = NULL, .size = 0}};
    struct pgtandem_text out[2];
    struct lender lender;
    lender_init(&lender);
    assert_true(transform->forward(&lender.call, empty, out));
    assert_true(text_is(out[0], "") && text_is(out[1], ""));
    assert_non_null(out[0].data);
    assert_true(transform->reverse(&lender.call, empty, out));
    assert_true(text_is(out[0], ""));
    assert_non_null(out[0].data);
    lender_fini(&lender);
}

/* ---- the rule ---- */

static void names_are_split_at_the_last_space(void **state) {
    static const struct {
        const char *full, *first, *last;
    } cases[] = {
        {"John Doe", "John", "Doe"},
        {"Mary Jane Watson", "Mary Jane", "Watson"},
        {"Madonna", "Madonna", ""},
        {"  Spaced  Out  ", "Spaced", "Out"},
        {"", "", ""},
        {"   ", "", ""},
        {"Dr. John Q. Public III", "Dr. John Q. Public", "III"},
        {"Mary-Jane Watson-Parker", "Mary-Jane", "Watson-Parker"},
        {"김철수", "김철수", ""},
        {"van der Berg, Johann", "van der Berg,", "Johann"},
        {"John\tDoe", "John\tDoe", ""},
        {"John \t Doe", "John", "Doe"},
        {"李\u3000小龍", "李\u3000小龍", ""},
        {"\u3000李 小龍\u3000", "李", "小龍"},
        {"\u200bJohn Doe", "\u200bJohn", "Doe"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        split_gives(state, cases[i].full, cases[i].first, cases[i].last);
    }
}

static void names_are_joined_by_one_space(void **state) {
    static const struct {
        const char *first, *last, *full;
    } cases[] = {
        {"John", "Doe", "John Doe"},
        {"Mary Jane", "Watson", "Mary Jane Watson"},
        {"Madonna", "", "Madonna"},
        {"", "Prince", "Prince"},
        {"", "", ""},
        {" John\t", "\u3000Doe ", "John Doe"},
        {"Johann", "van der Berg", "Johann van der Berg"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        concat_gives(state, cases[i].first, cases[i].last, cases[i].full);
    }
}

static void a_part_of_white_space_still_gets_its_space(void **state) {
    concat_gives(state, " ", "Prince", " Prince");
    concat_gives(state, "Prince", "\t", "Prince ");
    concat_gives(state, " ", "\u3000", " ");
    concat_gives(state, " ", "", "");
    concat_gives(state, "", " ", "");
}

/* ---- the reference ---- */

struct line {
    const char *rule, *label;
    struct pgtandem_text full, first, last;
};

static unsigned hex_digit(char c) {
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    if (found == NULL) {
        fail_msg("'%c' is no hexadecimal digit", c);
    }
    return (unsigned)(found - digits);
}

/* Decodes in place, then copies to a block that is as long as the value. */
static struct pgtandem_text decode(struct lender *lender, char *hex) {
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        hex[i] = (char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return lender_text(lender, hex, size);
}

static char *next_field(char **rest) {
    char *field = strsep(rest, "\t\n");
    assert_non_null(field);
    return field;
}

static struct line parse_line(struct lender *lender, char *text) {
    struct line line;
    line.rule = next_field(&text);
    line.full = decode(lender, next_field(&text));
    line.first = decode(lender, next_field(&text));
    line.last = decode(lender, next_field(&text));
    line.label = next_field(&text);
    return line;
}

static bool same_bytes(struct pgtandem_text a, struct pgtandem_text b) {
    return !a.is_null && !b.is_null && a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool holds(const struct pgtandem_transform *transform, struct lender *lender,
                  const struct line *line) {
    struct pgtandem_text out[2];
    if (strcmp(line->rule, "split") == 0) {
        return transform->forward(&lender->call, &line->full, out) &&
               same_bytes(out[0], line->first) && same_bytes(out[1], line->last);
    }
    assert_string_equal(line->rule, "concat");
    const struct pgtandem_text in[2] = {line->first, line->last};
    return transform->reverse(&lender->call, in, out) && same_bytes(out[0], line->full);
}

static FILE *open_table(void) {
    const char *folder = getenv("PGTANDEM_TEST_DATA");
    assert_non_null(folder);
    char path[4096];
    snprintf(path, sizeof path, "%s/split_name.tsv", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static void every_case_of_the_reference_holds(void **state) {
    FILE *file = open_table();
    char *text = NULL;
    size_t capacity = 0, cases = 0, failures = 0;
    while (getline(&text, &capacity, file) > 0) {
        struct lender lender;
        lender_init(&lender);
        struct line line = parse_line(&lender, text);
        cases++;
        if (!holds(transform_of(state), &lender, &line)) {
            print_error("line %zu: %s of %s\n", cases, line.rule, line.label);
            failures++;
        }
        lender_fini(&lender);
    }
    free(text);
    fclose(file);
    assert_int_equal(failures, 0);
    assert_true(cases >= 2500);
}

/* ---- cost ---- */

static void splitting_copies_nothing(void **state) {
    struct lender lender;
    lender_init(&lender);
    struct pgtandem_text in = lender_string(&lender, " Mary Jane  Watson "), out[2];
    size_t before = lender.count;
    assert_true(transform_of(state)->forward(&lender.call, &in, out));
    assert_int_equal(lender.count, before);
    assert_ptr_equal(out[0].data, in.data + 1);
    assert_ptr_equal(out[1].data, in.data + 12);
    lender_fini(&lender);
}

/* Quadratic code would take hours here. */
static void megabytes_of_white_space_are_trimmed_in_one_pass(void **state) {
    enum { SPACES = 4 * 1024 * 1024 };
    char *text = malloc(3 * SPACES);
    assert_non_null(text);
    memset(text, ' ', 3 * SPACES);
    memcpy(text + SPACES, "John", 4);
    memcpy(text + 2 * SPACES, "Doe", 3);
    struct lender lender;
    lender_init(&lender);
    struct pgtandem_text in = lender_text(&lender, text, 3 * SPACES), out[2];
    assert_true(transform_of(state)->forward(&lender.call, &in, out));
    assert_true(text_is(out[0], "John"));
    assert_true(text_is(out[1], "Doe"));
    lender_fini(&lender);
    free(text);
}

/* ---- the shared object ---- */

static void *handle;

static int open_plugin(void **state) {
    /* cmocka hands the state on as a plain pointer; nothing writes through it */
    *state = (void *)(uintptr_t)plugin_open("PGTANDEM_TEST_PLUGINS", "split_name.so", &handle);
    return 0;
}

static int close_plugin(void **state) {
    (void)state;
    return dlclose(handle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_not_utf8_stay_as_they_are),
        cmocka_unit_test(a_cut_character_does_not_hide_the_space_beside_it),
        cmocka_unit_test(null_gives_null),
        cmocka_unit_test(one_null_part_is_an_empty_part),
        cmocka_unit_test(an_empty_value_needs_no_address),
        cmocka_unit_test(names_are_split_at_the_last_space),
        cmocka_unit_test(names_are_joined_by_one_space),
        cmocka_unit_test(a_part_of_white_space_still_gets_its_space),
        cmocka_unit_test(every_case_of_the_reference_holds),
        cmocka_unit_test(splitting_copies_nothing),
        cmocka_unit_test(megabytes_of_white_space_are_trimmed_in_one_pass),
    };
    return cmocka_run_group_tests(tests, open_plugin, close_plugin);
}
