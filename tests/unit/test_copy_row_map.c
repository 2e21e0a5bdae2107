/* test_copy_row_map.c - lines of the old table become lines of the new one, and
 * the key ranges and statements that they are read and written with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "copy/begun.h"
#include "copy/bound.h"
#include "copy/chunk.h"
#include "copy/park.h"
#include "copy/row_map.h"
#include "sample.h"

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

static const struct mapping *build(struct sample *s) {
    assert_true(sample_build(s));
    return &s->pair.forward;
}

static enum row_outcome map_line(struct sample *s, const struct mapping *mapping, const char *line,
                                 struct buf *out, struct err *err) {
    struct row_map map;
    row_map_init(&map, mapping, FORMAT_TEXT, &s->arena);
    enum row_outcome outcome = row_map_row(&map, line, strlen(line), out, err);
    row_map_fini(&map);
    return outcome;
}

/* lines */

static void a_line_of_another_shape_is_odd(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    struct buf out;
    buf_init(&out);
    struct err err;
    assert_int_equal(map_line(s, mapping, "1\te\tn\n", &out, &err), ROW_ODD);
    assert_string_equal(err.message,
                        "a row of public.users came with other columns than were asked for");
    assert_int_equal(out.size, 0);
    buf_fini(&out);
}

static void a_refused_row_leaves_its_key_and_its_reason(void **state) {
    struct sample *s = *state;
    struct row_map map;
    struct buf out;
    struct err err;
    buf_init(&out);
    row_map_init(&map, build(s), FORMAT_TEXT, &s->arena);
    static const char line[] = "7\ta\\tb\tWho?\tx\n";
    assert_int_equal(row_map_row(&map, line, sizeof line - 1, &out, &err), ROW_REFUSED);
    assert_string_equal(err.message, "transform \"halve\" refused the row");
    assert_string_equal(err.server, "it has a question mark");
    assert_int_equal(out.size, 0);
    const struct value *row = row_map_refused(&map, &s->arena);
    assert_memory_equal(park_key(map.mapping, row, &s->arena)->data, "7", 1);
    assert_memory_equal(row[1].data, "a\tb", 3);
    assert_int_equal(row[2].kind, VALUE_ABSENT);
    row_map_fini(&map);
    buf_fini(&out);
}

static const struct {
    const char *label, *line, *mapped;
} cases[] = {
    {"an ordinary row", "1\ta@b\tAnna Berg\tbio\n", "1\ta@b\tAnna\tBerg\tbio\n"},
    {"copied fields stay escaped", "1\ta\\tb\\\\\tAnna Berg\t\\b\\f\\n\\r\\v\n",
     "1\ta\\tb\\\\\tAnna\tBerg\t\\b\\f\\n\\r\\v\n"},
    {"inputs are unescaped, outputs escaped again", "1\te\tA\\\\\\t \\n\\\\N\tb\n",
     "1\te\tA\\\\\\t\t\\n\\\\N\tb\n"},
    {"NULL is kept where the column takes it", "1\te\tAnna\t\\N\n", "1\te\tAnna\t\t\\N\n"},
    {"a transform's NULL is '' in a NOT NULL column", "1\te\t\\N\tb\n", "1\te\t\t\tb\n"},
    {"empty texts", "1\t\t\t\n", "1\t\t\t\t\n"},
    {"several bytes a character", "1\t\xC3\xA9\tJ\xC3\xB6rg \xE7\x8E\x8B\t\xF0\x9F\xA6\x9C\n",
     "1\t\xC3\xA9\tJ\xC3\xB6rg\t\xE7\x8E\x8B\t\xF0\x9F\xA6\x9C\n"},
};

static void rows_go_through_the_mapping(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out);
        struct err err;
        assert_int_equal(map_line(s, mapping, cases[i].line, &out, &err), ROW_MAPPED);
        if (strcmp(out.data, cases[i].mapped) != 0) {
            fail_msg("%s: '%s', not '%s'", cases[i].label, out.data, cases[i].mapped);
        }
        buf_fini(&out);
    }
}

static void columns_that_nobody_wants_are_not_read(void **state) {
    struct sample *s = *state;
    sample_add(&s->old_table, "legacy", &type_text);
    sample_add(&s->old_table, "extra", &type_text);
    sample_add(&s->new_table, "extra", &type_text);
    sample_ignore(s, "legacy", NULL);
    const struct mapping *mapping = build(s);
    struct field_list fields = field_list_of(mapping, &s->arena);
    assert_int_equal(fields.count, 5);
    struct buf out;
    buf_init(&out);
    struct err err;
    assert_int_equal(map_line(s, mapping, "1\te\tAnna Berg\tb\tmore\n", &out, &err), ROW_MAPPED);
    assert_string_equal(out.data, "1\te\tAnna\tBerg\tb\tmore\n");
    buf_fini(&out);
}

static void a_value_that_the_target_takes_otherwise_is_cut(void **state) {
    struct sample *s = *state;
    sample_add(&s->old_table, "code", &type_bpchar);
    sample_add(&s->new_table, "code", &type_text);
    const struct mapping *mapping = build(s);
    struct buf out;
    buf_init(&out);
    struct err err;
    assert_int_equal(map_line(s, mapping, "1\te\tA B\tb\tx\\\\  \n", &out, &err), ROW_MAPPED);
    assert_string_equal(out.data, "1\te\tA\tB\tb\tx\\\\\n");
    buf_fini(&out);
}

static void a_mapped_line_reads_back_as_plain_values(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    static const char line[] = "1\ta\\tb\tAnna\t\t\\N\n";
    const struct value *row = row_map_parse(mapping, line, sizeof line - 1, &s->arena);
    assert_non_null(row);
    assert_int_equal(row[1].size, 3);
    assert_memory_equal(row[1].data, "a\tb", 3);
    assert_int_equal(row[3].size, 0);
    assert_int_equal(row[4].kind, VALUE_NULL);
    assert_null(row_map_parse(mapping, "1\n", 2, &s->arena));
}

static void a_parked_row_is_described_by_its_columns(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    static const char line[] = "1\ta\"b\tAnna\t\t\\N\n";
    const struct value *row = row_map_parse(mapping, line, sizeof line - 1, &s->arena);
    const struct err reason = {
        .sqlstate = "23514", .message = "why", .constraint = "users_check", .server = "its words"};
    const char *params[PARK_PARAMS];
    park_params(mapping, "m", row, true, &reason, &s->arena, params);
    assert_string_equal(params[1], "app_v2.users");
    assert_string_equal(params[2], "{\"id\"}");
    assert_string_equal(params[3], "{\"1\"}");
    assert_string_equal(params[6], "users_check");
    assert_string_equal(params[7], "its words");
    assert_string_equal(params[8], "{\"id\",\"email\",\"first_name\",\"last_name\",\"bio\"}");
    assert_string_equal(params[9], "{\"1\",\"a\\\"b\",\"Anna\",\"\",NULL}");
    park_params(mapping, "m", row, false, &reason, &s->arena, params);
    assert_null(params[8]);
    assert_null(params[9]);
}

/* statements */

static void assert_read(const struct mapping *mapping, const char *const *low,
                        const char *const *high, struct arena *arena, const char *expected) {
    struct chunk *chunk =
        chunk_new(mapping, 1, bound_new(low, mapping->n_key), bound_new(high, mapping->n_key));
    struct field_list fields = field_list_of(mapping, arena);
    struct buf sql;
    buf_init(&sql);
    chunk_sql_read(&sql, chunk, &fields, FORMAT_TEXT);
    assert_string_equal(sql.data, expected);
    buf_fini(&sql);
    chunk_free(chunk);
}

#define READ "COPY (SELECT \"id\", \"email\", \"full_name\", \"bio\" FROM \"public\".\"users\" AS t"

static void open_ends_of_a_range_are_left_out(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    const char *const ten[] = {"10"}, *const twenty[] = {"20"};
    assert_read(mapping, NULL, NULL, &s->arena, READ ") TO STDOUT (FORMAT text)");
    assert_read(mapping, NULL, ten, &s->arena,
                READ " WHERE (t.\"id\") <= ('10'::bigint)) TO STDOUT (FORMAT text)");
    assert_read(mapping, twenty, NULL, &s->arena,
                READ " WHERE (t.\"id\") > ('20'::bigint)) TO STDOUT (FORMAT text)");
    assert_read(mapping, ten, twenty, &s->arena,
                READ " WHERE (t.\"id\") > ('10'::bigint) AND (t.\"id\") <= ('20'::bigint))"
                     " TO STDOUT (FORMAT text)");
}

static void composite_keys_are_compared_as_rows(void **state) {
    struct sample *s = *state;
    s->old_table.primary_key.columns = s->old_key;
    s->old_table.primary_key.n_columns = s->new_table.primary_key.n_columns = 2;
    s->old_key[1] = s->new_key[1] = 1; /* email */
    const struct mapping *mapping = build(s);
    const char *const low[] = {"1", "it's \\ odd"};
    assert_read(mapping, low, NULL, &s->arena,
                READ " WHERE (t.\"id\", t.\"email\") > ('1'::bigint,  E'it''s \\\\ odd'::text))"
                     " TO STDOUT (FORMAT text)");
    struct buf sql;
    buf_init(&sql);
    chunk_sql_boundary(&sql, mapping, true, true, 1000);
    assert_string_equal(sql.data,
                        "SELECT t.\"id\"::text, t.\"email\"::text FROM \"public\".\"users\" AS t"
                        " WHERE (t.\"id\", t.\"email\") > ($1::bigint, $2::text)"
                        " AND (t.\"id\", t.\"email\") <= ($3::bigint, $4::text)"
                        " ORDER BY t.\"id\", t.\"email\" OFFSET 999 LIMIT 1");
    buf_fini(&sql);
}

static void the_first_boundary_has_no_parameters(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    struct buf sql;
    buf_init(&sql);
    chunk_sql_boundary(&sql, mapping, false, false, 1);
    assert_string_equal(sql.data, "SELECT t.\"id\"::text FROM \"public\".\"users\" AS t"
                                  " ORDER BY t.\"id\" OFFSET 0 LIMIT 1");
    buf_fini(&sql);
}

static void the_first_chunk_ends_with_the_last_key_at_the_latest(void **state) {
    struct sample *s = *state;
    const struct mapping *mapping = build(s);
    struct buf sql;
    buf_init(&sql);
    chunk_sql_boundary(&sql, mapping, false, true, 3);
    assert_string_equal(sql.data, "SELECT t.\"id\"::text FROM \"public\".\"users\" AS t"
                                  " WHERE (t.\"id\") <= ($1::bigint)"
                                  " ORDER BY t.\"id\" OFFSET 2 LIMIT 1");
    buf_reset(&sql);
    chunk_sql_last(&sql, mapping);
    assert_string_equal(sql.data, "SELECT t.\"id\"::text FROM \"public\".\"users\" AS t"
                                  " ORDER BY t.\"id\" DESC LIMIT 1");
    buf_fini(&sql);
}

static void a_mapping_is_described_by_what_becomes_of_its_columns(void **state) {
    struct sample *s = *state;
    assert_string_equal(begun_describe_mapping(build(s), &s->arena),
                        "key: id; id <- id; email <- email; bio <- bio;"
                        " first_name, last_name <- halve(full_name)");
}

static void odd_names_are_quoted(void **state) {
    struct sample *s = *state;
    s->old_table.columns[3].name = s->new_table.columns[4].name = "b\"io, x";
    s->new_table.name.name = "us ers";
    s->spec.new_table.name = "us ers";
    const struct mapping *mapping = build(s);
    struct buf sql;
    buf_init(&sql);
    chunk_sql_write(&sql, mapping, FORMAT_BINARY);
    assert_string_equal(sql.data, "COPY \"app_v2\".\"us ers\" (\"id\", \"email\", \"first_name\","
                                  " \"last_name\", \"b\"\"io, x\") FROM STDIN (FORMAT binary)");
    buf_fini(&sql);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(a_line_of_another_shape_is_odd),
        CASE(a_refused_row_leaves_its_key_and_its_reason),
        CASE(rows_go_through_the_mapping),
        CASE(columns_that_nobody_wants_are_not_read),
        CASE(a_value_that_the_target_takes_otherwise_is_cut),
        CASE(a_mapped_line_reads_back_as_plain_values),
        CASE(a_parked_row_is_described_by_its_columns),
        CASE(open_ends_of_a_range_are_left_out),
        CASE(composite_keys_are_compared_as_rows),
        CASE(the_first_boundary_has_no_parameters),
        CASE(the_first_chunk_ends_with_the_last_key_at_the_latest),
        CASE(a_mapping_is_described_by_what_becomes_of_its_columns),
        CASE(odd_names_are_quoted),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
