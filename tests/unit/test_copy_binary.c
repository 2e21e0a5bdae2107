/* test_copy_binary.c - COPY's binary format, and when a table goes over in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "copy/copy_binary.h"
#include "copy/format.h"
#include "copy/row_map.h"
#include "sample.h"

enum { FIELDS = 3 };

#define HEADER "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define BYTES(text) (text), sizeof(text) - 1
#define TRAILER "\377\377"

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

/* tuples */

static const struct {
    const char *label, *bytes;
    size_t size;
} bad[] = {
    {"nothing", BYTES("")},
    {"half a count", BYTES("\0")},
    {"another count", BYTES("\0\2\0\0\0\0\0\0\0\0")},
    {"a trailer", BYTES(TRAILER)},
    {"a field is missing", BYTES("\0\3\0\0\0\0\0\0\0\0")},
    {"half a length", BYTES("\0\3\0\0\0\0\0\0\0\0\0\0")},
    {"a length behind the end", BYTES("\0\3\0\0\0\0\0\0\0\0\0\0\0\2x")},
    {"a negative length that is not -1", BYTES("\0\3\0\0\0\0\0\0\0\0\377\377\377\376")},
    {"something left", BYTES("\0\3\0\0\0\0\0\0\0\0\0\0\0\1xy")},
};

static void what_is_no_tuple_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct value fields[FIELDS];
        /* on the heap, so that a sanitizer sees a byte too many being read */
        char *copy = malloc(bad[i].size > 0 ? bad[i].size : 1);
        memcpy(copy, bad[i].bytes, bad[i].size);
        if (copy_binary_split(copy, bad[i].size, fields, FIELDS)) {
            fail_msg("%s was taken for a tuple", bad[i].label);
        }
        free(copy);
    }
}

static void a_tuple_gives_its_fields(void **state) {
    (void)state;
    struct value fields[FIELDS];
    static const char tuple[] = "\0\3\0\0\0\2a\0\377\377\377\377\0\0\0\0";
    assert_true(copy_binary_split(BYTES(tuple), fields, FIELDS));
    assert_int_equal(fields[0].size, 2);
    assert_memory_equal(fields[0].data, "a\0", 2);
    assert_int_equal(fields[1].kind, VALUE_NULL);
    assert_int_equal(fields[2].kind, VALUE_TEXT);
    assert_int_equal(fields[2].size, 0);
}

static void a_header_is_known_with_its_extension(void **state) {
    (void)state;
    assert_int_equal(copy_binary_header(BYTES(HEADER)), 19);
    assert_int_equal(copy_binary_header(BYTES(HEADER "\0\1")), 19);
    assert_int_equal(copy_binary_header(BYTES("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\2ab\0\1")), 21);
    assert_int_equal(copy_binary_header(BYTES("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\2a")), 0);
    assert_int_equal(copy_binary_header(BYTES("PGCOPY\n")), 0);
    assert_int_equal(copy_binary_header(BYTES("\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")), 0);
    assert_true(copy_binary_is_trailer(BYTES(TRAILER)));
    assert_false(copy_binary_is_trailer(BYTES("\0\3")));
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out);
    copy_binary_add_header(&out);
    assert_int_equal(out.size, copy_binary_header(out.data, out.size));
    buf_reset(&out);
    copy_binary_add_count(&out, FIELDS);
    copy_binary_add(&out, value_text("ab", 2));
    copy_binary_add(&out, value_absent());
    copy_binary_add(&out, value_text("", 0));
    struct value fields[FIELDS];
    assert_true(copy_binary_split(out.data, out.size, fields, FIELDS));
    assert_true(value_equal(fields[0], value_text("ab", 2)));
    assert_true(value_equal(fields[1], value_null()));
    assert_true(value_equal(fields[2], value_text("", 0)));
    buf_fini(&out);
}

/* rows */

static void messages_go_through_the_mapping(void **state) {
    struct sample *s = *state;
    assert_true(sample_build(s));
    struct row_map map;
    struct buf out;
    struct err err;
    buf_init(&out);
    row_map_init(&map, &s->pair.forward, FORMAT_BINARY, &s->arena);
    static const char first[] = HEADER "\0\4\0\0\0\1i\0\0\0\1\t\0\0\0\3A B\377\377\377\377";
    static const char mapped[] = "\0\5\0\0\0\1i\0\0\0\1\t\0\0\0\1A\0\0\0\1B\377\377\377\377";
    assert_int_equal(row_map_row(&map, BYTES(first), &out, &err), ROW_MAPPED);
    assert_int_equal(out.size, sizeof mapped - 1);
    assert_memory_equal(out.data, mapped, sizeof mapped - 1);
    assert_int_equal(row_map_row(&map, BYTES(HEADER), &out, &err), ROW_NONE);
    assert_int_equal(row_map_row(&map, BYTES(HEADER TRAILER), &out, &err), ROW_NONE);
    assert_int_equal(row_map_row(&map, BYTES(TRAILER), &out, &err), ROW_NONE);
    assert_int_equal(row_map_row(&map, BYTES("\0\1\0\0\0\0"), &out, &err), ROW_ODD);
    assert_int_equal(row_map_row(&map, BYTES("\0\4\0\0\0\0\0\0\0\0\0\0\0\1?\0\0\0\0"), &out, &err),
                     ROW_REFUSED);
    assert_int_equal(out.size, sizeof mapped - 1);
    row_map_fini(&map);
    buf_fini(&out);
}

/* formats */

static struct column_type with_binary(struct column_type type) {
    type.binary = true;
    return type;
}

static void set_types(struct sample *s, const struct column_type *old_type,
                      const struct column_type *new_type) {
    for (size_t i = 0; i < s->old_table.n_columns; i++) {
        s->old_columns[i].type.binary = true;
    }
    for (size_t i = 0; i < s->new_table.n_columns; i++) {
        s->new_columns[i].type.binary = true;
    }
    struct column_type one = with_binary(*old_type), other = with_binary(*new_type);
    sample_add(&s->old_table, "x", &one);
    sample_add(&s->new_table, "x", &other);
}

static const struct {
    const char *label;
    const struct column_type *old_type, *new_type;
    enum copy_format kin, strangers; /* one database, two of them */
} pairs[] = {
    {"a built-in type", &type_timestamptz, &type_timestamptz, FORMAT_BINARY, FORMAT_BINARY},
    {"an array of one", &type_int4_array, &type_int4_array, FORMAT_BINARY, FORMAT_BINARY},
    {"text and varchar", &type_text, &type_varchar, FORMAT_BINARY, FORMAT_BINARY},
    {"a domain over text", &type_text_domain, &type_text, FORMAT_BINARY, FORMAT_BINARY},
    {"char(n) loses its padding", &type_bpchar, &type_text, FORMAT_TEXT, FORMAT_TEXT},
    {"integers of two sizes", &type_int4, &type_int8, FORMAT_TEXT, FORMAT_TEXT},
    {"arrays of two sizes", &type_int4_array, &type_int8_array, FORMAT_TEXT, FORMAT_TEXT},
    {"two JSON types", &type_json, &type_jsonb, FORMAT_TEXT, FORMAT_TEXT},
    {"an enum goes by its label", &type_mood, &type_mood, FORMAT_BINARY, FORMAT_BINARY},
    {"a type made by a user", &type_citext, &type_citext, FORMAT_BINARY, FORMAT_TEXT},
};

static void binary_is_for_columns_that_are_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct sample s;
        sample_init(&s);
        set_types(&s, pairs[i].old_type, pairs[i].new_type);
        assert_true(sample_build(&s));
        if (copy_format_of(&s.pair.forward, true) != pairs[i].kin ||
            copy_format_of(&s.pair.forward, false) != pairs[i].strangers) {
            fail_msg("%s", pairs[i].label);
        }
        sample_fini(&s);
    }
}

static void oids_mean_something_else_elsewhere(void **state) {
    struct sample *s = *state;
    struct column_type regclass = type_text;
    regclass.oid = regclass.base_oid = 2205;
    regclass.category = 'N';
    regclass.name = "regclass";
    set_types(s, &regclass, &regclass);
    assert_true(sample_build(s));
    assert_int_equal(copy_format_of(&s->pair.forward, true), FORMAT_TEXT);
}

static void a_type_without_binary_form_keeps_the_table_in_text(void **state) {
    struct sample *s = *state;
    set_types(s, &type_int4, &type_int4);
    sample_column(&s->new_table, "x")->type.binary = false;
    assert_true(sample_build(s));
    assert_int_equal(copy_format_of(&s->pair.forward, true), FORMAT_TEXT);
}

static void transforms_see_text(void **state) {
    struct sample *s = *state;
    set_types(s, &type_int4, &type_int4);
    sample_column(&s->old_table, "full_name")->type = with_binary(type_citext);
    assert_true(sample_build(s));
    assert_int_equal(copy_format_of(&s->pair.forward, true), FORMAT_TEXT);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(what_is_no_tuple_is_refused),
        CASE(a_tuple_gives_its_fields),
        CASE(a_header_is_known_with_its_extension),
        CASE(what_is_written_reads_back),
        CASE(messages_go_through_the_mapping),
        CASE(binary_is_for_columns_that_are_the_same),
        CASE(oids_mean_something_else_elsewhere),
        CASE(a_type_without_binary_form_keeps_the_table_in_text),
        CASE(transforms_see_text),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
