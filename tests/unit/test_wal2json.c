/* test_wal2json.c - what the decoder refuses, and what it makes of the rest.
 *
 * The golden messages are recorded from the real plugin: tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "decode/wal2json.h"
#include "golden.h"

struct fixture {
    struct wal2json_decoder *decoder;
    struct arena arena;
    struct message message;
    struct err err;
    struct golden golden;
};

static int setup(void **state) {
    struct fixture *f = mem_zero(1, sizeof *f);
    f->decoder = wal2json_decoder_new();
    arena_init(&f->arena);
    golden_read(&f->golden, "messages.jsonl");
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    wal2json_decoder_free(f->decoder);
    arena_fini(&f->arena);
    golden_free(&f->golden);
    free(f);
    return 0;
}

static bool decode(struct fixture *f, const char *data, size_t size) {
    arena_reset(&f->arena);
    err_clear(&f->err);
    return wal2json_decode(f->decoder, data, size, &f->arena, &f->message, &f->err);
}

/* From memory of exactly that size, so that a sanitizer sees a step beyond it */
static bool decode_copy(struct fixture *f, const char *data, size_t size) {
    char *copy = mem_alloc(size);
    memcpy(copy, data, size);
    bool ok = decode(f, copy, size);
    free(copy);
    return ok;
}

static void assert_refused(struct fixture *f, const char *data, size_t size, const char *problem) {
    if (decode_copy(f, data, size)) {
        fail_msg("decoded: %.*s", (int)size, data);
    }
    assert_int_equal(f->err.code, ERR_FAILED);
    if (strstr(f->err.message, problem) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", problem, f->err.message);
    }
}

static void assert_decoded(struct fixture *f, const char *text) {
    if (!decode_copy(f, text, strlen(text))) {
        fail_msg("%s", f->err.message);
    }
}

/* What every message has; the closing brace is the caller's. */
#define HEAD(action)                                                                               \
    "{\"action\":\"" action "\",\"xid\":7,\"timestamp\":\"2026-11-22 09:10:23+00\","               \
    "\"origin\":0,\"lsn\":\"0/10\""
#define TABLE ",\"schema\":\"s\",\"table\":\"t\""
#define INSERT(value) HEAD("I") TABLE ",\"columns\":[{\"name\":\"c\",\"value\":" value "}]}"

/* --- what is refused --- */

struct broken {
    const char *label, *text, *problem;
};

static void assert_all_refused(struct fixture *f, const struct broken *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", cases[i].label);
        assert_refused(f, cases[i].text, strlen(cases[i].text), cases[i].problem);
    }
}

#define ASSERT_ALL_REFUSED(f, cases) assert_all_refused(f, cases, sizeof cases / sizeof *cases)

static void text_that_is_no_message_is_refused_with_its_offset(void **state) {
    static const struct broken cases[] = {
        {"nothing", "", "at byte 0 of 0: the text ends too early"},
        {"white space", " \n", "at byte 2 of 2: the text ends too early"},
        {"an array", "[]", "at byte 1 of 2: not an object"},
        {"a string", "\"action\"", "at byte 8 of 8: not an object"},
        {"null", "null", "not an object"},
        {"an empty object", "{}", "at byte 2 of 2: missing key \"action\""},
        {"an open object", "{", "at byte 1 of 1: the text ends too early"},
        {"an open string", "{\"action\":\"B", "at byte 12 of 12: the text ends too early"},
        {"a comma too many", "{\"action\":\"B\",}", "at byte 15 of 15"},
        {"no colon", "{\"action\" \"B\"}", "of 14: parse error"},
        {"a bare word", "{action:1}", "at byte 2 of 10: "},
        {"a comment", "{/**/}", "at byte 1 of 6: lexical error"},
        {"the wrong bracket", INSERT("1]"), "parse error"},
        {"another object", HEAD("T") TABLE "}{}", "something behind the object"},
        {"another number", HEAD("T") TABLE "}1", "at byte 108 of 109: something behind"},
        {"half a word", HEAD("T") TABLE "}nul", "at byte 108 of 111: something behind"},
        {"half a string", HEAD("T") TABLE "}\"x", "at byte 108 of 110: something behind"},
        {"a closing brace", HEAD("T") TABLE "}}", "at byte 109 of 109"},
        {"a control character", INSERT("\"a\nb\""), "at byte 141 of 147: lexical error"},
        {"a number that is none", INSERT("01"), "parse error"},
        {"a number cut short", INSERT("1."), "lexical error"},
        {"NaN", INSERT("NaN"), "lexical error"},
        {"a wrong escape", INSERT("\"\\q\""), "at byte 141 of 146: lexical error"},
        {"a short escape", INSERT("\"\\u00e\""), "lexical error"},
        {"zero", INSERT("\"\\u0000\""), "at byte 140 of 150: \\u0000 cannot be"},
        {"half a pair", INSERT("\"\\uD83D\""), "at byte 140 of 150: half of a surrogate pair"},
        {"invalid UTF-8", INSERT("\"\xC3\""), "at byte 140 of 145: invalid UTF-8"},
    };
    ASSERT_ALL_REFUSED(*state, cases);
}

static void a_zero_byte_is_refused_wherever_it_is(void **state) {
    static const char inside[] = "{\"action\":\"B\0\"}", behind[] = HEAD("T") TABLE "}\0";
    assert_refused(*state, "\0", 1, "at byte 1 of 1: lexical error");
    assert_refused(*state, inside, sizeof inside - 1, "at byte 12 of 15: lexical error");
    assert_refused(*state, behind, sizeof behind - 1, "at byte 109 of 109: lexical error");
}

static void unexpected_structure_is_refused(void **state) {
    static const struct broken cases[] = {
        {"unknown action", HEAD("X") "}", "unexpected value of \"action\""},
        {"long action", HEAD("II") "}", "unexpected value of \"action\""},
        {"empty action", HEAD("") "}", "unexpected value of \"action\""},
        {"lower case", HEAD("i") "}", "unexpected value of \"action\""},
        {"duplicate key", HEAD("T") ",\"lsn\":\"0/20\"}", "duplicate key \"lsn\""},
        {"duplicate key, escaped", HEAD("T") ",\"l\\u0073n\":\"0/20\"}", "duplicate key \"lsn\""},
        {"duplicate rows", HEAD("D") ",\"identity\":[],\"identity\":[]}", "duplicate key"},
        {"rows as an object", HEAD("I") ",\"columns\":{}}", "unexpected value of \"columns\""},
        {"rows as text", HEAD("I") ",\"columns\":\"\"}", "unexpected value of \"columns\""},
        {"no rows", HEAD("I") ",\"columns\":null}", "unexpected value of \"columns\""},
        {"nested key", HEAD("T") ",\"schema\":{\"a\":1}}", "unexpected value of \"schema\""},
        {"column as text", HEAD("I") ",\"columns\":[\"c\"]}", "a column that is not an object"},
        {"column as array", HEAD("I") ",\"columns\":[[]]}", "a column that is not an object"},
        {"column as null", HEAD("I") ",\"columns\":[null]}", "a column that is not an object"},
        {"empty column", HEAD("I") ",\"columns\":[{}]}", "a column without \"name\""},
        {"no name", HEAD("I") ",\"columns\":[{\"value\":1}]}", "a column without \"name\""},
        {"no value", HEAD("I") ",\"columns\":[{\"name\":\"c\"}]}", "a column without \"value\""},
        {"name is null", HEAD("I") ",\"columns\":[{\"name\":null,\"value\":1}]}",
         "a column's name is not a string"},
        {"name is a number", HEAD("I") ",\"columns\":[{\"name\":1,\"value\":1}]}",
         "a column's name is not a string"},
        {"two names", HEAD("I") ",\"columns\":[{\"name\":\"c\",\"name\":\"d\",\"value\":1}]}",
         "duplicate key \"name\" in a column"},
        {"two values", INSERT("1,\"value\":2"), "duplicate key \"value\" in a column"},
        {"value is an object", INSERT("{\"a\":1}"), "a nested value in a column"},
        {"value is an array", INSERT("[]"), "a nested value in a column"},
        {"name is an array", HEAD("I") ",\"columns\":[{\"name\":[]}]}",
         "a nested value in a column"},
    };
    ASSERT_ALL_REFUSED(*state, cases);
}

/* The keys of one message of each kind, as `"key":value` */
static const struct {
    char letter;
    const char *keys[12];
} complete[] = {
#define COMMON                                                                                     \
    "\"xid\":7", "\"timestamp\":\"2026-11-22 09:10:23+00\"", "\"origin\":0", "\"lsn\":\"0/10\""
    {'B', {COMMON, "\"nextlsn\":\"0/20\""}},
    {'C', {COMMON, "\"nextlsn\":\"0/20\""}},
    {'I', {COMMON, "\"schema\":\"s\"", "\"table\":\"t\"", "\"columns\":[]"}},
    {'U', {COMMON, "\"schema\":\"s\"", "\"table\":\"t\"", "\"columns\":[]"}},
    {'D', {COMMON, "\"schema\":\"s\"", "\"table\":\"t\"", "\"identity\":[]"}},
    {'T', {COMMON, "\"schema\":\"s\"", "\"table\":\"t\""}},
    {'M', {COMMON, "\"transactional\":true", "\"prefix\":\"p\"", "\"content\":\"c\""}},
#undef COMMON
};

enum { N_COMPLETE = sizeof complete / sizeof *complete, NO_KEY = 12 };

/* The message with the key at `position` replaced, or left out for NULL; in
 * `text`, which is emptied first */
static void compose(struct buf *text, size_t kind, size_t position, const char *replacement) {
    buf_reset(text);
    buf_add_format(text, "{\"action\":\"%c\"", complete[kind].letter);
    for (size_t k = 0; k < NO_KEY && complete[kind].keys[k] != NULL; k++) {
        const char *key = k == position ? replacement : complete[kind].keys[k];
        if (key != NULL) {
            buf_add_format(text, ",%s", key);
        }
    }
    buf_add_char(text, '}');
}

/* `"lsn"` of `"lsn":"0/10"` */
static void key_name(char *name, size_t size, const char *key) {
    snprintf(name, size, "%.*s", (int)(strchr(key, ':') - key), key);
}

static void every_key_that_a_kind_needs_is_required(void **state) {
    struct fixture *f = *state;
    struct buf text;
    buf_init(&text);
    for (size_t kind = 0; kind < N_COMPLETE; kind++) {
        compose(&text, kind, NO_KEY, NULL);
        assert_decoded(f, text.data);
        for (size_t k = 0; complete[kind].keys[k] != NULL; k++) {
            char name[32], problem[64];
            key_name(name, sizeof name, complete[kind].keys[k]);
            snprintf(problem, sizeof problem, "missing key %s", name);
            compose(&text, kind, k, NULL);
            assert_refused(f, text.data, text.size, problem);
        }
    }
    buf_fini(&text);
}

static void a_key_of_the_wrong_type_is_refused(void **state) {
    static const struct {
        const char *key, *values[12];
    } wrong[] = {
        {"\"xid\"", {"\"7\"", "true", "-1", "1.0", "1e3", "4294967296", "99999999999", "[]"}},
        {"\"timestamp\"",
         {"7", "true", "\"\"", "\"2026-11-22\"", "\"2026-11-22 09:10:23\"",
          "\"2026-11-22 09:10:23+01\"", "\"2026-11-22 09:10:23+00 \"", "{}"}},
        {"\"origin\"", {"\"0\"", "false", "-1", "65536.5", "4294967296", "[0]"}},
        {"\"lsn\"", {"null", "10", "\"\"", "\"0\"", "\"0/\"", "\"/1\"", "\"0/G\"", "\"0/1 \""}},
        {"\"nextlsn\"", {"null", "10", "\"\"", "\"0-1\"", "\"123456789/1\"", "{}"}},
        {"\"schema\"", {"null", "1", "true", "[]", "{}"}},
        {"\"table\"", {"null", "1", "false", "[]", "{}"}},
        {"\"columns\"", {"null", "1", "\"\"", "{}", "[1]", "[[]]"}},
        {"\"identity\"", {"null", "1", "\"\"", "{}", "[1]", "[[]]"}},
        {"\"transactional\"", {"null", "1", "\"true\"", "[]"}},
        {"\"prefix\"", {"null", "1", "[]"}},
        {"\"content\"", {"null", "1", "{}"}},
    };
    struct buf text;
    buf_init(&text);
    for (size_t kind = 0; kind < N_COMPLETE; kind++) {
        for (size_t k = 0; complete[kind].keys[k] != NULL; k++) {
            char name[32], key[96];
            key_name(name, sizeof name, complete[kind].keys[k]);
            size_t w = 0;
            while (strcmp(wrong[w].key, name) != 0) {
                w++;
            }
            for (size_t v = 0; wrong[w].values[v] != NULL; v++) {
                snprintf(key, sizeof key, "%s:%s", name, wrong[w].values[v]);
                compose(&text, kind, k, key);
                assert_refused(*state, text.data, text.size, "");
            }
        }
    }
    buf_fini(&text);
}

static void null_in_the_head_is_refused_inside_a_transaction(void **state) {
    static const char *const nulls[] = {"\"xid\":null", "\"timestamp\":null", "\"origin\":null"};
    struct buf text;
    buf_init(&text);
    for (size_t kind = 0; kind < N_COMPLETE; kind++) {
        for (size_t k = 0; k < 3; k++) {
            char name[32], problem[64];
            key_name(name, sizeof name, nulls[k]);
            snprintf(problem, sizeof problem, "%s is null", name);
            compose(&text, kind, k, nulls[k]);
            assert_refused(*state, text.data, text.size, problem);
        }
    }
    buf_fini(&text);
}

static void no_row_value_appears_in_an_error(void **state) {
    struct fixture *f = *state;
    static const char text[] = INSERT("\"Rosalind Franklin\",\"value\":\"Franklin\"");
    assert_refused(f, text, sizeof text - 1, "\"value\"<here>:\"xxxxxxxx\"}]}");
    assert_null(strstr(f->err.message, "ranklin"));
    assert_null(strstr(f->err.message, "osalind"));
}

static void the_decoder_is_fit_for_the_next_message_after_a_failure(void **state) {
    struct fixture *f = *state;
    static const char *const broken[] = {"", "{", "{\"action\":\"", "]", "{\"a\":[[[", "{}1"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_refused(f, broken[i], strlen(broken[i]), "");
        assert_decoded(f, INSERT("\"whole\""));
        assert_int_equal(f->message.n_columns, 1);
        assert_memory_equal(f->message.columns[0].value.data, "whole", 5);
    }
}

static void every_golden_message_cut_anywhere_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < f->golden.count; i++) {
        for (size_t size = 0; size < f->golden.lines[i].size; size++) {
            assert_refused(f, f->golden.lines[i].data, size, "invalid message from wal2json at");
        }
    }
}

/* Decoded or refused, both are right; a sanitizer watches. */
static void a_golden_message_with_any_one_byte_changed_does_no_harm(void **state) {
    struct fixture *f = *state;
    static const char bytes[] = {'"', '\\', '}', '\0', '\xFF'};
    for (size_t i = 0; i < f->golden.count; i++) {
        size_t size = f->golden.lines[i].size;
        char *copy = mem_alloc(size);
        memcpy(copy, f->golden.lines[i].data, size);
        for (size_t at = 0; at < size; at++) {
            char kept = copy[at];
            /* all of them in short messages, one by turns in the long ones */
            for (size_t b = size < 1000 ? 0 : at % 5; b < sizeof bytes; b += size < 1000 ? 1 : 5) {
                copy[at] = bytes[b];
                bool ok = decode(f, copy, size);
                assert_int_equal(ok, f->err.code == ERR_NONE);
            }
            copy[at] = kept;
        }
        free(copy);
    }
}

static void deep_nesting_is_refused(void **state) {
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, "{\"later\":");
    for (int i = 0; i < 1000000; i++) {
        buf_add_text(&text, i % 2 == 0 ? "[" : "{\"a\":");
    }
    assert_refused(*state, text.data, text.size, "nested too deeply");
    buf_fini(&text);
}

/* With anything quadratic in it, this would not end. */
static void a_hundred_megabytes_are_decoded(void **state) {
    struct fixture *f = *state;
    enum { HALF = 25 * 1000 * 1000 };
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, HEAD("I") TABLE ",\"columns\":[{\"name\":\"c\",\"value\":\"");
    buf_reserve(&text, 4 * HALF);
    memset(text.data + text.size, 'x', 2 * HALF);
    text.size += 2 * HALF;
    for (int i = 0; i < HALF; i++) {
        memcpy(text.data + text.size, "\\n", 2);
        text.size += 2;
    }
    assert_refused(f, text.data, text.size, "the text ends too early");
    buf_add_text(&text, "\"}]}");
    assert_true(decode(f, text.data, text.size));
    assert_int_equal(f->message.columns[0].value.size, 3 * HALF);
    assert_int_equal(f->message.columns[0].value.data[3 * HALF - 1], '\n');
    buf_fini(&text);
}

/* --- what is decoded --- */

static void keys_that_are_not_known_are_skipped(void **state) {
    struct fixture *f = *state;
    assert_decoded(f, "{\"later\":{\"action\":[1,{\"lsn\":2}]},\"also\":[[],{}],\"and\":null,"
                      "\"action\":\"I\",\"xid\":7,\"timestamp\":\"2026-11-22 09:10:23+00\","
                      "\"origin\":0,\"lsn\":\"0/10\"" TABLE ",\"columns\":[{\"type\":\"integer\","
                      "\"name\":\"c\",\"more\":{\"name\":[\"d\"]},\"value\":1,\"optional\":true}],"
                      "\"pk\":[{\"name\":\"c\"}]}");
    assert_int_equal(f->message.kind, MESSAGE_INSERT);
    assert_int_equal(f->message.n_columns, 1);
    assert_string_equal(f->message.columns[0].name, "c");
}

static void white_space_around_everything_is_accepted(void **state) {
    assert_decoded(*state, " {\n \"action\" : \"T\" ,\t\"xid\" : 7 , \"timestamp\" : "
                           "\"2026-11-22 09:10:23+00\" , \"origin\":0,\"lsn\":\"0/10\" ,"
                           "\"schema\":\"s\",\"table\":\"t\" } \r\n");
}

static void values_take_the_form_of_postgresql(void **state) {
    static const struct {
        const char *json;
        enum value_kind kind;
        const char *text;
    } cases[] = {
        {INSERT("null"), VALUE_NULL, ""},
        {INSERT("true"), VALUE_TEXT, "t"},
        {INSERT("false"), VALUE_TEXT, "f"},
        {INSERT("\"\""), VALUE_TEXT, ""},
        {INSERT("\"null\""), VALUE_TEXT, "null"},
        {INSERT("-0"), VALUE_TEXT, "-0"},
        {INSERT("123.4500"), VALUE_TEXT, "123.4500"},
        {INSERT("1E+400"), VALUE_TEXT, "1E+400"},
        {INSERT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), VALUE_TEXT, "\"\\/\b\f\n\r\t"},
        {INSERT("\"\\u00e9\\u20AC\\uD83D\\uDE00\""), VALUE_TEXT, "é€😀"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_decoded(f, cases[i].json);
        const struct value *value = &f->message.columns[0].value;
        assert_int_equal(value->kind, cases[i].kind);
        assert_int_equal(value->size, strlen(cases[i].text));
        assert_memory_equal(value->kind == VALUE_TEXT ? value->data : "", cases[i].text,
                            value->size);
    }
}

static void rows_of_many_columns_are_whole(void **state) {
    struct fixture *f = *state;
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, HEAD("I") TABLE ",\"columns\":[");
    for (int i = 0; i < 1600; i++) {
        buf_add_format(&text, "%s{\"name\":\"c%d\",\"value\":%d}", i > 0 ? "," : "", i, i);
    }
    buf_add_text(&text, "]}");
    assert_decoded(f, text.data);
    assert_int_equal(f->message.n_columns, 1600);
    const struct named_value *last = message_find(f->message.columns, 1600, "c1599", 5);
    assert_non_null(last);
    assert_memory_equal(last->value.data, "1599", 4);
    assert_null(message_find(f->message.columns, 1600, "c1600", 5));
    buf_fini(&text);
}

/* --- the golden messages --- */

static void add_row(struct buf *text, const char *head, const struct named_value *row, size_t n) {
    buf_add_text(text, head);
    for (size_t i = 0; i < n; i++) {
        buf_add_format(text, "%s%s=", i > 0 ? "|" : "", row[i].name);
        assert_int_equal(strlen(row[i].name), row[i].name_size);
        if (row[i].value.kind == VALUE_NULL) {
            buf_add_text(text, "<null>");
        } else {
            buf_add(text, row[i].value.data, row[i].value.size);
        }
    }
    buf_add_char(text, ')');
}

/* "update public.people (id=11|first=Ada) was (id=1)" */
static void describe(struct buf *text, const struct message *m) {
    buf_reset(text);
    buf_add_text(text, message_kind_name(m->kind));
    if (m->schema != NULL) {
        assert_int_equal(strlen(m->schema), m->schema_size);
        assert_int_equal(strlen(m->table), m->table_size);
        buf_add_format(text, " %s.%s", m->schema, m->table);
    }
    if (m->columns != NULL) {
        add_row(text, " (", m->columns, m->n_columns);
    }
    if (m->identity != NULL) {
        add_row(text, " was (", m->identity, m->n_identity);
    }
    if (m->kind == MESSAGE_LOGICAL) {
        assert_int_equal(strlen(m->prefix), m->prefix_size);
        assert_int_equal(strlen(m->content), m->content_size);
        buf_add_format(text, " %s %s: %s", m->transactional ? "inside" : "outside", m->prefix,
                       m->content);
    }
}

#define NO_NUMBERS "|n=<null>|f4=<null>|f8=<null>|o=1)"
#define BIG_5 "big big big big big "
#define BIG_50 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5 BIG_5
#define BIG_600 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50 BIG_50
#define ODD_TABLE "Odd, \"schema\". \\é.Täble 'x', \"y\".z\\*\nsecond line"
#define ODD_REST "|a \"b\", c.d\\e\tü😀\nf=v|value=a column named value|name=a column named name)"

/* Line of messages.jsonl, and what is in it */
static const struct {
    size_t line;
    const char *expected;
} golden_messages[] = {
    {1, "begin"},
    {2, "insert public.numbers (id=9223372036854775807|i2=32767|i4=2147483647"
        "|i8=9223372036854775807|n=99999999999999999999999999999999999999|f4=3.4028235e+38"
        "|f8=1.7976931348623157e+308|o=4294967295)"},
    {3, "insert public.numbers (id=-9223372036854775808|i2=-32768|i4=-2147483648"
        "|i8=-9223372036854775808|n=-0.00000000000000000001|f4=-1e-30|f8=5e-324|o=0)"},
    {4, "insert public.numbers (id=3|i2=0|i4=0|i8=0|n=123.4500|f4=0.1|f8=1e+20|o=1)"},
    {5, "insert public.numbers (id=4|i2=<null>|i4=<null>|i8=<null>|n=0.00000000000000000001"
        "|f4=1e+10|f8=-0|o=<null>)"},
    {7, "insert public.numbers (id=6|i2=1|i4=1|i8=1" NO_NUMBERS},
    {8, "insert public.numbers (id=7|i2=1|i4=1|i8=1" NO_NUMBERS},
    {9, "insert public.numbers (id=8|i2=1|i4=1|i8=1" NO_NUMBERS},
    {11, "commit"},
    {13, "insert public.texts (id=1|t=\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0E\x0F\x10\x11"
         "\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F |v=|c=    |n=|one=)"},
    {14, "insert public.texts (id=2|t=\x7F\xC2\x80\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF"
         "\xEF\xBF\xBF|v=\"quoted\" \\back\\slash /slash|c=ab  |n=name|one=x)"},
    {15, "insert public.texts (id=3|t=\xF0\x9F\x98\x80 \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9"
         "\xE2\x80\x8D\xF0\x9F\x91\xA7 \xF4\x8F\xBF\xBF|v=José|c=é   |n=Ünï|one=<null>)"},
    {16, "insert public.texts (id=4|t=not an escape: \\u0041 \\n|v={\"action\":\"D\"}|c=\"   |n=\\"
         "|one=\")"},
    {18, "insert public.texts (id=6|t= \xE3\x80\x80 Johann  van der Berg |v=null|c=true|n=12"
         "|one=1)"},
    {21, "insert public.kinds (id=1|flag=t|bytes=00ff10|j={\"a\": \"b\\\"c\", \"a\": 1.0}"
         "|jb={\"k\": \"\\\\ \\\" é\", \"l\": [null], \"n\": 100}|ints={1,NULL,-3}"
         "|words={\"a b\",\"c\\\"d\",NULL,\"\",NULL}|blobs={\"\\\\x00ff\"}|day=2024-02-29"
         "|at_time=23:59:59.5|at=2026-11-22 09:10:23.5|at_zone=2026-11-22 03:40:23.020492+00"
         "|span=1 year 2 days -03:04:05.6|cash=$1,234.50|u=5f0c8a6e-0000-4000-8000-00000000000a"
         "|address=10.0.0.1/8|place=(1.5,-2)|during=[1,5)|bits=1010)"},
    {22, "insert public.kinds (id=2|flag=f|bytes=|j=[]|jb={}|ints={}|words={}|blobs={}"
         "|day=infinity|at_time=00:00:00|at=-infinity|at_zone=0044-03-15 12:00:00+00 BC"
         "|span=00:00:00|cash=$0.00|u=<null>|address=::1|place=<null>|during=empty|bits=0000)"},
    /* domains: booleans and bytea as PostgreSQL writes them, NaN is kept */
    {28, "insert public.made (id=1|m=fine|p=(1,\"a \"\"b\"\", c\")|n=5|a=1.50|y=t|b=\\x00ff)"},
    {29, "insert public.made (id=2|m=so-so \"quoted\"|p=(,\"\")|n=0|a=NaN|y=f|b=\\x)"},
    {39, "update public.people (id=1|first=Ada|last=King|whole=Ada King) was (id=1)"},
    {42, "update public.people (id=11|first=Ada|last=King|whole=Ada King) was (id=1)"},
    {44, "delete public.people was (id=11)"},
    {51, "update public.two_keys (a=1|b=y|v=two) was (a=1|b=x)"},
    {54, "delete public.two_keys was (a=2|b=x)"},
    {60, "insert public.toast_key (id=1|small=a|big=" BIG_600 ")"},
    {63, "update public.toast_key (id=1|small=b) was (id=1)"},
    {66, "update public.toast_key (id=1|small=b|big=small now) was (id=1)"},
    {72, "update public.toast_full (id=1|small=<null>) was (id=1|small=a|big=" BIG_600 ")"},
    {75, "delete public.toast_full was (id=1|small=<null>|big=" BIG_600 ")"},
    {81, "update public.by_index (id=2|code=c1|v=v) was (code=c1)"},
    {84, "update public.by_index (id=2|code=c2|v=v) was (code=c1)"},
    {87, "delete public.by_index was (code=c2)"},
    {111, "insert public.no_columns ()"},
    {123, "update public.changing (id=1|renamed=r|added=7) was (id=1)"},
    {130, "delete public.whole_low was (id=1)"},
    {131, "insert public.whole_high (id=102|v=low)"},
    {151, "truncate public.kinds"},
    {152, "truncate public.made"},
    {155, "truncate public.parent"},
    {156, "truncate public.child"},
    {159, "truncate public.whole"},
    {160, "truncate public.whole_low"},
    {161, "truncate public.whole_high"},
    {164, "logical message inside pgtandem: transactional \"marker\" é"},
    {166, "logical message outside pgtandem: not transactional"},
    {170, "logical message inside pgtandem: "},
    {172, "logical message outside pgtandem: ahead of its transaction"},
    {177, "logical message outside pgtandem: survives the abort"},
    {179, "insert " ODD_TABLE " (Id=1" ODD_REST},
    {182, "update " ODD_TABLE " (Id=2" ODD_REST " was (Id=1)"},
    {185, "truncate " ODD_TABLE},
    {188, "insert public.no_key (v=of origin 1)"},
    {193, "logical message outside pgtandem: of origin 1, not transactional"},
};

static void the_plugins_messages_say_what_was_done(void **state) {
    struct fixture *f = *state;
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < sizeof golden_messages / sizeof *golden_messages; i++) {
        size_t line = golden_messages[i].line;
        assert_true(line <= f->golden.count);
        assert_true(decode(f, f->golden.lines[line - 1].data, f->golden.lines[line - 1].size));
        describe(&text, &f->message);
        assert_string_equal(text.data, golden_messages[i].expected);
    }
    buf_fini(&text);
}

static void head_and_positions_are_decoded(void **state) {
    struct fixture *f = *state;
    /* 2026-11-22 09:10:23 and what normalise.awk makes of the second transaction */
    const usec_t expected = INT64_C(1795338623) * USEC_SECOND + 1002;
    assert_true(decode(f, f->golden.lines[11].data, f->golden.lines[11].size));
    assert_int_equal(f->message.kind, MESSAGE_BEGIN);
    assert_true(f->message.has_xid && f->message.has_timestamp && f->message.has_origin);
    assert_int_equal(f->message.xid, 1002);
    assert_int_equal(f->message.timestamp, expected);
    assert_int_equal(f->message.origin, 0);
    assert_int_equal(f->message.lsn, 0x1000C00);
    assert_int_equal(f->message.nextlsn, 0x1000D00);
}

static void a_message_outside_transactions_has_no_head_but_its_position(void **state) {
    struct fixture *f = *state;
    assert_true(decode(f, f->golden.lines[165].data, f->golden.lines[165].size));
    assert_false(f->message.transactional);
    assert_false(f->message.has_xid || f->message.has_timestamp || f->message.has_origin);
    assert_int_equal(f->message.lsn, 0x100A000);
    assert_int_equal(f->message.nextlsn, 0);
}

/* Whatever bytes somebody else puts into one: it is told before it is read. */
static void a_logical_message_is_told_by_its_first_bytes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_logical;
    } cases[] = {
        {"{\"action\":\"M\",\"content\":\"\xff\"}", true},
        {"{\"action\":\"M\",\"content\":\"\",\"action\":\"D\"", true},
        {"{\"action\":\"M\"", true},
        {"{\"action\":\"M", false},
        {"", false},
        {HEAD("B") "}", false},
        {INSERT("\"{\\\"action\\\":\\\"M\\\"}\""), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(wal2json_is_logical(cases[i].text, strlen(cases[i].text)),
                         cases[i].is_logical);
    }
}

static void every_golden_logical_message_is_told_by_its_first_bytes(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < f->golden.count; i++) {
        const struct golden_line *line = &f->golden.lines[i];
        assert_true(decode(f, line->data, line->size));
        assert_int_equal(wal2json_is_logical(line->data, line->size),
                         f->message.kind == MESSAGE_LOGICAL);
    }
}

/* B, its changes, C: and one head for all of them */
static void every_golden_message_is_decoded_and_belongs_to_its_transaction(void **state) {
    struct fixture *f = *state;
    struct message begin = {0};
    bool inside = false;
    for (size_t i = 0; i < f->golden.count; i++) {
        const struct message *m = &f->message;
        if (!decode(f, f->golden.lines[i].data, f->golden.lines[i].size)) {
            fail_msg("line %zu: %s", i + 1, f->err.message);
        }
        if (m->kind == MESSAGE_LOGICAL && !m->transactional) {
            continue;
        }
        assert_int_equal(m->kind == MESSAGE_BEGIN, !inside);
        if (m->kind == MESSAGE_BEGIN) {
            begin = *m;
        }
        inside = m->kind != MESSAGE_COMMIT;
        assert_int_equal(m->xid, begin.xid);
        assert_int_equal(m->timestamp, begin.timestamp);
        assert_int_equal(m->origin, begin.origin);
        if (m->kind == MESSAGE_COMMIT) {
            assert_int_equal(m->lsn, begin.lsn);
            assert_int_equal(m->nextlsn, begin.nextlsn);
        }
    }
    assert_false(inside);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_message_is_refused_with_its_offset),
        cmocka_unit_test(a_zero_byte_is_refused_wherever_it_is),
        cmocka_unit_test(unexpected_structure_is_refused),
        cmocka_unit_test(every_key_that_a_kind_needs_is_required),
        cmocka_unit_test(a_key_of_the_wrong_type_is_refused),
        cmocka_unit_test(null_in_the_head_is_refused_inside_a_transaction),
        cmocka_unit_test(no_row_value_appears_in_an_error),
        cmocka_unit_test(the_decoder_is_fit_for_the_next_message_after_a_failure),
        cmocka_unit_test(every_golden_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_golden_message_with_any_one_byte_changed_does_no_harm),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(a_hundred_megabytes_are_decoded),
        cmocka_unit_test(keys_that_are_not_known_are_skipped),
        cmocka_unit_test(white_space_around_everything_is_accepted),
        cmocka_unit_test(values_take_the_form_of_postgresql),
        cmocka_unit_test(rows_of_many_columns_are_whole),
        cmocka_unit_test(the_plugins_messages_say_what_was_done),
        cmocka_unit_test(head_and_positions_are_decoded),
        cmocka_unit_test(a_message_outside_transactions_has_no_head_but_its_position),
        cmocka_unit_test(a_logical_message_is_told_by_its_first_bytes),
        cmocka_unit_test(every_golden_logical_message_is_told_by_its_first_bytes),
        cmocka_unit_test(every_golden_message_is_decoded_and_belongs_to_its_transaction),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
