/* schema.c - see schema.h: one table of fields for each section, and what is
 * particular about some values. */
#include "config/schema.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/table_name.h"

enum { MIGRATION_MAX = 30 }; /* so that slot names stay within 63 bytes */

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
    {.key = "dsn", .read = read_text, .offset = offsetof(struct config, old_dsn),
     .required = true, .expected = "a connection string"},
};

static const struct field new_fields[] = {
    {.key = "dsn", .read = read_text, .offset = offsetof(struct config, new_dsn),
     .required = true, .expected = "a connection string"},
    {.key = "ddl", .read = read_text, .offset = offsetof(struct config, new_ddl), .min = 1,
     .expected = "the path of an SQL file"},
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
    {.key = "use", .read = read_text, .offset = offsetof(struct transform_spec, use), .min = 1,
     .required = true, .expected = "a transform's name or path"},
    {.key = "old", .read = read_names, .offset = offsetof(struct transform_spec, old_columns),
     .min = 1, .required = true},
    {.key = "new", .read = read_names, .offset = offsetof(struct transform_spec, new_columns),
     .min = 1, .required = true},
};

static const struct field ignore_fields[] = {
    {.key = "old", .read = read_names, .offset = offsetof(struct table_spec, ignore_old)},
    {.key = "new", .read = read_names, .offset = offsetof(struct table_spec, ignore_new)},
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
    table->transforms =
        arena_zero(reader->arena, table->n_transforms, sizeof *table->transforms);
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
    {.key = "old", .read = read_table_name, .offset = offsetof(struct table_spec, old_table),
     .required = true},
    {.key = "new", .read = read_table_name, .offset = offsetof(struct table_spec, new_table),
     .required = true},
    {.key = "transforms", .read = read_transforms},
    {.key = "ignore", .read = read_section, .section = &ignore_section},
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
            const struct table_name *name =
                old_again ? &tables[i].old_table : &tables[i].new_table;
            return reader_fail(reader, node, "%s table %s.%s is listed twice, first on line %d",
                               old_again ? "old" : "new", name->schema, name->name,
                               tables[j].line);
        }
    }
    return true;
}

/* Into the config itself: it holds two members, the list and its count. */
static bool read_tables(struct reader *reader, const struct field *field,
                        const yaml_node_t *node, void *into) {
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
    const struct field path = {
        .key = field->key, .expected = "the path of an SQL file", .min = 1};
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

static const struct field backfill_fields[] = {
    {.key = "jobs", .read = read_number, .offset = offsetof(struct config_backfill, jobs),
     .min = 1, .max = 64},
    {.key = "chunk_rows", .read = read_number,
     .offset = offsetof(struct config_backfill, chunk_rows), .min = 1, .max = ROWS_MAX},
    {.key = "max_rows_per_second", .read = read_number,
     .offset = offsetof(struct config_backfill, max_rows_per_second), .max = ROWS_MAX},
    {.key = "after_copy", .read = read_after_copy},
};

static bool read_truncate(struct reader *reader, const struct field *field,
                          const yaml_node_t *node, void *into) {
    unsigned choice = 0;
    bool good = read_choice(reader, field, node, &choice);
    *(bool *)into = choice == 1;
    return good;
}

static const char *const truncate_choices[] = {"stop", "apply", NULL};

static const struct field stream_fields[] = {
    {.key = "batch_rows", .read = read_number, .offset = offsetof(struct config_stream, batch_rows),
     .min = 1, .max = 100000},
    {.key = "on_truncate", .read = read_truncate,
     .offset = offsetof(struct config_stream, truncate), .choices = truncate_choices},
};

static const char *const policy_choices[] = {
    [POLICY_LAST_COMMIT_WINS] = "last_commit_wins",
    [POLICY_VERSION_COLUMN] = "version_column",
    [POLICY_VERSION_COLUMN + 1] = NULL,
};
static const char *const row_error_choices[] = {
    [ROW_ERROR_PARK] = "park", [ROW_ERROR_STOP] = "stop", [ROW_ERROR_STOP + 1] = NULL};

static const struct field conflicts_fields[] = {
    {.key = "policy", .read = read_choice, .offset = offsetof(struct config_conflicts, policy),
     .choices = policy_choices},
    {.key = "version_column", .read = read_text, .min = 1, .expected = "a column's name",
     .offset = offsetof(struct config_conflicts, version_column)},
    {.key = "on_row_error", .read = read_choice,
     .offset = offsetof(struct config_conflicts, on_row_error), .choices = row_error_choices},
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
    {.key = "sample", .read = read_number, .offset = offsetof(struct config_verify, sample),
     .min = 1, .max = ROWS_MAX},
    {.key = "min_accuracy", .read = read_fraction,
     .offset = offsetof(struct config_verify, min_accuracy)},
};

static bool is_address_and_port(const char *text) {
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text) {
        return false;
    }
    size_t digits = strspn(colon + 1, "0123456789");
    long port = digits > 0 && digits <= 5 ? strtol(colon + 1, NULL, 10) : 0;
    return colon[1 + digits] == '\0' && port >= 1 && port <= 65535;
}

static bool read_listen(struct reader *reader, const struct field *field,
                        const yaml_node_t *node, void *into) {
    const char *const *listen = into;
    return read_text(reader, field, node, into) &&
           (is_address_and_port(*listen) ||
            reader_fail(reader, node, "\"%s\": expected %s, found \"%.80s\"", field->key,
                        field->expected, *listen));
}

static const struct field serve_fields[] = {
    {.key = "listen", .read = read_listen, .offset = offsetof(struct config_serve, listen),
     .required = true, .min = 1, .expected = "an address and a port, such as 127.0.0.1:9187"},
};

static const struct field limits_fields[] = {
    {.key = "replica_lag", .read = read_duration,
     .offset = offsetof(struct config_limits, replica_lag), .max = 86400 * USEC_SECOND,
     .expected = "a duration of at most a day, such as 5s"},
    {.key = "lock_timeout", .read = read_duration,
     .offset = offsetof(struct config_limits, lock_timeout), .min = 1000,
     .max = 600 * USEC_SECOND, .expected = "a duration from 1ms to 10min, such as 500ms"},
    {.key = "slot_wal", .read = read_size, .offset = offsetof(struct config_limits, slot_wal),
     .min = 1024 * 1024, .max = INT64_MAX, .expected = "a size of at least 1MB, such as 10GB"},
};

static const struct section backfill_section = {" in \"backfill\"", FIELDS(backfill_fields)};
static const struct section stream_section = {" in \"stream\"", FIELDS(stream_fields)};
static const struct section conflicts_section = {" in \"conflicts\"", FIELDS(conflicts_fields)};
static const struct section verify_section = {" in \"verify\"", FIELDS(verify_fields)};
static const struct section serve_section = {" in \"serve\"", FIELDS(serve_fields)};
static const struct section limits_section = {" in \"limits\"", FIELDS(limits_fields)};

static const struct field config_fields[] = {
    {.key = "migration", .read = read_migration, .offset = offsetof(struct config, migration),
     .required = true, .min = 1,
     .expected = "a name of a-z, 0-9 and _ that starts with a letter and has at most 30 characters"},
    {.key = "old", .read = read_section, .required = true, .section = &old_section},
    {.key = "new", .read = read_section, .required = true, .section = &new_section},
    {.key = "tables", .read = read_tables, .required = true, .min = 1},
    {.key = "backfill", .read = read_section, .offset = offsetof(struct config, backfill),
     .section = &backfill_section},
    {.key = "stream", .read = read_section, .offset = offsetof(struct config, stream),
     .section = &stream_section},
    {.key = "conflicts", .read = read_conflicts, .offset = offsetof(struct config, conflicts),
     .section = &conflicts_section},
    {.key = "verify", .read = read_section, .offset = offsetof(struct config, verify),
     .section = &verify_section},
    {.key = "serve", .read = read_section, .offset = offsetof(struct config, serve),
     .section = &serve_section},
    {.key = "limits", .read = read_section, .offset = offsetof(struct config, limits),
     .section = &limits_section},
};

const struct section schema_config = {"", FIELDS(config_fields)};
