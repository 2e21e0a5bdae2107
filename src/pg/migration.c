/* migration.c - see migration.h. */
#include "pg/migration.h"

#include <stdio.h>
#include <string.h>

const char *direction_name(enum direction direction) {
    return direction == FORWARD ? "forward" : "reverse";
}

/* What is asked here is short, but for looks at large tables without an index. A process
 * that hangs is heard of after a second (loop.h), and given up after this. */
static const usec_t control_patience = 300 * USEC_SECOND;

static void init_side(struct side *side, struct loop *loop, const char *label, const char *dsn) {
    side->label = label;
    side->dsn = dsn;
    db_init(&side->db, loop, SESSION_SQL, dsn, label, "pgtandem control");
    side->db.patience = control_patience;
}

void migration_init(struct migration *m, struct config *config, struct loop *loop) {
    memset(m, 0, sizeof *m);
    m->config = config;
    m->loop = loop;
    m->n_tables = config->n_tables;
    arena_init(&m->arena);
    registry_init(&m->transforms);
    problem_list_init(&m->problems, &m->arena);
    init_side(&m->old_side, loop, "the old database", config->old_dsn);
    init_side(&m->new_side, loop, "the new database", config->new_dsn);
}

void migration_fini(struct migration *m) {
    db_close(&m->old_side.db);
    db_close(&m->new_side.db);
    registry_fini(&m->transforms);
    arena_fini(&m->arena);
}

bool migration_connect_side(struct migration *m, struct side *side, struct err *err) {
    if (!db_open(&side->db, err) || !catalog_read_identity(&side->db, &side->identity, err)) {
        return false;
    }
    const struct database_identity *a = &m->old_side.identity, *b = &m->new_side.identity;
    m->same_database = a->system_identifier == b->system_identifier && a->oid == b->oid;
    return true;
}

bool migration_connect(struct migration *m, struct err *err) {
    return migration_connect_side(m, &m->old_side, err) &&
           migration_connect_side(m, &m->new_side, err);
}

bool migration_read_catalogs(struct migration *m, struct err *err) {
    m->old_tables = arena_zero(&m->arena, m->n_tables, sizeof *m->old_tables);
    m->new_tables = arena_zero(&m->arena, m->n_tables, sizeof *m->new_tables);
    m->pairs = arena_zero(&m->arena, m->n_tables, sizeof *m->pairs);
    for (size_t i = 0; i < m->n_tables; i++) {
        const struct table_spec *spec = &m->config->tables[i];
        if (!catalog_read_table(&m->old_side.db, &spec->old_table, &m->arena, &m->old_tables[i],
                                err) ||
            !catalog_read_table(&m->new_side.db, &spec->new_table, &m->arena, &m->new_tables[i],
                                err)) {
            return false;
        }
    }
    return true;
}

static void report_missing(struct migration *m, const struct table_spec *spec,
                           const struct table_name *name, const char *side, const char *hint) {
    problem_add(&m->problems, spec->line, "table %s.%s does not exist in the %s database",
                name->schema, name->name, side);
    problem_hint(&m->problems, "%s", hint);
}

static bool report_missing_tables(struct migration *m, size_t i) {
    const struct table_spec *spec = &m->config->tables[i];
    if (m->old_tables[i] == NULL) {
        report_missing(m, spec, &spec->old_table, "old",
                       "check the name, its case and the dsn under \"old\"");
    }
    if (m->new_tables[i] == NULL) {
        report_missing(m, spec, &spec->new_table, "new",
                       "create it, or name a file that does under new.ddl and run setup");
    }
    return m->old_tables[i] != NULL && m->new_tables[i] != NULL;
}

/* NULL when one of them could not be loaded; why is among the problems. */
static const struct pgtandem_transform **load_transforms(struct migration *m,
                                                         const struct table_spec *spec) {
    const struct pgtandem_transform **list =
        arena_zero(&m->arena, spec->n_transforms + 1, sizeof *list);
    bool ok = true;
    for (size_t i = 0; i < spec->n_transforms; i++) {
        struct err err;
        err_clear(&err);
        list[i] =
            registry_load(&m->transforms, spec->transforms[i].use, m->config->directory, &err);
        if (list[i] == NULL) {
            problem_add(&m->problems, spec->transforms[i].line, "%s", err.message);
            problem_hint(&m->problems, "%s", err.hint);
            ok = false;
        }
    }
    return ok ? list : NULL;
}

bool migration_build_mapping(struct migration *m, size_t i) {
    const struct table_spec *spec = &m->config->tables[i];
    const struct pgtandem_transform **transforms = load_transforms(m, spec);
    const struct config_conflicts *conflicts = &m->config->conflicts;
    return report_missing_tables(m, i) && transforms != NULL &&
           mapping_build(spec, i, m->old_tables[i], m->new_tables[i], transforms, &m->arena,
                         &m->pairs[i], &m->problems) &&
           (conflicts->policy != POLICY_VERSION_COLUMN ||
            mapping_set_version(&m->pairs[i], conflicts->version_column, &m->problems));
}

bool migration_build_mappings(struct migration *m, struct err *err) {
    bool ok = true;
    m->problems.count = 0;
    for (size_t i = 0; i < m->n_tables; i++) {
        ok = migration_build_mapping(m, i) && ok;
    }
    if (ok) {
        return true;
    }
    const struct problem *first = &m->problems.items[0];
    if (first->line > 0) {
        err_set(err, ERR_USAGE, "%s:%d: %s", m->config->path, first->line, first->message);
    } else {
        err_set(err, ERR_USAGE, "%s", first->message);
    }
    return err_hint(err, "%s", first->hint);
}

struct side *migration_source(struct migration *m, enum direction direction) {
    return direction == FORWARD ? &m->old_side : &m->new_side;
}

struct side *migration_target(struct migration *m, enum direction direction) {
    return direction == FORWARD ? &m->new_side : &m->old_side;
}

const struct mapping *migration_mapping(const struct migration *m, size_t table,
                                        enum direction direction) {
    return direction == FORWARD ? &m->pairs[table].forward : &m->pairs[table].reverse;
}

struct object_name migration_slot(const struct migration *m, enum direction direction) {
    struct object_name name;
    snprintf(name.text, sizeof name.text, "pgtandem_%s_%s", m->config->migration,
             direction_name(direction));
    return name;
}

struct object_name migration_origin(const struct migration *m, enum direction direction) {
    return migration_slot(m, direction); /* the same words, in another catalog */
}

struct object_name migration_copy_origin(const struct migration *m, int worker) {
    struct object_name name;
    snprintf(name.text, sizeof name.text, "pgtandem_%s_copy_%d", m->config->migration, worker);
    return name;
}

/* The suffix comes last: "mend_forward" would be the forward link's name of a
 * migration called "..._mend". */
struct object_name migration_mend_origin(const struct migration *m, enum direction direction) {
    struct object_name name;
    snprintf(name.text, sizeof name.text, "pgtandem_%s_%s_mend", m->config->migration,
             direction_name(direction));
    return name;
}

struct object_name migration_check_slot(int backend_pid) {
    struct object_name name;
    snprintf(name.text, sizeof name.text, "pgtandem_check_%u", (unsigned)backend_pid);
    return name;
}

struct name_pattern migration_name_pattern(const char *migration) {
    struct name_pattern pattern;
    snprintf(pattern.text, sizeof pattern.text,
             "^pgtandem_%s_((forward|reverse)(_mend)?|copy_[0-9]+)$", migration);
    return pattern;
}

int64_t migration_lock_key(const struct migration *m) {
    /* FNV-1a; the first half says whose lock it is: "pgtandem" */
    uint64_t hash = UINT64_C(14695981039346656037);
    const char *parts[] = {"pgtandem/", m->config->migration};
    for (size_t i = 0; i < 2; i++) {
        for (const char *p = parts[i]; *p != '\0'; p++) {
            hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
        }
    }
    return (int64_t)(hash >> 1);
}

int64_t migration_presence_key(const struct migration *m) {
    return migration_lock_key(m) ^ 1;
}
