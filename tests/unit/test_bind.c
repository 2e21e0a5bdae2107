/* test_bind.c - messages become changes; an altered table is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decode/bind.h"
#include "sample.h"

struct fixture {
    struct sample sample;
    struct batch batch;
    struct err err;
};

static int begin(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    sample_init(&f->sample);
    batch_init(&f->batch);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    batch_fini(&f->batch);
    sample_fini(&f->sample);
    test_free(f);
    return 0;
}

static struct named_value named(const char *name, const char *text) {
    return (struct named_value){name, strlen(name),
                                text != NULL ? value_text(text, strlen(text)) : value_null()};
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct message make_message(enum message_kind kind) {
    return (struct message){
        .kind = kind, .schema = "public", .schema_size = 6, .table = "users", .table_size = 5};
}

static const struct transaction transaction = {42, 100, 200, 300};

static bool bind(struct fixture *f, const struct message *message) {
    const struct mapping *mappings[] = {&f->sample.pair.forward};
    const struct mapping *mapping = bind_find(mappings, 1, message);
    assert_ptr_equal(mapping, mappings[0]);
    return bind_change(mapping, message, &transaction, &f->batch, &f->err);
}

static const struct change *only_change(const struct fixture *f) {
    assert_int_equal(f->batch.n_changes, 1);
    return &f->batch.changes[0];
}

static void assert_value(struct value v, const char *wanted) {
    assert_int_equal(v.kind, VALUE_TEXT);
    assert_int_equal(v.size, strlen(wanted));
    assert_memory_equal(v.data, wanted, v.size);
}

static void expect_refusal(struct fixture *f, const struct message *message, const char *part) {
    assert_false(bind(f, message));
    assert_non_null(strstr(f->err.message, part));
    assert_int_equal(f->batch.n_changes, 0);
}

/* keys that are no number */

static void use_key_type(struct fixture *f, const struct column_type *type) {
    sample_column(&f->sample.old_table, "id")->type = *type;
    sample_column(&f->sample.new_table, "id")->type = *type;
    assert_true(sample_build(&f->sample));
}

static void null_in_a_key_that_may_be_infinite_stops(void **state) {
    struct fixture *f = *state;
    use_key_type(f, &type_numeric);
    struct named_value identity[] = {named("id", NULL)};
    struct message message = make_message(MESSAGE_DELETE);
    message.identity = identity;
    message.n_identity = 1;
    expect_refusal(f, &message, "\"id\" of public.users holds NaN or Infinity");
}

/* numeric(10,2): pg_attribute.atttypmod is 10 * 65536 + 2 + 4 */
static struct column_type numeric_of_precision(void) {
    struct column_type type = type_numeric;
    type.modifier = 655366;
    return type;
}

static void null_in_a_key_with_a_precision_is_nan(void **state) {
    struct fixture *f = *state;
    struct column_type type = numeric_of_precision();
    use_key_type(f, &type);
    struct named_value identity[] = {named("id", NULL)};
    struct named_value columns[] = {named("id", "1.50"), named("email", "e"),
                                    named("full_name", "n"), named("bio", NULL)};
    struct message message = make_message(MESSAGE_UPDATE);
    message.identity = identity;
    message.n_identity = 1;
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    assert_value(only_change(f)->key[0], "NaN");
    assert_true(only_change(f)->moves_key);
}

static void a_row_that_gets_the_key_nan_is_told_as_such(void **state) {
    struct fixture *f = *state;
    struct column_type type = numeric_of_precision();
    use_key_type(f, &type);
    struct named_value columns[] = {named("id", NULL), named("email", "e"), named("full_name", "n"),
                                    named("bio", NULL)};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    const struct change *change = only_change(f);
    assert_value(change->key[0], "NaN");
    assert_value(change->target[change->mapping->key[0]], "NaN");
    assert_false(change->wants_source);
}

/* failure paths */

static void a_column_that_appears_stops(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"), named("full_name", "n"),
                                    named("bio", NULL), named("added", "x")};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    expect_refusal(f, &message, "column \"added\" of public.users has appeared");
}

static void a_column_missing_from_an_insert_stops(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"), named("bio", NULL)};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    expect_refusal(f, &message, "\"full_name\"");
}

static void a_column_that_cannot_be_toast_is_missed_in_an_update(void **state) {
    struct fixture *f = *state;
    sample_add(&f->sample.old_table, "age", &type_int4);
    sample_add(&f->sample.new_table, "age", &type_int4);
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"), named("full_name", "n"),
                                    named("bio", NULL)};
    struct named_value identity[] = {named("id", "1")};
    struct message message = make_message(MESSAGE_UPDATE);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    message.identity = identity;
    message.n_identity = 1;
    expect_refusal(f, &message, "\"age\"");
}

static void an_identity_without_the_key_stops(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value identity[] = {named("email", "e")};
    struct message message = make_message(MESSAGE_DELETE);
    message.identity = identity;
    message.n_identity = 1;
    expect_refusal(f, &message, "identity");
}

/* the rest */

static void another_table_has_no_mapping(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    const struct mapping *mappings[] = {&f->sample.pair.forward};
    struct message message = make_message(MESSAGE_INSERT);
    message.table = "users2";
    message.table_size = 6;
    assert_null(bind_find(mappings, 1, &message));
    message = make_message(MESSAGE_INSERT);
    message.schema = "Public";
    assert_null(bind_find(mappings, 1, &message));
}

static void an_insert_is_transformed(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"),
                                    named("full_name", "Ann Lee"), named("bio", NULL)};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    const struct change *change = only_change(f);
    assert_int_equal(change->op, CHANGE_insert);
    assert_true(change->complete);
    assert_false(change->wants_source);
    assert_value(change->key[0], "1");
    assert_value(change->target[2], "Ann");
    assert_value(change->target[3], "Lee");
    assert_int_equal(change->transaction.end, 200);
}

static void an_update_takes_its_key_from_the_identity(void **state) {
    struct fixture *f = *state;
    sample_column(&f->sample.old_table, "bio")->toastable = true;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "2"), named("email", "e"),
                                    named("full_name", "Ann Lee")};
    struct named_value identity[] = {named("id", "1")};
    struct message message = make_message(MESSAGE_UPDATE);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    message.identity = identity;
    message.n_identity = 1;
    assert_true(bind(f, &message));
    const struct change *change = only_change(f);
    assert_true(change->moves_key);
    assert_value(change->key[0], "1");
    assert_int_equal(change->target[4].kind, VALUE_ABSENT); /* bio: unchanged TOAST */
    assert_false(change->complete);
}

static void a_full_identity_fills_what_did_not_change(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"),
                                    named("full_name", "Ann Lee")};
    struct named_value identity[] = {named("id", "1"), named("email", "old"),
                                     named("full_name", "Bob"), named("bio", "long")};
    struct message message = make_message(MESSAGE_UPDATE);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    message.identity = identity;
    message.n_identity = COUNT(identity);
    assert_true(bind(f, &message));
    const struct change *change = only_change(f);
    assert_value(change->target[4], "long");
    assert_value(change->target[1], "e");
    assert_true(change->complete);
    assert_false(change->moves_key);
}

static void bytea_gets_its_prefix_back(void **state) {
    struct fixture *f = *state;
    sample_add(&f->sample.old_table, "raw", &type_bytea);
    sample_add(&f->sample.new_table, "raw", &type_bytea);
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"), named("full_name", "n"),
                                    named("bio", NULL), named("raw", "00ff")};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    assert_value(only_change(f)->source[4], "\\x00ff");
}

static void a_null_number_may_be_nan_and_is_looked_up(void **state) {
    struct fixture *f = *state;
    sample_add(&f->sample.old_table, "score", &type_numeric);
    sample_add(&f->sample.new_table, "score", &type_numeric);
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"), named("full_name", "n"),
                                    named("bio", NULL), named("score", NULL)};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    assert_true(only_change(f)->wants_source);
}

static void a_refused_row_says_why(void **state) {
    struct fixture *f = *state;
    assert_true(sample_build(&f->sample));
    struct named_value columns[] = {named("id", "1"), named("email", "e"),
                                    named("full_name", "who?"), named("bio", NULL)};
    struct message message = make_message(MESSAGE_INSERT);
    message.columns = columns;
    message.n_columns = COUNT(columns);
    assert_true(bind(f, &message));
    assert_non_null(only_change(f)->refusal);
    assert_false(only_change(f)->complete);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(null_in_a_key_that_may_be_infinite_stops),
        TEST(null_in_a_key_with_a_precision_is_nan),
        TEST(a_row_that_gets_the_key_nan_is_told_as_such),
        TEST(a_column_that_appears_stops),
        TEST(a_column_missing_from_an_insert_stops),
        TEST(a_column_that_cannot_be_toast_is_missed_in_an_update),
        TEST(an_identity_without_the_key_stops),
        TEST(another_table_has_no_mapping),
        TEST(an_insert_is_transformed),
        TEST(an_update_takes_its_key_from_the_identity),
        TEST(a_full_identity_fills_what_did_not_change),
        TEST(bytea_gets_its_prefix_back),
        TEST(a_null_number_may_be_nan_and_is_looked_up),
        TEST(a_refused_row_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
