/* test_config.c - what a configuration may say, and how its mistakes are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* The head of a good file; lines 1 to 8. */
#define SIDES                                                                                      \
    "migration: m\n"                                                                               \
    "old:\n"                                                                                       \
    "  dsn: a\n"                                                                                   \
    "new: {dsn: b}\n"                                                                              \
    "tables:\n"                                                                                    \
    "  - old: s.users\n"                                                                           \
    "    new: t.users\n"

static const struct {
    const char *label, *yaml;
    const char *message; /* in full when it starts with the file's name */
    const char *hint;
} bad[] = {
    {"empty", "", "p.yaml: the file is empty", ""},
    {"comment only", "# nothing\n", "p.yaml: the file is empty", ""},
    {"not a mapping", "- a\n", "p.yaml:1: expected keys and values, found a list",
     "expected here: migration, old"},
    {"just a word", "\nhello\n", "p.yaml:2: expected keys and values, found a text", ""},
    {"tab", "migration: m\nold:\n\tdsn: a\n", "p.yaml:3: this is not YAML", "never tabs"},
    {"broken", "migration: m\nold: {dsn: a\nnew: [\n", "p.yaml:", "indent with spaces"},
    {"unclosed quote", "migration: \"m\n", "p.yaml:2: this is not YAML", ""},
    {"not UTF-8", "migration: m\nold: {dsn: \xFF}\n", "p.yaml:2: this is not YAML", "UTF-8"},
    {"two documents", SIDES "---\nmigration: n\n", "p.yaml:9: a second document starts here",
     "take out the line"},
    {"broken second document", SIDES "---\n}\n", "p.yaml:9: this is not YAML", ""},
    {"undefined alias", SIDES "backfill: *none\n", "p.yaml:8: this is not YAML", ""},
    {"key not a text", SIDES "? [a]\n: b\n", "p.yaml:8: expected a key, found a list", ""},

    {"unknown key", SIDES "retries: 2\n", "p.yaml:8: unknown key \"retries\"",
     "expected here: migration, old, new, tables, backfill, stream, conflicts, verify, limits"},
    {"misspelt key", SIDES "backfill:\n  chunk_rows: 5\n  job: 2\n",
     "p.yaml:10: unknown key \"job\" in \"backfill\"; did you mean \"jobs\"?",
     "expected here: jobs, "},
    {"misspelt section", SIDES "confilcts: {}\n",
     "p.yaml:8: unknown key \"confilcts\"; did you mean \"conflicts\"?", ""},
    {"unknown in table", SIDES "    ignored: {}\n",
     "p.yaml:8: unknown key \"ignored\" in a table; did you mean \"ignore\"?",
     "old, new, transforms, ignore"},
    {"merge key", SIDES "backfill: {<<: {jobs: 1}}\n", "p.yaml:8: unknown key \"<<\"", ""},
    {"given twice", SIDES "old: {dsn: c}\n",
     "p.yaml:8: key \"old\" is given twice, first on line 2", ""},
    {"given twice, nested", SIDES "verify:\n  sample: 1\n  sample: 1\n",
     "p.yaml:10: key \"sample\" in \"verify\" is given twice, first on line 9", ""},
    {"no migration", "old: {dsn: a}\nnew: {dsn: b}\ntables: [{old: s.a, new: t.a}]\n",
     "p.yaml:1: key \"migration\" is missing", "expected here: migration"},
    {"no dsn", "migration: m\nold: {}\n", "p.yaml:2: key \"dsn\" is missing in \"old\"", "dsn"},
    {"no tables", "migration: m\nold: {dsn: a}\nnew: {dsn: b}\n",
     "p.yaml:1: key \"tables\" is missing", ""},
    {"no new table", "migration: m\nold: {dsn: a}\nnew: {dsn: b}\ntables:\n  - old: s.a\n",
     "p.yaml:5: key \"new\" is missing in a table", ""},

    {"migration with capitals", "migration: Users\n",
     "p.yaml:1: \"migration\": expected a name of a-z, 0-9 and _", "named after it"},
    {"migration starts with a digit", "migration: 2users\n", "found \"2users\"", ""},
    {"migration too long", "migration: a23456789012345678901234567890b\n", "at most 30", ""},
    {"migration empty", "migration:\n", "p.yaml:1: \"migration\": expected a name", ""},
    {"migration a list", "migration: [a]\n", "found a list", ""},
    {"side a text", "migration: m\nold: host=h password=secret\n",
     "p.yaml:2: expected keys and values in \"old\", found a text", "expected here: dsn"},
    {"dsn a mapping", "migration: m\nold: {dsn: {host: h}}\n",
     "p.yaml:2: \"dsn\": expected a connection string, found a mapping", ""},
    {"dsn nothing", "migration: m\nold:\n  dsn:\n",
     "\"dsn\": expected a connection string, found "
     "nothing",
     ""},
    {"ddl empty", "new: {dsn: b, ddl: ''}\n", "\"ddl\": expected the path of an SQL file", ""},

    {"tables not a list", "tables: {old: s.a, new: t.a}\n",
     "p.yaml:1: \"tables\": expected a list, found a mapping", ""},
    {"tables empty", "tables: []\n", "p.yaml:1: \"tables\": the list is empty", ""},
    {"table a text", "tables:\n  - s.a\n", "p.yaml:2: expected keys and values in a table", ""},
    {"no schema", "tables:\n  - old: users\n",
     "p.yaml:2: \"old\": \"users\" does not name a table: the schema is missing",
     "expected schema.table"},
    {"three parts", "tables:\n  - old: a.b.c\n", "it has more than two parts", "schema.table"},
    {"capitals unquoted", "tables:\n  - old: public.Users\n", "put double quotes around", ""},
    {"empty part", "tables:\n  - old: public.\n", "put double quotes around", ""},
    {"quote not closed", "tables:\n  - old: 'public.\"Users'\n", "is not closed", ""},
    {"behind the quote", "tables:\n  - old: '\"a\"b.c'\n", "put double quotes around", ""},
    {"empty quotes", "tables:\n  - old: '\"\".c'\n", "put double quotes around", ""},
    {"name too long",
     "tables:\n  - old: s.a234567890123456789012345678901234567890123456789012345678901234\n",
     "at most 63 bytes", ""},
    {"old table twice", SIDES "  - {old: s.users, new: t.others}\n",
     "p.yaml:8: old table s.users is listed twice, first on line 6", ""},
    {"new table twice", SIDES "  - {old: s.others, new: t.users}\n",
     "p.yaml:8: new table t.users is listed twice, first on line 6", ""},
    {"transform without columns", SIDES "    transforms:\n      - use: f\n        old: [a]\n",
     "p.yaml:9: key \"new\" is missing in a transform", "use, old, new"},
    {"transform with an empty list", SIDES "    transforms:\n      - {use: f, old: [], new: [b]}\n",
     "p.yaml:9: \"old\": the list is empty", ""},
    {"transform column a mapping", SIDES "    transforms: [{use: f, old: [{a: b}], new: [b]}]\n",
     "p.yaml:8: \"old\": expected a column's name, found a mapping", ""},
    {"transform columns a text", SIDES "    transforms: [{use: f, old: a, new: [b]}]\n",
     "p.yaml:8: \"old\": expected a list, found a text", ""},
    {"ignore a list", SIDES "    ignore: [a]\n",
     "p.yaml:8: expected keys and values in \"ignore\", found a list", "old, new"},
    {"text with NUL", SIDES "    ignore: {old: [\"a\\0b\"]}\n",
     "p.yaml:8: \"old\": expected a column's name, found a text", ""},

    {"number in words", SIDES "backfill:\n  jobs: two\n",
     "p.yaml:9: \"jobs\": expected a whole number from 1 to 64, found \"two\"", ""},
    {"number too small", SIDES "backfill: {jobs: 0}\n", "from 1 to 64, found \"0\"", ""},
    {"number too large", SIDES "backfill: {jobs: 65}\n", "from 1 to 64, found \"65\"", ""},
    {"number negative", SIDES "backfill: {jobs: -1}\n", "found \"-1\"", ""},
    {"number not whole", SIDES "backfill: {jobs: 1.5}\n", "found \"1.5\"", ""},
    {"number past 64 bits", SIDES "backfill: {jobs: 99999999999999999999}\n", "from 1 to 64", ""},
    {"number missing", SIDES "backfill: {jobs: }\n", "from 1 to 64, found nothing", ""},
    {"number a list", SIDES "backfill: {jobs: [1]}\n", "from 1 to 64, found a list", ""},
    {"chunk_time long", SIDES "backfill: {chunk_time: 1h}\n", "at most 10min, such as 500ms", ""},
    {"snapshot unknown", SIDES "backfill: {snapshot: none}\n", "exported or chunked", ""},
    {"max_parked above 1", SIDES "backfill: {max_parked: 2}\n", "a number from 0 to 1", ""},
    {"query without a limit", SIDES "limits: {query: {sql: SELECT 1}}\n", "key \"max\" is missing",
     ""},
    {"query's limit no number", SIDES "limits: {query: {sql: SELECT 1, max: low}}\n",
     "a number, such as 0.8, found \"low\"", ""},
    {"query's limit endless", SIDES "limits: {query: {sql: SELECT 1, max: 1e999}}\n", "a number",
     ""},
    {"after_copy a text", SIDES "backfill: {after_copy: a.sql}\n", "expected a list", ""},
    {"no index job", SIDES "backfill: {index_jobs: 0}\n", "from 1 to 64, found \"0\"", ""},
    {"after_copy of lists", SIDES "backfill: {after_copy: [[a]]}\n", "the path of an SQL file", ""},
    {"section nothing", SIDES "backfill:\n",
     "p.yaml:8: expected keys and values in \"backfill\", "
     "found nothing",
     ""},
    {"on_truncate", SIDES "stream: {on_truncate: yes}\n",
     "p.yaml:8: \"on_truncate\": expected stop or apply, found \"yes\"", ""},
    {"policy", SIDES "conflicts: {policy: newest}\n",
     "expected last_commit_wins or version_column, found \"newest\"", ""},
    {"on_row_error", SIDES "conflicts: {on_row_error: [stop]}\n",
     "expected park or stop, found a "
     "list",
     ""},
    {"conflicts without end", SIDES "conflicts: {max_per_minute: -1}\n",
     "p.yaml:8: \"max_per_minute\": expected a whole number from 0 to 1000000000, found \"-1\"",
     ""},
    {"version column empty", SIDES "conflicts: {policy: version_column, version_column: ''}\n",
     "p.yaml:8: \"version_column\": expected a column's name", ""},
    {"version column missing", SIDES "conflicts:\n  policy: version_column\n",
     "p.yaml:9: the policy version_column wants the key \"version_column\"", "updated_at"},
    {"accuracy in percent", SIDES "verify: {min_accuracy: 99.9}\n",
     "p.yaml:8: \"min_accuracy\": expected a number from 0 to 1, such as 0.999, found \"99.9\"",
     ""},
    {"accuracy a word", SIDES "verify: {min_accuracy: nan}\n", "found \"nan\"", ""},
    {"accuracy two points", SIDES "verify: {min_accuracy: 0.9.9}\n", "found \"0.9.9\"", ""},
    {"what is to come", SIDES "serve: {listen: 127.0.0.1:9187}\n",
     "p.yaml:8: \"serve\" is not available in this version", "take it out"},
    {"what is to come, empty", SIDES "serve:\n", "\"serve\" is not available in this version", ""},
    {"duration of no unit known", SIDES "limits:\n  lock_timeout: 5 weeks\n",
     "p.yaml:9: \"lock_timeout\": expected a duration from 1ms to 10min, such as 500ms, found "
     "\"5 weeks\"",
     ""},
    {"lock_timeout off", SIDES "limits: {lock_timeout: 0}\n", "found \"0\"", ""},
    {"lock_timeout long", SIDES "limits: {lock_timeout: 1h}\n", "found \"1h\"", ""},
    {"duration overflows", SIDES "limits: {replica_lag: 9223372036854775807d}\n", "at most a day",
     ""},
    {"size in small letters", SIDES "limits: {slot_wal: 10gb}\n",
     "expected a size of at least 1MB, such as 10GB, found \"10gb\"", ""},
    {"size too small", SIDES "limits: {slot_wal: 1kB}\n", "found \"1kB\"", ""},
    {"sequences neither way", SIDES "sequences: copy\n",
     "p.yaml:8: \"sequences\": expected manage or leave, found \"copy\"", ""},
};

static struct config *parse(const char *yaml, struct err *err) {
    return config_parse("p.yaml", yaml, strlen(yaml), err);
}

static bool message_fits(const char *message, const char *expected) {
    const char *at = strstr(message, expected);
    return at != NULL && (strncmp(expected, "p.yaml", 6) != 0 || at == message);
}

static void mistakes_are_told_with_file_and_line(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        struct config *config = parse(bad[i].yaml, &err);
        if (config != NULL || err.code != ERR_USAGE || !message_fits(err.message, bad[i].message) ||
            strstr(err.hint, bad[i].hint) == NULL) {
            print_error("%s: %s (%s)\n", bad[i].label, err.message, err.hint);
            wrong++;
        }
        config_free(config);
    }
    assert_int_equal(wrong, 0);
}

static void passwords_are_never_shown(void **state) {
    (void)state;
    static const char *const files[] = {
        "migration: m\nold: host=h password=secret\n",
        "migration: m\nold: postgresql://u:secret@h/d\n",
        "migration: m\nold: {postgresql://u:secret@h/d}\n",
        "migration: m\nold: [password=secret]\n",
        "migration: m\nold: {dsn: [password=secret]}\n",
        "migration: m\nold: {dsn: {password: secret}}\n",
        "migration: m\nold: {dsn: password=secret, dsn: password=secret}\n",
        "migration: m\nold:\n  dsn: password=secret: x\n",
        "migration: m\nold: {dsn: \"password=secret\n",
        "migration: m\nold: {dsn: \"password=secret\\0\"}\n",
        "migration: m\nold: {dsn: *secret}\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct err err = {0};
        assert_null(parse(files[i], &err));
        assert_null(strstr(err.message, "secret"));
        assert_null(strstr(err.hint, "secret"));
    }
}

static void missing_file_is_named_with_its_reason(void **state) {
    (void)state;
    struct err err = {0};
    assert_null(config_load("no/such.yaml", &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_string_equal(err.message, "cannot read \"no/such.yaml\": "
                                     "No such file or directory");
    assert_non_null(strstr(err.hint, "--config"));
}

static void folder_is_no_file(void **state) {
    (void)state;
    struct err err = {0};
    assert_null(config_load("/", &err));
    assert_non_null(strstr(err.message, "Is a directory"));
}

static struct config *parse_good(const char *yaml) {
    struct err err = {0};
    struct config *config = parse(yaml, &err);
    if (config == NULL) {
        print_error("%s\n%s\n", err.message, err.hint);
    }
    assert_non_null(config);
    return config;
}

static const char example[] =
    "migration: users_name_split        # [a-z][a-z0-9_]*, at most 30 characters\n"
    "old:\n"
    "  dsn: postgresql:///app           # anything libpq takes\n"
    "new:\n"
    "  dsn: postgresql:///app           # the same database, or another\n"
    "  ddl: sql/users_new.sql           # optional: run by setup when the table is missing\n"
    "tables:\n"
    "  - old: public.users\n"
    "    new: app_v2.users\n"
    "    # the key is the primary key; columns of the same name on both sides are copied\n"
    "    transforms:\n"
    "      - use: split_name\n"
    "        old: [full_name]\n"
    "        new: [first_name, last_name]\n"
    "    ignore: {old: [], new: []}     # columns that exist on one side only, on purpose\n"
    "backfill:\n"
    "  jobs: 2\n"
    "  chunk_rows: 20000\n"
    "  max_rows_per_second: 0           # 0: no limit\n"
    "  after_copy: [sql/users_new_indexes.sql]   # each statement by itself, CONCURRENTLY\n"
    "stream:\n"
    "  batch_rows: 1000\n"
    "conflicts:\n"
    "  policy: last_commit_wins         # or version_column\n"
    "  version_column: updated_at\n"
    "  on_row_error: park               # or stop\n"
    "verify: {sample: 10000, min_accuracy: 0.999}\n"
    "limits: {replica_lag: 5s, lock_timeout: 500ms, slot_wal: 10GB}\n";

static void example_names_sides_and_tables(void **state) {
    (void)state;
    struct config *config = parse_good(example);
    assert_string_equal(config->migration, "users_name_split");
    assert_string_equal(config->old_dsn, "postgresql:///app");
    assert_string_equal(config->new_ddl, "sql/users_new.sql");
    assert_int_equal(config->n_tables, 1);
    const struct table_spec *table = &config->tables[0];
    assert_int_equal(table->line, 8);
    assert_string_equal(table->old_table.schema, "public");
    assert_string_equal(table->new_table.schema, "app_v2");
    assert_string_equal(table->new_table.name, "users");
    assert_int_equal(table->n_transforms, 1);
    const struct transform_spec *transform = &table->transforms[0];
    assert_int_equal(transform->line, 12);
    assert_string_equal(transform->use, "split_name");
    assert_int_equal(transform->old_columns.count, 1);
    assert_int_equal(transform->new_columns.count, 2);
    assert_string_equal(transform->new_columns.names[1], "last_name");
    assert_int_equal(table->ignore_old.count, 0);
    config_free(config);
}

static void assert_settings_of_example(const struct config *config) {
    assert_int_equal(config->backfill.jobs, 2);
    assert_int_equal(config->backfill.chunk_rows, 20000);
    assert_int_equal(config->backfill.chunk_time, 500000);
    assert_int_equal(config->backfill.warm_up, 3000000);
    assert_int_equal(config->backfill.snapshot, SNAPSHOT_EXPORTED);
    assert_int_equal(config->limits.active_sessions, 0);
    assert_null(config->limits.query.sql);
    assert_int_equal(config->backfill.max_rows_per_second, 0);
    assert_int_equal(config->stream.batch_rows, 1000);
    assert_false(config->stream.truncate);
    assert_int_equal(config->conflicts.policy, POLICY_LAST_COMMIT_WINS);
    assert_int_equal(config->conflicts.on_row_error, ROW_ERROR_PARK);
    assert_int_equal(config->conflicts.max_per_minute, 6000);
    assert_int_equal(config->verify.sample, 10000);
    assert_true(config->verify.min_accuracy > 0.9989 && config->verify.min_accuracy < 0.9991);
    assert_int_equal(config->limits.replica_lag, 5000000);
    assert_int_equal(config->limits.lock_timeout, 500000);
    assert_int_equal(config->limits.slot_wal, INT64_C(10737418240));
    assert_int_equal(config->sequences, SEQUENCES_MANAGE);
}

static void example_says_how_it_is_done(void **state) {
    (void)state;
    struct config *config = parse_good(example);
    assert_settings_of_example(config);
    assert_int_equal(config->backfill.n_after_copy, 1);
    assert_string_equal(config->backfill.after_copy[0].path, "sql/users_new_indexes.sql");
    assert_int_equal(config->backfill.after_copy[0].line, 20);
    assert_string_equal(config->conflicts.version_column, "updated_at");
    config_free(config);
}

static void short_file_takes_the_defaults(void **state) {
    (void)state;
    struct config *config = parse_good(SIDES);
    assert_settings_of_example(config);
    assert_null(config->new_ddl);
    assert_int_equal(config->backfill.n_after_copy, 0);
    assert_int_equal(config->backfill.index_jobs, 2);
    assert_null(config->conflicts.version_column);
    assert_int_equal(config->tables[0].n_transforms, 0);
    config_free(config);
}

static void other_settings_are_read(void **state) {
    (void)state;
    struct config *config = parse_good(
        SIDES "backfill: {jobs: 64, max_rows_per_second: 5000, chunk_time: 2s, warm_up: 1min,\n"
              "  snapshot: chunked, max_parked: 0.5, index_jobs: 3}\n"
              "stream: {on_truncate: apply}\n"
              "conflicts: {policy: version_column, version_column: v, on_row_error: stop,\n"
              "  max_per_minute: 0}\n"
              "limits: {replica_lag: 2 min, lock_timeout: 1, slot_wal: 1073741824,\n"
              "  active_sessions: 20, query: {sql: SELECT 1, max: -0.5, side: new}}\n"
              "sequences: leave\n");
    assert_int_equal(config->backfill.jobs, 64);
    assert_int_equal(config->backfill.max_rows_per_second, 5000);
    assert_int_equal(config->backfill.chunk_time, 2000000);
    assert_int_equal(config->backfill.warm_up, 60000000);
    assert_int_equal(config->backfill.snapshot, SNAPSHOT_CHUNKED);
    assert_true(config->backfill.max_parked > 0.49 && config->backfill.max_parked < 0.51);
    assert_int_equal(config->limits.active_sessions, 20);
    assert_string_equal(config->limits.query.sql, "SELECT 1");
    assert_true(config->limits.query.max < -0.49 && config->limits.query.max > -0.51);
    assert_true(config->limits.query.on_new);
    assert_int_equal(config->backfill.index_jobs, 3);
    assert_true(config->stream.truncate);
    assert_int_equal(config->conflicts.policy, POLICY_VERSION_COLUMN);
    assert_string_equal(config->conflicts.version_column, "v");
    assert_int_equal(config->conflicts.on_row_error, ROW_ERROR_STOP);
    assert_int_equal(config->conflicts.max_per_minute, 0);
    assert_int_equal(config->limits.replica_lag, 120000000);
    assert_int_equal(config->limits.lock_timeout, 1000000);
    assert_int_equal(config->limits.slot_wal, 1073741824);
    assert_int_equal(config->sequences, SEQUENCES_LEAVE);
    config_free(config);
}

static void aliases_stand_for_what_they_name(void **state) {
    (void)state;
    struct config *config = parse_good("migration: m\nold: &side {dsn: a}\nnew: *side\n"
                                       "tables: [{old: s.a, new: t.a}]\n");
    assert_string_equal(config->new_dsn, "a");
    config_free(config);
}

static void quoted_names_are_taken_as_in_sql(void **state) {
    (void)state;
    struct config *config = parse_good("migration: m\nold: {dsn: ''}\nnew: {dsn: b}\ntables:\n"
                                       "  - old: '\"App V2\".\"Us.\"\"ers\"'\n"
                                       "    new: \"_x$1.\\\"t\\\"\"\n");
    assert_string_equal(config->old_dsn, "");
    assert_string_equal(config->tables[0].old_table.schema, "App V2");
    assert_string_equal(config->tables[0].old_table.name, "Us.\"ers");
    assert_string_equal(config->tables[0].new_table.schema, "_x$1");
    assert_string_equal(config->tables[0].new_table.name, "t");
    config_free(config);
}

static const char *temporary(const char *name) {
    static char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/pgtandem-%ld-%s", folder != NULL ? folder : "/tmp",
             (long)getpid(), name);
    return path;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void paths_start_at_the_file_if_they_lead_somewhere(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", temporary("c.yaml"));
    write_file(path, SIDES);
    struct err err = {0};
    struct config *config = config_load(path, &err);
    assert_non_null(config);
    const char *name = strrchr(path, '/') + 1;
    assert_int_equal(strncmp(config->directory, path, (size_t)(name - path - 1)), 0);
    assert_string_equal(config_resolve_path(config, name), path);
    assert_string_equal(config_resolve_path(config, "no/such.sql"), "no/such.sql");
    assert_string_equal(config_resolve_path(config, "/no/such.sql"), "/no/such.sql");
    config_free(config);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_file_and_line),
        cmocka_unit_test(passwords_are_never_shown),
        cmocka_unit_test(missing_file_is_named_with_its_reason),
        cmocka_unit_test(folder_is_no_file),
        cmocka_unit_test(example_names_sides_and_tables),
        cmocka_unit_test(example_says_how_it_is_done),
        cmocka_unit_test(short_file_takes_the_defaults),
        cmocka_unit_test(other_settings_are_read),
        cmocka_unit_test(aliases_stand_for_what_they_name),
        cmocka_unit_test(quoted_names_are_taken_as_in_sql),
        cmocka_unit_test(paths_start_at_the_file_if_they_lead_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
