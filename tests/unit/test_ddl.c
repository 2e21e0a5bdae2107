/* test_ddl.c - what the head of an SQL statement says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/ddl.h"

enum { KEYS_MAX = 4 };

static void assert_same(const char *label, const char *what, const char *got, const char *wanted) {
    if ((got == NULL) != (wanted == NULL) || (got != NULL && strcmp(got, wanted) != 0)) {
        fail_msg("%s: %s is %s, not %s", label, what, got != NULL ? got : "none",
                 wanted != NULL ? wanted : "none");
    }
}

static void assert_count(const char *label, const char *what, size_t got, size_t wanted) {
    if (got != wanted) {
        fail_msg("%s: %s is %zu, not %zu", label, what, got, wanted);
    }
}

/* kinds */

static const struct {
    const char *sql;
    enum ddl_kind kind;
    bool concurrently, transactional;
} kinds[] = {
    {"", DDL_OTHER, false, true},
    {"-- nothing\n", DDL_OTHER, false, true},
    {"CREATE", DDL_OTHER, false, true},
    {"CREATE TABLE concurrently_made (a int)", DDL_OTHER, false, true},
    {"CREATE INDEX", DDL_CREATE_INDEX, false, true},
    {"CREATE INDEX a ON t (b)", DDL_CREATE_INDEX, false, true},
    {"CREATE INDEX CONCURRENTLY a ON t (b)", DDL_CREATE_INDEX, true, false},
    {"create unique index concurrently if not exists a on t (b)", DDL_CREATE_INDEX, true, false},
    {"CREATE\nINDEX\tConcurrently a ON t (b)", DDL_CREATE_INDEX, true, false},
    {"CREATE /* not UNIQUE */ INDEX -- nor\n CONCURRENTLY a ON t (b)", DDL_CREATE_INDEX, true,
     false},
    {"CREATE INDEX concurrently_made ON t (b)", DDL_CREATE_INDEX, false, true},
    {"CREATE INDEX \"CONCURRENTLY\" ON t (b)", DDL_CREATE_INDEX, false, true},
    {"REINDEX (VERBOSE) INDEX CONCURRENTLY a", DDL_OTHER, true, false},
    {"REINDEX INDEX a", DDL_OTHER, false, true},
    {"DROP INDEX CONCURRENTLY a", DDL_OTHER, true, false},
    {"DROP TABLE a", DDL_OTHER, false, true},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY a", DDL_OTHER, true, false},
    {"ALTER TABLE a DETACH PARTITION b CONCURRENTLY", DDL_ALTER_TABLE, true, false},
    {"ALTER TABLE a ADD b int", DDL_ALTER_TABLE, false, true},
    {"ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", DDL_ALTER_TABLE, false, true},
    {"ALTER INDEX a RENAME TO b", DDL_OTHER, false, true},
    {"INSERT INTO notes SELECT 'it ran concurrently with us'", DDL_OTHER, false, true},
    {"update t SET a = 1", DDL_OTHER, false, true},
    {"VACUUM t", DDL_OTHER, false, true},
    {"DO $$ BEGIN COMMIT; END $$", DDL_OTHER, false, true},
    {"SET maintenance_work_mem = '1GB'", DDL_SETTING, false, false},
    {"RESET ROLE", DDL_SETTING, false, false},
    {"BEGIN", DDL_TRANSACTION, false, false},
    {"start transaction", DDL_TRANSACTION, false, false},
    {"COMMIT", DDL_TRANSACTION, false, false},
    {"END", DDL_TRANSACTION, false, false},
    {"PREPARE TRANSACTION 'a'", DDL_TRANSACTION, false, false},
    {"PREPARE a AS SELECT 1", DDL_OTHER, false, true},
};

static void the_kind_is_told_by_the_first_words(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct ddl ddl = ddl_parse(kinds[i].sql, strlen(kinds[i].sql), &arena);
        assert_count(kinds[i].sql, "kind", ddl.kind, kinds[i].kind);
        assert_count(kinds[i].sql, "concurrently", ddl.concurrently, kinds[i].concurrently);
        assert_count(kinds[i].sql, "transactional", ddl.transactional, kinds[i].transactional);
    }
    arena_fini(&arena);
}

/* indexes */

#define LONG_NAME "an_identifier_of_seventy_bytes_is_cut_by_the_server_to_sixty-three_ab"

static const struct {
    const char *label, *sql;
    const char *index, *schema, *table;
    bool unique, if_not_exists;
} indexes[] = {
    {"plain", "CREATE INDEX a ON t (b)", "a", NULL, "t", false, false},
    {"unique", "CREATE UNIQUE INDEX a ON t (b)", "a", NULL, "t", true, false},
    {"schema", "CREATE INDEX a ON s.t (b)", "a", "s", "t", false, false},
    {"folded", "CREATE INDEX A ON S.T (b)", "a", "s", "t", false, false},
    {"quoted", "CREATE INDEX \"A b\" ON \"S.1\".\"T\"\"x\" (b)", "A b", "S.1", "T\"x", false,
     false},
    {"blanks and comments", "CREATE INDEX a/**/ON--x\n s /*.u*/ . t(b)", "a", "s", "t", false,
     false},
    {"letters beyond ASCII", "CREATE INDEX \xC3\x89 ON t (b)", "\xC3\x89", NULL, "t", false, false},
    {"if not exists", "CREATE INDEX IF NOT EXISTS a ON t (b)", "a", NULL, "t", false, true},
    {"named if", "CREATE INDEX if ON t (b)", "if", NULL, "t", false, false},
    {"without a name", "CREATE INDEX ON t (b)", NULL, NULL, "t", false, false},
    {"only", "CREATE INDEX a ON ONLY t (b)", "a", NULL, "t", false, false},
    {"star", "CREATE INDEX a ON t * (b)", "a", NULL, "t", false, false},
    {"method", "CREATE INDEX a ON t USING gin (b)", "a", NULL, "t", false, false},
    {"long", "CREATE INDEX \"" LONG_NAME "\" ON t (b)",
     "an_identifier_of_seventy_bytes_is_cut_by_the_server_to_sixty-th", NULL, "t", false, false},
    {"database", "CREATE INDEX a ON d.s.t (b)", NULL, NULL, NULL, false, false},
    {"escaped letters", "CREATE INDEX a ON U&\"t\" (b)", NULL, NULL, NULL, false, false},
    {"escaped name", "CREATE INDEX U&\"a\" ON t (b)", NULL, NULL, NULL, false, false},
    {"a text as name", "CREATE INDEX E'a' ON t (b)", NULL, NULL, NULL, false, false},
    {"name not closed", "CREATE INDEX \"a ON t (b)", NULL, NULL, NULL, false, false},
    {"empty name", "CREATE INDEX \"\" ON t (b)", NULL, NULL, "t", false, false},
    {"no table", "CREATE INDEX a ON", NULL, NULL, NULL, false, false},
    {"no keys", "CREATE INDEX a ON t", NULL, NULL, NULL, false, false},
    {"nothing known", "CREATE INDEX a OF t (b)", NULL, NULL, NULL, false, false},
};

static void an_index_has_a_name_and_a_table(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        const char *label = indexes[i].label;
        struct ddl ddl = ddl_parse(indexes[i].sql, strlen(indexes[i].sql), &arena);
        assert_count(label, "kind", ddl.kind, DDL_CREATE_INDEX);
        assert_same(label, "the index", ddl.index, indexes[i].index);
        assert_same(label, "the schema", ddl.table.schema, indexes[i].schema);
        assert_same(label, "the table", ddl.table.name, indexes[i].table);
        assert_count(label, "unique", ddl.unique, indexes[i].unique);
        assert_count(label, "if not exists", ddl.if_not_exists, indexes[i].if_not_exists);
    }
    arena_fini(&arena);
}

static void a_name_that_is_missing_has_a_place(void **state) {
    (void)state;
    static const char sql[] = "CREATE INDEX CONCURRENTLY /* any */ ON t (b)";
    static const char named[] = "CREATE INDEX CONCURRENTLY a ON t (b)";
    struct arena arena;
    arena_init(&arena);
    struct ddl ddl = ddl_parse(sql, sizeof sql - 1, &arena);
    assert_ptr_equal(sql + ddl.name_at, strstr(sql, "ON t"));
    assert_int_equal(ddl_parse(named, sizeof named - 1, &arena).name_at, 0);
    arena_fini(&arena);
}

static const struct {
    const char *sql;
    const char *keys[KEYS_MAX]; /* none: they cannot be told */
    const char *predicate;
    bool nulls_not_distinct;
} keys[] = {
    {"CREATE UNIQUE INDEX a ON t (b)", {"b"}, NULL, false},
    {"CREATE INDEX ON t (b, c)", {"b", "c"}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b, \"C d\" )", {"b", "\"C d\""}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b DESC NULLS LAST, c ASC)", {"b", "c"}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (lower(b), (c || d), s.f(e, 1))",
     {"lower(b)", "(c || d)", "s.f(e, 1)"},
     NULL,
     false},
    {"CREATE UNIQUE INDEX a ON t (b COLLATE \"C\" DESC)", {"b COLLATE \"C\""}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b text_pattern_ops)", {NULL}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b) INCLUDE (c) WITH (fillfactor = 70) TABLESPACE x",
     {"b"},
     NULL,
     false},
    {"CREATE UNIQUE INDEX a ON t (b) NULLS NOT DISTINCT", {"b"}, NULL, true},
    {"CREATE UNIQUE INDEX a ON t (b) NULLS DISTINCT", {"b"}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b) WHERE c IS NOT NULL", {"b"}, "c IS NOT NULL", false},
    {"CREATE UNIQUE INDEX a ON t (b) OF something", {NULL}, NULL, false},
    {"CREATE UNIQUE INDEX a ON t (b", {NULL}, NULL, false},
    {"ALTER TABLE t ADD UNIQUE (b, c)", {"b", "c"}, NULL, false},
    {"ALTER TABLE t ADD CONSTRAINT x UNIQUE NULLS NOT DISTINCT (b)", {"b"}, NULL, true},
    {"ALTER TABLE t ADD PRIMARY KEY (b)", {"b"}, NULL, false},
    {"ALTER TABLE t ADD UNIQUE USING INDEX x", {NULL}, NULL, false},
    {"ALTER TABLE t ADD UNIQUE (b), ADD c int", {NULL}, NULL, false},
};

static void what_an_index_is_over_is_taken_from_the_parentheses(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *sql = keys[i].sql;
        struct ddl_keys got = ddl_parse(sql, strlen(sql), &arena).keys;
        size_t n = 0;
        for (; n < KEYS_MAX && keys[i].keys[n] != NULL; n++) {
            assert_same(sql, "a key", n < got.count ? got.items[n] : NULL, keys[i].keys[n]);
        }
        assert_count(sql, "keys", got.count, n);
        assert_same(sql, "the predicate", got.predicate, keys[i].predicate);
        assert_count(sql, "nulls not distinct", got.nulls_not_distinct, keys[i].nulls_not_distinct);
    }
    arena_fini(&arena);
}

/* ALTER TABLE */

static const struct {
    const char *sql;
    const char *schema, *table;
    size_t n_actions;
    enum ddl_constraint adds;
    bool not_valid, checks_rows, builds_index;
} alterations[] = {
    {"ALTER TABLE t ADD CHECK (a > 0)", NULL, "t", 1, DDL_CHECK, false, true, false},
    {"ALTER TABLE t ADD CONSTRAINT c CHECK (a IN (1, 2))", NULL, "t", 1, DDL_CHECK, false, true,
     false},
    {"alter table only s.t * add constraint \"C\" check (a > b[1, 2]) no inherit", "s", "t", 1,
     DDL_CHECK, false, true, false},
    {"ALTER TABLE IF EXISTS t ADD CHECK (a > 0) NOT VALID", NULL, "t", 1, DDL_CHECK, true, false,
     false},
    {"ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", NULL, "t", 1, DDL_CHECK, true, false, false},
    {"ALTER TABLE t ADD CHECK (NOT valid)", NULL, "t", 1, DDL_CHECK, false, true, false},
    {"ALTER TABLE t ADD CHECK (a = 'x, NOT VALID')", NULL, "t", 1, DDL_CHECK, false, true, false},
    {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES u (c, d) ON DELETE SET NULL (a)", NULL, "t",
     1, DDL_FOREIGN_KEY, false, true, false},
    {"ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u NOT VALID DEFERRABLE", NULL, "t",
     1, DDL_FOREIGN_KEY, true, false, false},
    {"ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)", NULL, "t", 1, DDL_UNIQUE, false, false, true},
    {"ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i", NULL, "t", 1, DDL_UNIQUE, false, false,
     false},
    {"ALTER TABLE t ADD UNIQUE (a) USING INDEX TABLESPACE x", NULL, "t", 1, DDL_UNIQUE, false,
     false, true},
    {"ALTER TABLE t ADD PRIMARY KEY (a)", NULL, "t", 1, DDL_PRIMARY_KEY, false, false, true},
    {"ALTER TABLE t ADD EXCLUDE USING gist (a WITH &&)", NULL, "t", 1, DDL_EXCLUDE, false, false,
     true},
    {"ALTER TABLE t ADD COLUMN a int CHECK (a > 0)", NULL, "t", 1, DDL_NO_CONSTRAINT, false, false,
     false},
    {"ALTER TABLE t ADD unique_a int", NULL, "t", 1, DDL_NO_CONSTRAINT, false, false, false},
    {"ALTER TABLE t VALIDATE CONSTRAINT c", NULL, "t", 1, DDL_NO_CONSTRAINT, false, false, false},
    {"ALTER TABLE t ADD CHECK (a > 0), ADD CHECK (b > 0)", NULL, "t", 2, DDL_NO_CONSTRAINT, false,
     true, false},
    {"ALTER TABLE t ALTER a SET NOT NULL, ADD FOREIGN KEY (a) REFERENCES u", NULL, "t", 2,
     DDL_NO_CONSTRAINT, false, true, false},
    {"ALTER TABLE t ADD CHECK (a > 0) NOT VALID, ADD UNIQUE (b)", NULL, "t", 2, DDL_NO_CONSTRAINT,
     false, false, true},
    {"ALTER TABLE d.s.t ADD CHECK (a > 0)", NULL, NULL, 0, DDL_NO_CONSTRAINT, false, false, false},
    {"ALTER TABLE", NULL, NULL, 0, DDL_NO_CONSTRAINT, false, false, false},
};

static void what_a_table_gets_is_told_by_its_actions(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof alterations / sizeof *alterations; i++) {
        const char *sql = alterations[i].sql;
        struct ddl ddl = ddl_parse(sql, strlen(sql), &arena);
        assert_count(sql, "kind", ddl.kind, DDL_ALTER_TABLE);
        assert_same(sql, "the schema", ddl.table.schema, alterations[i].schema);
        assert_same(sql, "the table", ddl.table.name, alterations[i].table);
        assert_count(sql, "actions", ddl.n_actions, alterations[i].n_actions);
        assert_count(sql, "adds", ddl.adds, alterations[i].adds);
        assert_count(sql, "not valid", ddl.not_valid, alterations[i].not_valid);
        assert_count(sql, "checks rows", ddl.checks_rows, alterations[i].checks_rows);
        assert_count(sql, "builds an index", ddl.builds_index, alterations[i].builds_index);
    }
    arena_fini(&arena);
}

/* Any beginning of a statement is one, too: the parser ends with the text. */
static void a_text_may_end_anywhere(void **state) {
    (void)state;
    static const char *const texts[] = {
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"a\"\"b\" ON ONLY s.\"t\" USING btree "
        "(lower(b) COLLATE \"C\" DESC NULLS LAST, (c || d)) INCLUDE (e) NULLS NOT DISTINCT "
        "WITH (fillfactor = 70) TABLESPACE x WHERE f",
        "ALTER TABLE IF EXISTS ONLY s.t * ADD CONSTRAINT \"c\" FOREIGN KEY (a[1]) REFERENCES u (b) "
        "NOT VALID, ADD UNIQUE NULLS NOT DISTINCT (b), DETACH PARTITION p CONCURRENTLY",
        "REINDEX (VERBOSE) INDEX CONCURRENTLY a",
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t size = 0; size <= strlen(texts[i]); size++) {
            char *text = malloc(size > 0 ? size : 1); /* a sanitizer sees what is beyond */
            memcpy(text, texts[i], size);
            ddl_parse(text, size, &arena);
            free(text);
        }
    }
    arena_fini(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_is_told_by_the_first_words),
        cmocka_unit_test(an_index_has_a_name_and_a_table),
        cmocka_unit_test(a_name_that_is_missing_has_a_place),
        cmocka_unit_test(what_an_index_is_over_is_taken_from_the_parentheses),
        cmocka_unit_test(what_a_table_gets_is_told_by_its_actions),
        cmocka_unit_test(a_text_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
