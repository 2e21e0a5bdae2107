/* check_tables.c - see check.h: the tables, and the mapping between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/check.h"
#include "command/key_gate.h"
#include "pg/operators.h"
#include "pg/quote.h"
#include "pg/writer.h"

/* files */

static void check_file(struct check *check, const char *key, const char *path) {
    const char *resolved = config_resolve_path(check->m->config, path);
    if (access(resolved, R_OK) == 0) {
        findings_add(&check->findings, FINDING_ok, key, "%s: %s can be read", key, resolved);
    } else {
        findings_add(&check->findings, FINDING_error, key, "%s: %s cannot be read", key, resolved);
        findings_hint(&check->findings, "correct the path in %s", check->m->config->path);
    }
}

static void check_files(struct check *check) {
    const struct config *config = check->m->config;
    if (config->new_ddl != NULL) {
        check_file(check, "new.ddl", config->new_ddl);
    }
    check_after_copy(check);
}

/* the mapping */

/* Setup will make it, so the mapping cannot be looked at yet. */
static bool is_to_be_made(const struct migration *m, size_t i) {
    return m->old_tables[i] != NULL && m->new_tables[i] == NULL && m->config->new_ddl != NULL;
}

static bool is_of_version(const struct problem *problem) {
    static const char key[] = "conflicts.version_column";
    return strncmp(problem->message, key, sizeof key - 1) == 0;
}

static void add_problems(struct check *check) {
    const struct problem_list *problems = &check->m->problems;
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        const char *word = is_of_version(p) ? "version_column" : "mapping";
        if (p->line > 0) {
            findings_add(&check->findings, FINDING_error, word, "%s:%d: %s", check->m->config->path,
                         p->line, p->message);
        } else {
            findings_add(&check->findings, FINDING_error, word, "%s", p->message);
        }
        findings_hint(&check->findings, "%s", p->hint);
    }
}

/* True when every mapping stands. */
static bool check_mappings(struct check *check) {
    struct migration *m = check->m;
    bool all = true;
    m->problems.count = 0;
    for (size_t i = 0; i < m->n_tables; i++) {
        const struct table_spec *spec = &m->config->tables[i];
        if (is_to_be_made(m, i)) {
            findings_add(&check->findings, FINDING_warning, "mapping",
                         "%s.%s is not there yet: setup will make it, and its mapping cannot be "
                         "checked before",
                         spec->new_table.schema, spec->new_table.name);
            findings_hint(&check->findings, "run setup, then check again");
            all = false;
        } else if (migration_build_mapping(m, i)) {
            findings_add(&check->findings, FINDING_ok, "mapping", "%s.%s maps to %s.%s",
                         spec->old_table.schema, spec->old_table.name, spec->new_table.schema,
                         spec->new_table.name);
        } else {
            all = false;
        }
    }
    add_problems(check);
    return all;
}

/* privileges */

static const char *const privileges_sql = "SELECT string_agg(p, ', ') FROM unnest($2::text[]) AS p"
                                          " WHERE NOT has_table_privilege($1::oid, p)";

static void check_privileges(struct check *check, struct side *side, const struct table *table) {
    struct err err;
    char oid[16];
    snprintf(oid, sizeof oid, "%u", table->oid);
    const char *wanted = check->m->config->stream.truncate
                             ? "{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}"
                             : "{SELECT,INSERT,UPDATE,DELETE}";
    bool may_look;
    char *lacking = db_text(&side->db, &err, privileges_sql, 2, (const char *const[]){oid, wanted});
    if ((lacking == NULL && err.code != ERR_NONE) ||
        !db_bool(&side->db, &err, &may_look, "SELECT has_schema_privilege($1, 'USAGE')", 1,
                 &table->name.schema)) {
        findings_add_err(&check->findings, FINDING_error, "privileges", &err);
    } else if (!may_look) {
        findings_add(&check->findings, FINDING_error, "privileges",
                     "the role may not use the schema %s of %s", table->name.schema, side->label);
        findings_hint(&check->findings, "GRANT USAGE ON SCHEMA %s TO the role", table->name.schema);
    } else if (lacking != NULL) {
        findings_add(&check->findings, FINDING_error, "privileges",
                     "the role lacks %s on %s.%s in %s: both links write", lacking,
                     table->name.schema, table->name.name, side->label);
        findings_hint(&check->findings, "GRANT %s ON %s.%s TO the role", lacking,
                      table->name.schema, table->name.name);
    } else {
        findings_add(&check->findings, FINDING_ok, "privileges",
                     "%s.%s in %s can be read and written", table->name.schema, table->name.name,
                     side->label);
    }
    free(lacking);
}

/* Rows that were there before the copy would be overwritten, or stay for ever. */
static void check_emptiness(struct check *check, const struct table *table) {
    struct err err;
    err_clear(&err);
    if (check->state.exists && check->state.backfill != BACKFILL_pending) {
        return;
    }
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT EXISTS (SELECT FROM ");
    quote_table(&sql, &table->name);
    buf_add_char(&sql, ')');
    bool any;
    if (!db_bool(&check->m->new_side.db, &err, &any, sql.data, 0, NULL)) {
        findings_add_err(&check->findings, FINDING_error, "target_empty", &err);
    } else if (any) {
        findings_add(&check->findings, FINDING_error, "target_empty",
                     "%s.%s has rows already, and no backfill has begun", table->name.schema,
                     table->name.name);
        findings_hint(&check->findings, "empty it, or run with --no-backfill");
    } else {
        findings_add(&check->findings, FINDING_ok, "target_empty", "%s.%s is empty",
                     table->name.schema, table->name.name);
    }
    buf_fini(&sql);
}

static void check_triggers(struct check *check, enum direction direction) {
    struct err err;
    bool fires;
    const char *label = migration_target(check->m, direction)->label;
    err_clear(&err);
    if (!writer_fires_triggers(check->m, direction, &fires, &err)) {
        findings_add_err(&check->findings, FINDING_error, "triggers", &err);
    } else if (fires) {
        findings_add(&check->findings, FINDING_warning, "triggers",
                     "triggers or foreign keys of tables in %s fire on rows that pgtandem writes",
                     label);
        findings_hint(&check->findings,
                      "GRANT SET ON PARAMETER session_replication_role TO the role; where the "
                      "tables have deferrable constraints, see to it that firing twice does no "
                      "harm");
    } else {
        findings_add(&check->findings, FINDING_ok, "triggers",
                     "no trigger in %s fires on rows that pgtandem writes", label);
    }
}

/* Of a table whose other side is still to be made: there is no mapping yet that
 * could tell. */
static void check_version_column(struct check *check, const struct table *table,
                                 const char *label) {
    const char *column = check->m->config->conflicts.version_column;
    if (check->m->config->conflicts.policy != POLICY_VERSION_COLUMN ||
        table_find_column(table, column, strlen(column)) != COLUMN_NONE) {
        return;
    }
    findings_add(&check->findings, FINDING_error, "version_column",
                 "%s.%s in %s has no column \"%s\", which is to decide conflicts",
                 table->name.schema, table->name.name, label, column);
    findings_hint(&check->findings,
                  "add it to both tables, or choose conflicts.policy last_commit_wins");
}

/* keys */

/* One text with the collation of each text column of the key. */
static char *read_collations(struct side *side, const struct table *table, struct err *err) {
    char oid[16];
    snprintf(oid, sizeof oid, "%u", table->oid);
    return db_text(&side->db, err,
                   "SELECT string_agg(a.attname || ' ' ||"
                   "                  CASE WHEN c.collname = 'default' THEN d.datcollate"
                   "                       ELSE c.collname END ||"
                   "                  CASE WHEN c.collisdeterministic THEN '' ELSE ' (loose)' END,"
                   "                  ', ' ORDER BY a.attname)"
                   "  FROM pg_index i JOIN pg_attribute a"
                   "    ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
                   "  JOIN pg_collation c ON c.oid = a.attcollation"
                   "  JOIN pg_database d ON d.datname = current_database()"
                   " WHERE i.indrelid = $1::oid AND i.indisprimary",
                   1, (const char *const[]){oid});
}

static void check_collations(struct check *check, size_t i) {
    struct migration *m = check->m;
    struct err err;
    char *a = read_collations(&m->old_side, m->old_tables[i], &err);
    char *b = read_collations(&m->new_side, m->new_tables[i], &err);
    if (a != NULL && b != NULL && strcmp(a, b) != 0) {
        bool loose = strstr(a, "(loose)") != NULL || strstr(b, "(loose)") != NULL;
        findings_add(&check->findings, loose ? FINDING_warning : FINDING_ok, "collations",
                     "the key's texts are collated differently: %s in the old database, %s in the "
                     "new one%s",
                     a, b,
                     loose ? "; keys that differ on one side may be equal on the other"
                           : ", which does no harm");
        findings_hint(&check->findings, "%s", loose ? "use deterministic collations for keys" : "");
    }
    free(a);
    free(b);
}

static void check_keys(struct check *check, struct side *side) {
    struct err err;
    struct problem_list problems;
    err_clear(&err);
    problem_list_init(&problems, &check->m->arena);
    if (!key_gate_look(check->m, side, &problems, &err)) {
        findings_add_err(&check->findings, FINDING_error, "key", &err);
    } else if (problems.count == 0) {
        findings_add(&check->findings, FINDING_ok, "key",
                     "rows of tables in %s can be found by their keys", side->label);
    }
    for (size_t i = 0; i < problems.count; i++) {
        findings_add(&check->findings, FINDING_error, "key", "%s", problems.items[i].message);
        findings_hint(&check->findings, "%s", problems.items[i].hint);
    }
}

/* all of it */

static void check_one_table(struct check *check, size_t i) {
    struct migration *m = check->m;
    if (m->old_tables[i] != NULL) {
        check_privileges(check, &m->old_side, m->old_tables[i]);
        if (m->new_tables[i] == NULL) {
            check_version_column(check, m->old_tables[i], m->old_side.label);
        }
    }
    if (m->new_tables[i] != NULL) {
        check_privileges(check, &m->new_side, m->new_tables[i]);
        check_emptiness(check, m->new_tables[i]);
    }
    if (m->pairs[i].forward.columns != NULL) { /* there is a mapping */
        check_sequences(check, i);
    }
    if (m->old_tables[i] != NULL && m->new_tables[i] != NULL) {
        check_collations(check, i);
    }
}

static void check_operators(struct check *check) {
    struct err err;
    err_clear(&err);
    if (!operators_are_safe(check->m, &err)) {
        findings_add_err(&check->findings, FINDING_error, "operators", &err);
    }
}

void check_tables(struct check *check) {
    struct migration *m = check->m;
    struct err err;
    err_clear(&err);
    check_files(check);
    if (!migration_read_catalogs(m, &err)) {
        findings_add_err(&check->findings, FINDING_error, "catalogs", &err);
        return;
    }
    bool all = check_mappings(check);
    check_keys(check, &m->old_side);
    check_keys(check, &m->new_side);
    for (size_t i = 0; i < m->n_tables; i++) {
        check_one_table(check, i);
    }
    if (all) {
        check_triggers(check, FORWARD);
        check_triggers(check, REVERSE);
        check_operators(check);
    }
}
