/* check_after_copy.c - see check.h: the files under backfill.after_copy, and what in them would
 * make others wait. Whether a statement is right, only the server can say, when it runs. */
#include <string.h>

#include "base/file.h"
#include "command/check.h"
#include "model/ddl.h"
#include "model/sqlsplit.h"

static const char word[] = "backfill.after_copy";

struct file {
    struct check *check;
    const char *path; /* as the configuration names it */
    size_t locking;   /* statements that lock a new table while they build an index */
};

static bool is_new_table(const struct check *check, const struct table_name *table) {
    const struct config *config = check->m->config;
    for (size_t i = 0; i < config->n_tables; i++) {
        const struct table_name *new_table = &config->tables[i].new_table;
        if (strcmp(new_table->name, table->name) == 0 &&
            (table->schema == NULL || strcmp(new_table->schema, table->schema) == 0)) {
            return true;
        }
    }
    return false;
}

static void add(struct file *file, enum finding_level level, int line, size_t number,
                const char *what) {
    findings_add(&file->check->findings, level, word, "%s:%d: statement %zu %s", file->path, line,
                 number, what);
}

/* Until live nobody but the forward link writes to a new table. */
static void check_building(struct file *file, const struct ddl *ddl, int line, size_t number) {
    if (ddl->table.name == NULL || is_new_table(file->check, &ddl->table)) {
        file->locking++;
        return;
    }
    add(file, FINDING_warning, line, number,
        "builds an index on a table that is not new: whoever writes there waits for its end");
    findings_hint(&file->check->findings,
                  "CREATE INDEX CONCURRENTLY; then, for a constraint, ADD CONSTRAINT ... USING "
                  "INDEX");
}

static void check_statement(struct file *file, const struct sql_statement *statement,
                            size_t number) {
    struct arena arena;
    arena_init(&arena);
    struct ddl ddl = ddl_parse(statement->text, statement->size, &arena);
    if (ddl.kind == DDL_TRANSACTION) {
        add(file, FINDING_error, statement->line, number,
            "begins or ends a transaction, but each statement is run by itself");
        findings_hint(&file->check->findings, "leave BEGIN, COMMIT and their kin out");
    } else if (ddl.checks_rows && ddl.n_actions > 1) {
        add(file, FINDING_warning, statement->line, number,
            "adds a constraint among other actions, and checks all rows under its lock");
        findings_hint(&file->check->findings,
                      "make the constraint a statement of its own: it is then added NOT VALID, "
                      "and validated while others write");
    }
    if ((ddl.kind == DDL_CREATE_INDEX && !ddl.concurrently) || ddl.builds_index) {
        check_building(file, &ddl, statement->line, number);
    }
    arena_fini(&arena);
}

static void check_statements(struct file *file, const struct buf *text) {
    struct arena arena;
    arena_init(&arena);
    struct sql_statements statements = sqlsplit(buf_text(text), text->size, &arena);
    for (size_t i = 0; i < statements.count; i++) {
        check_statement(file, &statements.items[i], i + 1);
    }
    if (file->locking > 0) {
        findings_add(&file->check->findings, FINDING_ok, word,
                     "%s: %zu of %zu statements build an index under a lock, for which nobody "
                     "but the forward link has to wait",
                     file->path, file->locking, statements.count);
    }
    arena_fini(&arena);
}

static void check_file(struct check *check, const char *path) {
    const char *resolved = config_resolve_path(check->m->config, path);
    struct file file = {check, path, 0};
    struct err err;
    struct buf text;
    buf_init(&text);
    if (file_read(resolved, &text, &err)) {
        findings_add(&check->findings, FINDING_ok, word, "%s: %s can be read", word, resolved);
        check_statements(&file, &text);
    } else {
        findings_add(&check->findings, FINDING_error, word, "%s: %s cannot be read", word,
                     resolved);
        findings_hint(&check->findings, "correct the path in %s", check->m->config->path);
    }
    buf_fini(&text);
}

void check_after_copy(struct check *check) {
    const struct config_backfill *backfill = &check->m->config->backfill;
    for (size_t i = 0; i < backfill->n_after_copy; i++) {
        check_file(check, backfill->after_copy[i].path);
    }
}
