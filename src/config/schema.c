/* schema.c - see schema.h: one table of fields for each section, and what is
 * particular about some values. */
#include "config/schema.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/table_name.h"

enum { MIGRATION_MAX = 30 }; /* so that slot names stay within 63 bytes */

/* A field: its key, how its value is read, and what else there is to say */
#define KEY(name, how, ...)                                                                        \
    { .key = (name), .read = (how), __VA_ARGS__ }
#define AT(type, member) .offset = offsetof(struct type, member)
#define REQUIRED .required = true
#define RANGE(least, most) .min = (least), .max = (most)
#define AT_LEAST(least) .min = (least)
#define WANTED(words) .expected = (words)
#define ONE_OF(words) .choices = (words)
#define SECTION(part) .section = &(part)

#define FIELDS(array) (array), sizeof(array) / sizeof *(array)
#define ROWS_MAX INT64_C(1000000000)

static bool read_migration(struct reader *reader, const struct field *field,
                           const yaml_node_t *node, void *into) {
    if (!read_text(reader, field, node, into)) {
        return false;
    }
    const char *const *name = into;
    size_t size = strlen(*name);
    if (size > MIGRATION_MAX || **name < 'a' || **name > 'z' ||
        strspn(*name, "abcdefghijklmnopqrstuvwxyz0123456789_") != size) {
        reader_fail(reader, node, "\"migration\": expected %s, found \"%.60s\"", field->expected,
                    *name);
        return err_hint(reader->err, "slots, origins and state rows are named after it");
    }
    return true;
}

/* Sides: `old` and `new` ------------------------------------------------- */

static const struct field old_fields[] = {
    KEY("dsn", read_text, AT(config, old_dsn), REQUIRED, WANTED("a connection string")),
};

static const struct field new_fields[] = {
    KEY("dsn", read_text, AT(config, new_dsn), REQUIRED, WANTED("a connection string")),
    KEY("ddl", read_text, AT(config, new_ddl), AT_LEAST(1), WANTED("the path of an SQL file")),
};

static const struct section old_section = {" in \"old\"", FIELDS(old_fields)};
static const struct section new_section = {" in \"new\"", FIELDS(new_fields)};

/* Tables ----------------------------------------------------------------- */

static bool read_table_name(struct reader *reader, const struct field *field,
                            const yaml_node_t *node, void *into) {
    const struct field text_field = {.key = field->key, .expected = "a table's name", .min = 1};
    const char *text;
    if (!read_text(reader, &text_field, node, &text)) {
        return false;
    }
    const char *wrong = table_name_parse(text, reader->arena, into);
    if (wrong != NULL) {
        reader_fail(reader, node, "\"%s\": \"%.130s\" does not name a table: %s", field->key, text,
                    wrong);
        return err_hint(reader->err, "expected schema.table, such as public.users or "
                                     "'\"App V2\".\"Users\"'");
    }
    return true;
}

static const struct field transform_fields[] = {
    KEY("use", read_text, AT(transform_spec, use), REQUIRED, AT_LEAST(1),
        WANTED("a transform's name or path")),
    KEY("old", read_names, AT(transform_spec, old_columns), REQUIRED, AT_LEAST(1)),
    KEY("new", read_names, AT(transform_spec, new_columns), REQUIRED, AT_LEAST(1)),
};

static const struct field ignore_fields[] = {
    KEY("old", read_names, AT(table_spec, ignore_old)),
    KEY("new", read_names, AT(table_spec, ignore_new)),
};

static const struct section transform_section = {" in a transform", FIELDS(transform_fields)};
static const struct section ignore_section = {" in \"ignore\"", FIELDS(ignore_fields)};

/* Into the table_spec itself: it holds two members, the list and its count. */
static bool read_transforms(struct reader *reader, const struct field *field,
                            const yaml_node_t *node, void *into) {
    struct table_spec *table = into;
    if (!reader_list(reader, field, node, &table->n_transforms)) {
        return false;
    }
    table->transforms = arena_zero(reader->arena, table->n_transforms, sizeof *table->transforms);
    for (size_t i = 0; i < table->n_transforms; i++) {
        const yaml_node_t *item = reader_item(reader, node, i);
        table->transforms[i].line = reader_line(item);
        if (!reader_section(reader, &transform_section, item, &table->transforms[i])) {
            return false;
        }
    }
    return true;
}

static const struct field table_fields[] = {
    KEY("old", read_table_name, AT(table_spec, old_table), REQUIRED),
    KEY("new", read_table_name, AT(table_spec, new_table), REQUIRED),
    {.key = "transforms", .read = read_transforms},
    KEY("ignore", read_section, SECTION(ignore_section)),
};

static const struct section table_section = {" in a table", FIELDS(table_fields)};

static bool same_table(struct table_name a, struct table_name b) {
    return strcmp(a.schema, b.schema) == 0 && strcmp(a.name, b.name) == 0;
}

static bool refuse_repeated(struct reader *reader, const struct table_spec *tables, size_t i,
                            const yaml_node_t *node) {
    for (size_t j = 0; j < i; j++) {
        bool old_again = same_table(tables[i].old_table, tables[j].old_table);
        if (old_again || same_table(tables[i].new_table, tables[j].new_table)) {
            const struct table_name *name = old_again ? &tables[i].old_table : &tables[i].new_table;
            return reader_fail(reader, node, "%s table %s.%s is listed twice, first on line %d",
                               old_again ? "old" : "new", name->schema, name->name, tables[j].line);
        }
    }
    return true;
}

/* Into the config itself: it holds two members, the list and its count. */
static bool read_tables(struct reader *reader, const struct field *field, const yaml_node_t *node,
                        void *into) {
    struct config *config = into;
    if (!reader_list(reader, field, node, &config->n_tables)) {
        return false;
    }
    config->tables = arena_zero(reader->arena, config->n_tables, sizeof *config->tables);
    for (size_t i = 0; i < config->n_tables; i++) {
        const yaml_node_t *item = reader_item(reader, node, i);
        config->tables[i].line = reader_line(item);
        if (!reader_section(reader, &table_section, item, &config->tables[i]) ||
            !refuse_repeated(reader, config->tables, i, item)) {
            return false;
        }
    }
    return true;
}

/* How it is done: all of these have defaults ----------------------------- */

/* Into the struct config_backfill */
static bool read_after_copy(struct reader *reader, const struct field *field,
                            const yaml_node_t *node, void *into) {
    struct config_backfill *backfill = into;
    const struct field path = {.key = field->key, .expected = "the path of an SQL file", .min = 1};
    if (!reader_list(reader, field, node, &backfill->n_after_copy)) {
        return false;
    }
    backfill->after_copy =
        arena_zero(reader->arena, backfill->n_after_copy, sizeof *backfill->after_copy);
    for (size_t i = 0; i < backfill->n_after_copy; i++) {
        const yaml_node_t *item = reader_item(reader, node, i);
        backfill->after_copy[i].line = reader_line(item);
        if (!read_text(reader, &path, item, &backfill->after_copy[i].path)) {
            return false;
        }
    }
    return true;
}

static const char *const snapshot_choices[] = {[SNAPSHOT_EXPORTED] = "exported",
                                               [SNAPSHOT_CHUNKED] = "chunked",
                                               [SNAPSHOT_CHUNKED + 1] = NULL};

static const struct field backfill_fields[] = {
    KEY("jobs", read_number, AT(config_backfill, jobs), RANGE(1, 64)),
    KEY("chunk_rows", read_number, AT(config_backfill, chunk_rows), RANGE(1, ROWS_MAX)),
    KEY("chunk_time", read_duration, AT(config_backfill, chunk_time), RANGE(0, 600 * USEC_SECOND),
        WANTED("a duration of at most 10min, such as 500ms")),
    KEY("max_rows_per_second", read_number, AT(config_backfill, max_rows_per_second),
        RANGE(0, ROWS_MAX)),
    KEY("warm_up", read_duration, AT(config_backfill, warm_up), RANGE(0, 3600 * USEC_SECOND),
        WANTED("a duration of at most an hour, such as 3s")),
    KEY("snapshot", read_choice, AT(config_backfill, snapshot), ONE_OF(snapshot_choices)),
    KEY("max_parked", read_fraction, AT(config_backfill, max_parked)),
    {.key = "after_copy", .read = read_after_copy},
    KEY("index_jobs", read_number, AT(config_backfill, index_jobs), RANGE(1, 64)),
};

static bool read_truncate(struct reader *reader, const struct field *field, const yaml_node_t *node,
                          void *into) {
    unsigned choice = 0;
    bool good = read_choice(reader, field, node, &choice);
    *(bool *)into = choice == 1;
    return good;
}

static const char *const truncate_choices[] = {"stop", "apply", NULL};

static const struct field stream_fields[] = {
    KEY("batch_rows", read_number, AT(config_stream, batch_rows), RANGE(1, 100000)),
    KEY("on_truncate", read_truncate, AT(config_stream, truncate), ONE_OF(truncate_choices)),
};

static const char *const policy_choices[] = {
    [POLICY_LAST_COMMIT_WINS] = "last_commit_wins",
    [POLICY_VERSION_COLUMN] = "version_column",
    [POLICY_VERSION_COLUMN + 1] = NULL,
};
static const char *const row_error_choices[] = {
    [ROW_ERROR_PARK] = "park", [ROW_ERROR_STOP] = "stop", [ROW_ERROR_STOP + 1] = NULL};

static const struct field conflicts_fields[] = {
    KEY("policy", read_choice, AT(config_conflicts, policy), ONE_OF(policy_choices)),
    KEY("version_column", read_text, AT(config_conflicts, version_column), AT_LEAST(1),
        WANTED("a column's name")),
    KEY("on_row_error", read_choice, AT(config_conflicts, on_row_error), ONE_OF(row_error_choices)),
    KEY("max_per_minute", read_number, AT(config_conflicts, max_per_minute), RANGE(0, ROWS_MAX)),
    KEY("max_parked_in_a_row", read_number, AT(config_conflicts, max_parked_in_a_row),
        RANGE(0, ROWS_MAX)),
};

static bool read_conflicts(struct reader *reader, const struct field *field,
                           const yaml_node_t *node, void *into) {
    const struct config_conflicts *conflicts = into;
    if (!reader_section(reader, field->section, node, into)) {
        return false;
    }
    if (conflicts->policy == POLICY_VERSION_COLUMN && conflicts->version_column == NULL) {
        reader_fail(reader, node, "the policy version_column wants the key \"version_column\"");
        return err_hint(reader->err, "name the column that grows with every change, such as "
                                     "updated_at");
    }
    return true;
}

static const struct field verify_fields[] = {
    KEY("sample", read_number, AT(config_verify, sample), RANGE(1, ROWS_MAX)),
    KEY("min_accuracy", read_fraction, AT(config_verify, min_accuracy)),
};

/* What will come is not taken as if it were there. */
static bool refuse_unavailable(struct reader *reader, const struct field *field,
                               const yaml_node_t *node, void *into) {
    (void)into;
    reader_fail(reader, node, "\"%s\" is not available in this version", field->key);
    return err_hint(reader->err, "take it out: `pgtandem status --json` has the figures");
}

static bool read_on_new(struct reader *reader, const struct field *field, const yaml_node_t *node,
                        void *into) {
    unsigned choice = 0;
    bool good = read_choice(reader, field, node, &choice);
    *(bool *)into = choice == 1;
    return good;
}

static const char *const side_choices[] = {"old", "new", NULL};

static const struct field query_fields[] = {
    KEY("sql", read_text, AT(config_query, sql), REQUIRED, AT_LEAST(1),
        WANTED("a query that returns a number")),
    KEY("max", read_real, AT(config_query, max), REQUIRED),
    KEY("side", read_on_new, AT(config_query, on_new), ONE_OF(side_choices)),
};

static const struct section query_section = {" in \"query\"", FIELDS(query_fields)};

static const struct field limits_fields[] = {
    KEY("replica_lag", read_duration, AT(config_limits, replica_lag), RANGE(0, 86400 * USEC_SECOND),
        WANTED("a duration of at most a day, such as 5s")),
    KEY("lock_timeout", read_duration, AT(config_limits, lock_timeout),
        RANGE(1000, 600 * USEC_SECOND), WANTED("a duration from 1ms to 10min, such as 500ms")),
    KEY("active_sessions", read_number, AT(config_limits, active_sessions), RANGE(0, 1000000)),
    KEY("query", read_section, AT(config_limits, query), SECTION(query_section)),
    KEY("slot_wal", read_size, AT(config_limits, slot_wal), RANGE(INT64_C(1) << 20, INT64_MAX),
        WANTED("a size of at least 1MB, such as 10GB")),
};

static const char *const sequences_choices[] = {
    [SEQUENCES_MANAGE] = "manage", [SEQUENCES_LEAVE] = "leave", [SEQUENCES_LEAVE + 1] = NULL};

static const struct section backfill_section = {" in \"backfill\"", FIELDS(backfill_fields)};
static const struct section stream_section = {" in \"stream\"", FIELDS(stream_fields)};
static const struct section conflicts_section = {" in \"conflicts\"", FIELDS(conflicts_fields)};
static const struct section verify_section = {" in \"verify\"", FIELDS(verify_fields)};
static const struct section limits_section = {" in \"limits\"", FIELDS(limits_fields)};

static const struct field config_fields[] = {
    KEY("migration", read_migration, AT(config, migration), REQUIRED, AT_LEAST(1),
        WANTED("a name of a-z, 0-9 and _ that starts with a letter and has at most 30 characters")),
    KEY("old", read_section, REQUIRED, SECTION(old_section)),
    KEY("new", read_section, REQUIRED, SECTION(new_section)),
    KEY("tables", read_tables, REQUIRED, AT_LEAST(1)),
    KEY("backfill", read_section, AT(config, backfill), SECTION(backfill_section)),
    KEY("stream", read_section, AT(config, stream), SECTION(stream_section)),
    KEY("conflicts", read_conflicts, AT(config, conflicts), SECTION(conflicts_section)),
    KEY("verify", read_section, AT(config, verify), SECTION(verify_section)),
    {.key = "serve", .read = refuse_unavailable, .unavailable = true},
    KEY("limits", read_section, AT(config, limits), SECTION(limits_section)),
    KEY("sequences", read_choice, AT(config, sequences), ONE_OF(sequences_choices)),
};

const struct section schema_config = {"", FIELDS(config_fields)};
