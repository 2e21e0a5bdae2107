/* test_statement.c - the texts of statements, and their parameters' bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apply/array.h"
#include "apply/statement.h"
#include "changes.h"

struct fixture {
    struct sample sample;
    struct statement statement;
};

static int begin(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    sample_init(&f->sample);
    assert_true(sample_build(&f->sample));
    statement_init(&f->statement);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    statement_fini(&f->statement);
    sample_fini(&f->sample);
    test_free(f);
    return 0;
}

static struct write make_write(struct fixture *f, enum write_kind kind, const char *key,
                               const char *row) {
    const struct change *change = changes_make(&f->sample, CHANGE_update, key, row);
    return (struct write){
        .kind = kind, .mapping = change->mapping, .key = change->key, .values = change->target};
}

static void expect_sql(struct fixture *f, const char *wanted) {
    assert_string_equal(buf_text(&f->statement.sql), wanted);
}

static void an_upsert_names_every_column(void **state) {
    struct fixture *f = *state;
    struct write write = make_write(f, WRITE_UPSERT, "1", "1|a@x|Ann Lee|~");
    const struct write *writes[] = {&write};
    statement_write(&f->statement, writes, 1);
    expect_sql(f, "INSERT INTO \"app_v2\".\"users\" AS t (\"id\", \"email\", \"first_name\", "
                  "\"last_name\", \"bio\") OVERRIDING SYSTEM VALUE SELECT u.c0::bigint, "
                  "u.c1::text, u.c2::text, u.c3::text, u.c4::text FROM unnest($1::text[], "
                  "$2::text[], $3::text[], $4::text[], $5::text[]) AS u(c0, c1, c2, c3, c4) ON "
                  "CONFLICT (\"id\") DO UPDATE SET \"email\" = excluded.\"email\", \"first_name\" "
                  "= excluded.\"first_name\", \"last_name\" = excluded.\"last_name\", \"bio\" = "
                  "excluded.\"bio\"");
    assert_string_equal(f->statement.label, "upsert into app_v2.users");
}

static void an_update_leaves_out_the_key_and_what_did_not_come(void **state) {
    struct fixture *f = *state;
    struct write write = make_write(f, WRITE_UPDATE, "1", "1|a@x|-|-");
    const struct write *writes[] = {&write};
    statement_write(&f->statement, writes, 1);
    expect_sql(f, "UPDATE \"app_v2\".\"users\" AS t SET \"email\" = u.c1::text FROM "
                  "unnest($1::text[], $2::text[]) AS u(k0, c1) WHERE t.\"id\" = u.k0::bigint");
}

static void a_move_writes_the_key(void **state) {
    struct fixture *f = *state;
    struct write write = make_write(f, WRITE_MOVE, "1", "2|-|-|-");
    const struct write *writes[] = {&write};
    statement_write(&f->statement, writes, 1);
    expect_sql(f, "UPDATE \"app_v2\".\"users\" AS t SET \"id\" = u.c0::bigint FROM "
                  "unnest($1::text[], $2::text[]) AS u(k0, c0) WHERE t.\"id\" = u.k0::bigint");
}

static void a_delete_knows_keys_only(void **state) {
    struct fixture *f = *state;
    const struct change *change = changes_make(&f->sample, CHANGE_delete, "1", NULL);
    struct write write = {.kind = WRITE_DELETE, .mapping = change->mapping, .key = change->key};
    const struct write *writes[] = {&write, &write};
    statement_write(&f->statement, writes, 2);
    expect_sql(f, "DELETE FROM \"app_v2\".\"users\" AS t USING unnest($1::text[]) AS u(k0) WHERE "
                  "t.\"id\" = u.k0::bigint");
    assert_int_equal(f->statement.n_rows, 2);
}

static void a_read_asks_for_what_transforms_wrote(void **state) {
    struct fixture *f = *state;
    const struct change *change = changes_make(&f->sample, CHANGE_delete, "1", NULL);
    const struct value *keys[] = {change->key};
    statement_read(&f->statement, change->mapping, keys, 1, true, PROVENANCE_NONE);
    expect_sql(f, "SELECT u.position, t.\"id\", t.\"first_name\", t.\"last_name\" FROM "
                  "unnest($1::text[]) WITH ORDINALITY AS u(k0, position) JOIN \"app_v2\".\"users\" "
                  "AS t ON t.\"id\" "
                  "= u.k0::bigint FOR NO KEY UPDATE OF t");
    statement_read(&f->statement, change->mapping, keys, 1, false, PROVENANCE_NONE);
    assert_null(strstr(buf_text(&f->statement.sql), "FOR NO KEY UPDATE"));
}

static void a_read_asks_who_wrote_the_row_when_that_matters(void **state) {
    struct fixture *f = *state;
    const struct change *change = changes_make(&f->sample, CHANGE_delete, "1", NULL);
    const struct value *keys[] = {change->key};
    statement_read(&f->statement, change->mapping, keys, 1, false, PROVENANCE_OWN_OPEN);
    assert_non_null(strstr(buf_text(&f->statement.sql),
                           "SELECT u.position, t.xmin::text, "
                           "pg_xact_commit_timestamp_origin(t.xmin)::text, "
                           "age(t.xmin) BETWEEN -16777216 AND 0, t.\"id\", "));
}

/* A row that was frozen long ago has a negative age, too. */
static void nobody_else_tells_own_rows_by_their_age(void **state) {
    struct fixture *f = *state;
    const struct change *change = changes_make(&f->sample, CHANGE_delete, "1", NULL);
    const struct value *keys[] = {change->key};
    statement_read(&f->statement, change->mapping, keys, 1, false, PROVENANCE_COMMITTED);
    assert_null(strstr(buf_text(&f->statement.sql), "age("));
}

static void a_guarded_write_wants_the_row_as_it_was(void **state) {
    struct fixture *f = *state;
    struct write update = make_write(f, WRITE_UPDATE, "1", "1|a@x|-|-");
    struct write plain = update, removal = update,
                 insert = make_write(f, WRITE_INSERT, "1", "1|a@x|Ann Lee|~");
    const struct write *writes[] = {&update};
    update.guard = "99";
    assert_false(statement_same_shape(&update, &plain));
    statement_write(&f->statement, writes, 1);
    expect_sql(f, "UPDATE \"app_v2\".\"users\" AS t SET \"email\" = u.c1::text FROM "
                  "unnest($1::text[], $2::text[], $3::text[]) AS u(k0, c1, guard) WHERE t.\"id\" = "
                  "u.k0::bigint AND t.xmin = u.guard::xid");
    removal.kind = WRITE_DELETE;
    removal.guard = "99";
    writes[0] = &removal;
    statement_write(&f->statement, writes, 1);
    expect_sql(f, "DELETE FROM \"app_v2\".\"users\" AS t USING unnest($1::text[], $2::text[]) AS "
                  "u(k0, guard) WHERE t.\"id\" = u.k0::bigint AND t.xmin = u.guard::xid");
    insert.guard = "";
    writes[0] = &insert;
    statement_write(&f->statement, writes, 1);
    assert_non_null(strstr(buf_text(&f->statement.sql), " ON CONFLICT (\"id\") DO NOTHING"));
}

static void an_array_is_what_array_recv_reads(void **state) {
    struct fixture *f = *state;
    struct write one = make_write(f, WRITE_UPDATE, "7", "7|ab|-|-");
    struct write two = make_write(f, WRITE_UPDATE, "8", "8|~|-|-");
    const struct write *writes[] = {&one, &two};
    statement_write(&f->statement, writes, 2);
    static const char bytes[] = "\0\0\0\1"         /* dimensions */
                                "\0\0\0\1"         /* has NULLs */
                                "\0\0\0\31"        /* of text */
                                "\0\0\0\2\0\0\0\1" /* two, from 1 */
                                "\0\0\0\2ab"
                                "\377\377\377\377";
    assert_int_equal(f->statement.n_params, 2);
    assert_int_equal(f->statement.params[1].size, sizeof bytes - 1);
    assert_memory_equal(f->statement.params[1].data, bytes, sizeof bytes - 1);
}

/* It is sent from where it is, with the array's head before it. */
static void a_large_value_is_not_copied(void **state) {
    struct fixture *f = *state;
    char place[VALUE_ROOM + 2] = {0};
    struct write one = make_write(f, WRITE_UPDATE, "7", "7|ab|-|-");
    struct write plain = make_write(f, WRITE_UPDATE, "7", "7|ab|-|-");
    const struct write *writes[] = {&one, &plain};
    memcpy(place + VALUE_ROOM, "ab", 2);
    struct value *values = test_calloc(one.mapping->n_columns, sizeof *values);
    memcpy(values, one.values, one.mapping->n_columns * sizeof *values);
    values[1] = (struct value){VALUE_TEXT, place + VALUE_ROOM, 2, place};
    one.values = values;
    statement_write(&f->statement, &writes[1], 1);
    struct value wanted = statement_param(&f->statement, 1);
    char *copy = test_malloc(wanted.size);
    memcpy(copy, wanted.data, wanted.size);
    statement_write(&f->statement, writes, 1);
    struct value lent = statement_param(&f->statement, 1);
    assert_ptr_equal(lent.data + lent.size, place + sizeof place);
    assert_true(value_equal(lent, value_text(copy, wanted.size)));
    statement_write(&f->statement, writes, 2); /* together with others it is copied */
    assert_true(statement_param(&f->statement, 1).data != lent.data);
    test_free(copy);
    test_free(values);
}

static void updates_of_different_columns_differ_in_shape(void **state) {
    struct fixture *f = *state;
    struct write a = make_write(f, WRITE_UPDATE, "1", "1|a@x|-|-");
    struct write b = make_write(f, WRITE_UPDATE, "2", "2|~|-|-");
    struct write c = make_write(f, WRITE_UPDATE, "3", "3|c@x|Ann Lee|-");
    assert_true(statement_same_shape(&a, &b));
    assert_false(statement_same_shape(&a, &c));
    a.kind = WRITE_DELETE;
    assert_false(statement_same_shape(&a, &b));
}

static void text_arrays_escape_quotes_and_backslashes(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text);
    array_add_element(&text, value_text("a\"b\\c,{", 7));
    buf_add_char(&text, ',');
    array_add_element(&text, value_null());
    assert_string_equal(buf_text(&text), "\"a\\\"b\\\\c,{\",NULL");
    buf_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_upsert_names_every_column),
        TEST(an_update_leaves_out_the_key_and_what_did_not_come),
        TEST(a_move_writes_the_key),
        TEST(a_delete_knows_keys_only),
        TEST(a_read_asks_for_what_transforms_wrote),
        TEST(a_read_asks_who_wrote_the_row_when_that_matters),
        TEST(nobody_else_tells_own_rows_by_their_age),
        TEST(a_guarded_write_wants_the_row_as_it_was),
        TEST(an_array_is_what_array_recv_reads),
        TEST(a_large_value_is_not_copied),
        TEST(updates_of_different_columns_differ_in_shape),
        cmocka_unit_test(text_arrays_escape_quotes_and_backslashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
