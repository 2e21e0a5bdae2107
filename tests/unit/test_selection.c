/* test_selection.c - the tables that wal2json is told to send.
 *
 * selection.option in tests/golden is what the real plugin was given, and
 * selection.jsonl what it then sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/selection.h"
#include "decode/wal2json.h"
#include "golden.h"

/* In the order of tests/golden/selection.sql, which numbers them from 1 */
static const struct table_name tables[] = {
    {"public", "plain_1"},
    {"Mixed", "CamelCase"},
    {"odd", "with space"},
    {"odd", "with,comma"},
    {"odd", "with.dot"},
    {"odd", "with\"quote"},
    {"odd", "with'apostrophe"},
    {"odd", "with\\backslash"},
    {"odd", "*"},
    {"odd", "new\nline\ttab\rreturn\vvertical\ffeed"},
    {"odd", "Ünïcode Täble"},
    {"odd", "名前"},
    {"odd", "emoji😀"},
    {"odd", " leading and trailing "},
    {"odd", "\\"},
    {"odd", "\\\\.\\\\"},
    {"odd", "(a)[b]{c};#%$@!?&|<>~`^=+-:/"},
    {"s.p a,c\\e*\"é", "."},
    {"s.p a,c\\e*\"é", ","},
    {"odd", "nbsp\xC2\xA0"
            "and\xE3\x80\x80ideographic\xC2\x85nel"},
};

enum { N_TABLES = sizeof tables / sizeof *tables };

static void check_list(const struct table_name *names, size_t count, const char *expected) {
    struct buf list;
    buf_init(&list);
    for (size_t i = 0; i < count; i++) {
        selection_add_table(&list, &names[i]);
    }
    assert_string_equal(buf_text(&list), expected);
    buf_fini(&list);
}

static void what_has_a_meaning_gets_a_backslash(void **state) {
    (void)state;
    static const struct {
        struct table_name table;
        const char *expected;
    } cases[] = {
        {{"a b", "c,d"}, "a\\ b.c\\,d"}, {{"a.b", "*"}, "a\\.b.\\*"},   {{"*", "*"}, "\\*.\\*"},
        {{"\\", "\"'"}, "\\\\.\\\"\\'"}, {{"s", "\n\t"}, "s.\\\n\\\t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_list(&cases[i].table, 1, cases[i].expected);
    }
}

static void letters_digits_and_other_scripts_stay_as_they_are(void **state) {
    (void)state;
    const struct table_name table = {"Abc_Zz09", "Größe_名前"};
    check_list(&table, 1, "Abc_Zz09.Größe_名前");
}

static void several_tables_are_joined_by_commas(void **state) {
    (void)state;
    const struct table_name names[] = {{"public", "a"}, {"public", "b"}, {"s", "c"}};
    check_list(names, 3, "public.a,public.b,s.c");
}

static void the_recorded_option_is_what_is_made(void **state) {
    (void)state;
    struct golden option;
    struct buf list;
    golden_read(&option, "selection.option");
    buf_init(&list);
    for (size_t i = 0; i < N_TABLES; i++) {
        selection_add_table(&list, &tables[i]);
    }
    buf_add_char(&list, '\n');
    assert_int_equal(list.size, option.size);
    assert_memory_equal(list.data, option.text, option.size);
    buf_fini(&list);
    golden_free(&option);
}

static void check_row(const struct message *message, size_t number) {
    assert_true(number < N_TABLES);
    assert_string_equal(message->schema, tables[number].schema);
    assert_string_equal(message->table, tables[number].name);
    assert_int_equal(message->n_columns, 1);
    assert_int_equal(strtoul(message->columns[0].value.data, NULL, 10), number + 1);
}

static void the_plugin_sent_each_named_table_and_no_other(void **state) {
    (void)state;
    struct golden golden;
    struct arena arena;
    struct err err;
    struct wal2json_decoder *decoder = wal2json_decoder_new();
    golden_read(&golden, "selection.jsonl");
    arena_init(&arena);
    size_t n = 0;
    for (size_t i = 0; i < golden.count; i++) {
        struct message message;
        assert_true(wal2json_decode(decoder, golden.lines[i].data, golden.lines[i].size, &arena,
                                    &message, &err));
        if (message.kind == MESSAGE_INSERT) {
            check_row(&message, n++);
        }
    }
    assert_int_equal(n, N_TABLES);
    wal2json_decoder_free(decoder);
    arena_fini(&arena);
    golden_free(&golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_a_meaning_gets_a_backslash),
        cmocka_unit_test(letters_digits_and_other_scripts_stay_as_they_are),
        cmocka_unit_test(several_tables_are_joined_by_commas),
        cmocka_unit_test(the_recorded_option_is_what_is_made),
        cmocka_unit_test(the_plugin_sent_each_named_table_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
