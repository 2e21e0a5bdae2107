/* test_mapping_build.c - what mapping_build() refuses, and what it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

/* Each spoils the good pair of tables in one way. */
static void partitioned(struct sample *s) {
    s->old_table.kind = 'p';
}
static void view(struct sample *s) {
    s->new_table.kind = 'v';
}
static void foreign(struct sample *s) {
    s->old_table.kind = 'f';
}
static void inherited(struct sample *s) {
    s->old_table.has_children = true;
}
static void unlogged(struct sample *s) {
    s->new_table.unlogged = true;
}
static void row_security(struct sample *s) {
    s->old_table.row_security = true;
}

static void transform_column_missing(struct sample *s) {
    sample_column(&s->new_table, "last_name")->name = "surname";
    sample_ignore(s, NULL, "surname");
    sample_column(&s->new_table, "surname")->not_null = false;
}

static void too_few_new_columns(struct sample *s) {
    s->transforms[0].new_columns.count = 1;
    sample_ignore(s, NULL, "last_name");
    sample_column(&s->new_table, "last_name")->not_null = false;
}

static void two_transforms_one_column(struct sample *s) {
    s->transforms[1] = s->transforms[0];
    s->transforms[1].line = 15;
    s->spec.n_transforms = 2;
}

static void transform_column_ignored(struct sample *s) {
    sample_ignore(s, "full_name", NULL);
}

static void transform_column_generated(struct sample *s) {
    sample_column(&s->old_table, "full_name")->generated = true;
}

static void transform_column_identity(struct sample *s) {
    sample_column(&s->new_table, "last_name")->identity_always = true;
}

static void copied_and_transformed(struct sample *s) {
    sample_add(&s->new_table, "full_name", &type_text);
}

static void ignored_missing(struct sample *s) {
    sample_ignore(s, "nick_name", NULL);
}
static void ignored_on_one_side(struct sample *s) {
    sample_ignore(s, "bio", NULL);
}

static void old_column_alone(struct sample *s) {
    sample_add(&s->old_table, "fax", &type_text);
}
static void new_column_alone(struct sample *s) {
    sample_add(&s->new_table, "iban", &type_text);
}

static void ignored_not_null(struct sample *s) {
    sample_add(&s->new_table, "iban", &type_text)->not_null = true;
    sample_ignore(s, NULL, "iban");
}

static void types_unlike(struct sample *s) {
    sample_column(&s->new_table, "bio")->type = type_int4;
}

static void copy_identity_always(struct sample *s) {
    sample_column(&s->new_table, "bio")->identity_always = true;
}

static void no_key(struct sample *s) {
    s->old_table.primary_key.constraint = NULL;
}
static void key_ignored(struct sample *s) {
    sample_ignore(s, "id", "id");
}

static void key_missing(struct sample *s) {
    sample_column(&s->new_table, "id")->name = "user_id";
    sample_ignore(s, NULL, "user_id");
    sample_column(&s->new_table, "user_id")->has_default = true;
}

static void key_transformed(struct sample *s) {
    static const char *id[] = {"id"};
    s->transforms[0].old_columns = (struct name_list){id, 1};
}

static void key_generated(struct sample *s) {
    sample_column(&s->new_table, "id")->generated = true;
}

static void key_written_otherwise(struct sample *s) {
    sample_column(&s->new_table, "id")->type = type_numeric;
}

static void new_key_missing(struct sample *s) {
    s->new_table.primary_key.constraint = NULL;
}
static void new_key_other(struct sample *s) {
    s->new_key[0] = 1;
}

static void new_key_longer(struct sample *s) {
    s->new_key[1] = 1;
    s->new_table.primary_key.n_columns = 2;
}

static void old_key_deferrable(struct sample *s) {
    s->old_table.primary_key.deferrable = true;
}
static void new_key_deferrable(struct sample *s) {
    s->new_table.primary_key.deferrable = true;
}
static void old_identity_nothing(struct sample *s) {
    s->old_table.identity = IDENTITY_NOTHING;
}
static void new_identity_nothing(struct sample *s) {
    s->new_table.identity = IDENTITY_NOTHING;
}

static void use_index(struct table *table, size_t column) {
    table->identity = IDENTITY_INDEX;
    table->identity_index.constraint = "users_identity";
    table->identity_index.columns[0] = column;
}

static void identity_index_elsewhere(struct sample *s) {
    use_index(&s->new_table, 1);
}

static void only_identity_full(struct sample *s) {
    s->old_table.primary_key.constraint = NULL;
    s->old_table.identity = IDENTITY_FULL;
}

static const struct refusal {
    const char *label;
    void (*spoil)(struct sample *);
    const char *message, *hint;
    int line;
} refusals[] = {
    {"partitioned", partitioned, "old table public.users is partitioned",
     "name its partitions instead", 8},
    {"view", view, "new table app_v2.users is a view", "name the table behind it", 8},
    {"foreign table", foreign, "is a foreign table", "on the server where it lives", 8},
    {"inherited", inherited, "old table public.users has tables that inherit from it",
     "ALTER TABLE child NO INHERIT parent", 8},
    {"unlogged", unlogged, "is unlogged", "SET LOGGED", 8},
    {"row security", row_security, "row level security hides rows", "BYPASSRLS", 8},
    {"transform column missing", transform_column_missing,
     "column \"last_name\" of transform \"halve\" is not in new table app_v2.users",
     "exactly as in the catalog", 12},
    {"too few columns", too_few_new_columns,
     "transform \"halve\" wants 2 new columns, but 1 is listed", "first_name, last_name", 12},
    {"two transforms", two_transforms_one_column,
     "column \"full_name\" of transform \"halve\" is used twice", "use it once", 15},
    {"transform column ignored", transform_column_ignored, "is also ignored",
     "take it from the list", 12},
    {"transform column generated", transform_column_generated, "is generated",
     "columns that it is generated from", 12},
    {"transform column identity", transform_column_identity, "GENERATED ALWAYS AS IDENTITY",
     "SET GENERATED BY DEFAULT", 12},
    {"copied and transformed", copied_and_transformed, "new column \"full_name\" cannot be copied",
     "list it in the same transform", 8},
    {"ignored column missing", ignored_missing,
     "ignored column \"nick_name\" is not in old table public.users", "correct its name", 8},
    {"ignored on one side", ignored_on_one_side,
     "column \"bio\" is ignored in old table public.users, but not in new table app_v2.users",
     "on both sides, or on neither", 8},
    {"old column alone", old_column_alone,
     "old column \"fax\" has no counterpart in new table app_v2.users", "under ignore", 8},
    {"new column alone", new_column_alone, "new column \"iban\" has no counterpart", "under ignore",
     8},
    {"ignored NOT NULL", ignored_not_null,
     "ignored column \"iban\" of new table app_v2.users is NOT NULL without a default",
     "give it a default", 8},
    {"types unlike", types_unlike,
     "column \"bio\" is text in old table public.users, but integer in new table app_v2.users: "
     "not every text",
     "with a transform", 8},
    {"copy identity", copy_identity_always, "column \"bio\" of new table", "SET GENERATED BY", 8},
    {"no key", no_key, "old table public.users has no key", "add a primary key", 8},
    {"key ignored", key_ignored, "key column \"id\" of old table public.users is ignored",
     "must be copied", 8},
    {"key missing", key_missing, "has no counterpart of the same name", "must be copied", 8},
    {"key transformed", key_transformed,
     "key column \"id\" of old table public.users is in a "
     "transform",
     "must be copied", 8},
    {"key generated", key_generated, "is a generated column", "must be copied", 8},
    {"key of another type", key_written_otherwise, "has another type on the new side",
     "same type on both sides", 8},
    {"new key missing", new_key_missing, "new table app_v2.users has no primary key over (id)",
     "ADD PRIMARY KEY (id)", 8},
    {"new key other", new_key_other, "has no primary key over (id)", "ADD PRIMARY KEY", 8},
    {"new key longer", new_key_longer, "has no primary key over (id)", "ADD PRIMARY KEY", 8},
    {"old key deferrable", old_key_deferrable, "of old table public.users is deferrable",
     "NOT DEFERRABLE", 8},
    {"new key deferrable", new_key_deferrable, "of new table app_v2.users is deferrable",
     "NOT DEFERRABLE", 8},
    {"old identity nothing", old_identity_nothing,
     "old table public.users has REPLICA IDENTITY NOTHING", "REPLICA IDENTITY DEFAULT", 8},
    {"new identity nothing", new_identity_nothing, "new table app_v2.users has REPLICA IDENTITY",
     "REPLICA IDENTITY DEFAULT", 8},
    {"identity index elsewhere", identity_index_elsewhere,
     "REPLICA IDENTITY index of new table app_v2.users is not over its key (id)",
     "REPLICA IDENTITY DEFAULT", 8},
    {"full without a key", only_identity_full, "has no key", "add a primary key", 8},
};

static bool has_problem(const struct problem_list *problems, const struct refusal *expected) {
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        if (strstr(p->message, expected->message) != NULL &&
            strstr(p->hint, expected->hint) != NULL && p->line == expected->line) {
            return true;
        }
    }
    return false;
}

static void print_problems(const char *label, const struct problem_list *problems) {
    print_error("%s:\n", label);
    for (size_t i = 0; i < problems->count; i++) {
        print_error("  line %d: %s\n    %s\n", problems->items[i].line, problems->items[i].message,
                    problems->items[i].hint);
    }
}

static void unfit_tables_are_refused_with_reason_and_cure(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct sample sample;
        sample_init(&sample);
        refusals[i].spoil(&sample);
        if (sample_build(&sample) || !has_problem(&sample.problems, &refusals[i])) {
            print_problems(refusals[i].label, &sample.problems);
            wrong++;
        }
        sample_fini(&sample);
    }
    assert_int_equal(wrong, 0);
}

static void one_mistake_is_reported_once(void **state) {
    (void)state;
    void (*const spoils[])(struct sample *) = {
        partitioned,
        transform_column_missing,
        transform_column_ignored,
        key_ignored,
        old_column_alone,
        copied_and_transformed,
        key_missing,
        types_unlike,
        old_key_deferrable,
    };
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        struct sample sample;
        sample_init(&sample);
        spoils[i](&sample);
        assert_false(sample_build(&sample));
        if (sample.problems.count != 1) {
            print_problems("more than once", &sample.problems);
        }
        assert_int_equal(sample.problems.count, 1);
        sample_fini(&sample);
    }
}

static void all_problems_are_reported_not_the_first(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        sample_add(&sample.old_table, names[i], &type_text);
        sample_add(&sample.new_table, names[2 - i], &type_bool);
    }
    ignored_missing(&sample);
    types_unlike(&sample);
    ignored_not_null(&sample);
    old_key_deferrable(&sample);
    old_identity_nothing(&sample);
    new_identity_nothing(&sample);
    assert_false(sample_build(&sample));
    assert_int_equal(sample.problems.count, 9);
    sample_fini(&sample);
}

static void assert_builds(struct sample *sample) {
    if (!sample_build(sample)) {
        print_problems("not built", &sample->problems);
        fail();
    }
}

static const struct mapping_column *find_written(const struct mapping *mapping, const char *name) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (strcmp(mapping->target->columns[mapping->columns[i].target].name, name) == 0) {
            return &mapping->columns[i];
        }
    }
    return NULL;
}

static void scenario_maps_forward(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_builds(&sample);
    const struct mapping *mapping = &sample.pair.forward;
    assert_int_equal(mapping->direction, FORWARD);
    assert_ptr_equal(mapping->source, &sample.old_table);
    assert_int_equal(mapping->n_columns, 5);
    assert_int_equal(mapping->columns[2].target, 2);
    assert_true(mapping->columns[2].source == COLUMN_NONE);
    assert_int_equal(mapping->columns[2].transform, 0);
    assert_int_equal(mapping->columns[4].source, 3);
    assert_true(mapping->columns[4].transform == COLUMN_NONE);
    assert_int_equal(mapping->n_key, 1);
    assert_int_equal(mapping->key[0], 0);
    assert_true(mapping->columns[0].is_key);
    assert_string_equal(mapping->key_constraint, "users_pkey");
    assert_int_equal(mapping->transforms[0].inputs[0], 2);
    assert_int_equal(mapping->transforms[0].outputs[1], 3);
    assert_true(mapping->transforms[0].there == halve.forward);
    sample_fini(&sample);
}

static void scenario_maps_in_reverse_with_sides_exchanged(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    assert_builds(&sample);
    const struct mapping *mapping = &sample.pair.reverse;
    assert_int_equal(mapping->direction, REVERSE);
    assert_ptr_equal(mapping->source, &sample.new_table);
    assert_ptr_equal(mapping->target, &sample.old_table);
    assert_int_equal(mapping->n_columns, 4);
    assert_int_equal(mapping->transforms[0].n_inputs, 2);
    assert_int_equal(mapping->transforms[0].inputs[1], 3);
    assert_int_equal(mapping->transforms[0].outputs[0], 2);
    assert_true(mapping->transforms[0].there == halve.reverse);
    assert_true(mapping->transforms[0].back == halve.forward);
    sample_fini(&sample);
}

static void key_keeps_the_order_of_the_source(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.old_table.primary_key.n_columns = sample.new_table.primary_key.n_columns = 2;
    sample.old_key[0] = 1; /* email, id */
    sample.new_key[1] = 1; /* id, email */
    assert_builds(&sample);
    assert_int_equal(sample.pair.forward.key[0], 1);
    assert_int_equal(sample.pair.forward.key[1], 0);
    assert_int_equal(sample.pair.reverse.key[0], 0);
    assert_int_equal(sample.pair.reverse.key[1], 1);
    sample_fini(&sample);
}

static void identity_index_serves_as_key_where_there_is_no_primary_key(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.old_table.primary_key.constraint = NULL;
    sample.new_table.primary_key.constraint = NULL;
    use_index(&sample.old_table, 1);
    use_index(&sample.new_table, 1);
    assert_builds(&sample);
    assert_int_equal(sample.pair.forward.key[0], 1);
    assert_string_equal(sample.pair.forward.key_constraint, "users_identity");
    sample_fini(&sample);
}

static void identity_full_is_enough_with_a_primary_key(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample.old_table.identity = sample.new_table.identity = IDENTITY_FULL;
    assert_builds(&sample);
    sample_fini(&sample);
}

static void ignored_columns_are_not_written(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample_add(&sample.old_table, "fax", &type_text);
    sample_add(&sample.new_table, "iban", &type_text);
    sample_ignore(&sample, "fax", "iban");
    sample_ignore(&sample, "bio", "bio");
    assert_builds(&sample);
    assert_null(find_written(&sample.pair.forward, "iban"));
    assert_null(find_written(&sample.pair.forward, "bio"));
    assert_null(find_written(&sample.pair.reverse, "fax"));
    sample_fini(&sample);
}

static void generated_column_alone_needs_no_mention(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct column *column = sample_add(&sample.new_table, "search", &type_text);
    column->generated = column->has_default = column->not_null = true;
    assert_builds(&sample);
    assert_null(find_written(&sample.pair.forward, "search"));
    sample_fini(&sample);
}

static void generated_column_is_copied_to_a_plain_one_only(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample_column(&sample.old_table, "bio")->generated = true;
    assert_builds(&sample);
    assert_non_null(find_written(&sample.pair.forward, "bio"));
    assert_null(find_written(&sample.pair.reverse, "bio"));
    sample_fini(&sample);
}

static void key_that_is_always_identity_can_be_copied(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample_column(&sample.new_table, "id")->identity_always = true;
    assert_builds(&sample);
    sample_fini(&sample);
}

static void integer_key_may_grow(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample_column(&sample.old_table, "id")->type = type_int4;
    assert_builds(&sample);
    sample_fini(&sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unfit_tables_are_refused_with_reason_and_cure),
        cmocka_unit_test(one_mistake_is_reported_once),
        cmocka_unit_test(all_problems_are_reported_not_the_first),
        cmocka_unit_test(scenario_maps_forward),
        cmocka_unit_test(scenario_maps_in_reverse_with_sides_exchanged),
        cmocka_unit_test(key_keeps_the_order_of_the_source),
        cmocka_unit_test(identity_index_serves_as_key_where_there_is_no_primary_key),
        cmocka_unit_test(identity_full_is_enough_with_a_primary_key),
        cmocka_unit_test(ignored_columns_are_not_written),
        cmocka_unit_test(generated_column_alone_needs_no_mention),
        cmocka_unit_test(generated_column_is_copied_to_a_plain_one_only),
        cmocka_unit_test(key_that_is_always_identity_can_be_copied),
        cmocka_unit_test(integer_key_may_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
