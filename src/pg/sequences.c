/* sequences.c - see sequences.h: one statement for a table's columns and their
 * sequences, one for each sequence's position, and for unique columns one for the
 * numbers that are there. */
#include "pg/sequences.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg/quote.h"

/* one table's columns */

/* A default that is nothing but nextval() has a text that can be foretold: pg_get_expr()
 * writes a name as regclass does, and never E''. */
static const char *const drawn_sql =
    "SELECT a.attname, quote_ident(a.attname), format('%I.%I', n.nspname, t.relname),"
    "       a.attidentity <> '', pg_has_role(t.relowner, 'USAGE'),"
    "       a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid)"
    "           = 'nextval(''' || replace(s.seqrelid::regclass::text, '''', '''''')"
    "             || '''::regclass)',"
    "       s.seqrelid, format('%I.%I', sn.nspname, sc.relname),"
    "       quote_literal(format('%I.%I', sn.nspname, sc.relname)),"
    "       s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache > 1, s.seqcycle,"
    "       has_schema_privilege(sn.oid, 'USAGE') AND has_sequence_privilege(sc.oid, 'SELECT'),"
    "       has_schema_privilege(sn.oid, 'USAGE') AND pg_has_role(sc.relowner, 'USAGE'),"
    "       has_schema_privilege(sn.oid, 'USAGE') AND has_sequence_privilege(sc.oid, 'UPDATE')"
    "  FROM pg_class named"
    "  JOIN pg_namespace nn ON nn.oid = named.relnamespace"
    "  JOIN pg_class t ON t.oid = coalesce(pg_partition_root(named.oid), named.oid)"
    "  JOIN pg_namespace n ON n.oid = t.relnamespace"
    "  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " CROSS JOIN LATERAL"
    "       (SELECT q.* FROM pg_sequence q"
    "         WHERE q.seqrelid IN"
    "               (SELECT refobjid FROM pg_depend"
    "                 WHERE classid = 'pg_attrdef'::regclass AND objid = d.oid"
    "                   AND refclassid = 'pg_class'::regclass"
    "                UNION ALL"
    "                SELECT objid FROM pg_depend"
    "                 WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass"
    "                   AND refobjid = a.attrelid AND refobjsubid = a.attnum AND deptype = 'i')"
    "         ORDER BY q.seqrelid LIMIT 1) AS s"
    "  JOIN pg_class sc ON sc.oid = s.seqrelid"
    "  JOIN pg_namespace sn ON sn.oid = sc.relnamespace"
    " WHERE nn.nspname = $1 AND named.relname = $2"
    " ORDER BY a.attnum";

static const char *copy_field(struct arena *arena, const PGresult *r, int row, int column) {
    return arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

static struct drawn_column read_drawn(struct arena *arena, const PGresult *r, int row) {
    return (struct drawn_column){
        .column = copy_field(arena, r, row, 1),
        .table = copy_field(arena, r, row, 2),
        .is_identity = result_bool(r, row, 3),
        .may_alter_table = result_bool(r, row, 4),
        .is_plain = result_bool(r, row, 5),
        .fits_min = INT64_MIN,
        .fits_max = INT64_MAX,
        .sequence = {.oid = (uint32_t)result_int(r, row, 6),
                     .name = copy_field(arena, r, row, 7),
                     .literal = copy_field(arena, r, row, 8),
                     .increment = result_int(r, row, 9),
                     .min = result_int(r, row, 10),
                     .max = result_int(r, row, 11),
                     .start = result_int(r, row, 12),
                     .caches = result_bool(r, row, 13),
                     .cycles = result_bool(r, row, 14),
                     .may_read = result_bool(r, row, 15),
                     .may_alter = result_bool(r, row, 16),
                     .may_set = result_bool(r, row, 17)},
    };
}

static bool read_position(struct db *db, struct sequence *s, struct arena *arena, struct err *err) {
    if (!s->may_read) {
        return true;
    }
    const char *sql = arena_printf(arena, "SELECT last_value, is_called FROM %s", s->name);
    PGresult *r = db_query(db, err, sql, 0, NULL);
    if (r == NULL) {
        return err_context(err, "cannot read the sequence %s in %s", s->name, db->label);
    }
    s->last_value = result_int(r, 0, 0);
    s->is_called = result_bool(r, 0, 1);
    PQclear(r);
    return true;
}

bool sequences_read_table(struct db *db, const struct table_name *name, struct arena *arena,
                          struct drawn_columns *list, struct err *err) {
    const char *params[] = {name->schema, name->name};
    PGresult *r = db_query(db, err, drawn_sql, 2, params);
    if (r == NULL) {
        return err_context(err, "cannot look up the sequences of %s.%s in %s", name->schema,
                           name->name, db->label);
    }
    list->count = (size_t)PQntuples(r);
    list->names = arena_zero(arena, list->count, sizeof *list->names);
    list->items = arena_zero(arena, list->count, sizeof *list->items);
    for (size_t i = 0; i < list->count; i++) {
        list->names[i] = copy_field(arena, r, (int)i, 0);
        list->items[i] = read_drawn(arena, r, (int)i);
    }
    PQclear(r);
    for (size_t i = 0; i < list->count; i++) {
        if (!read_position(db, &list->items[i].sequence, arena, err)) {
            return false;
        }
    }
    return true;
}

/* a pair of columns */

/* False: not a number. */
static bool find_fits(const struct column_type *type, struct drawn_column *column) {
    static const struct {
        uint32_t oid;
        int64_t min, max;
    } numbers[] = {
        {20, INT64_MIN, INT64_MAX},   /* bigint */
        {21, INT16_MIN, INT16_MAX},   /* smallint */
        {23, INT32_MIN, INT32_MAX},   /* integer */
        {1700, INT64_MIN, INT64_MAX}, /* numeric */
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].oid == type->base_oid) {
            column->fits_min = numbers[i].min;
            column->fits_max = numbers[i].max;
            return true;
        }
    }
    return false;
}

static const char *quoted_name(const char *name, struct arena *arena) {
    struct buf quoted;
    buf_init(&quoted);
    quote_identifier(&quoted, name);
    const char *copy = arena_copy(arena, quoted.data, quoted.size);
    buf_fini(&quoted);
    return copy;
}

/* What is known of the column of one side; the sequence is none where it is not among
 * those that are drawn. */
static struct drawn_column find_column(const struct drawn_columns *list,
                                       const struct column *column, struct arena *arena) {
    struct drawn_column found = {.fits_min = INT64_MIN, .fits_max = INT64_MAX, .is_plain = true};
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], column->name) == 0) {
            found = list->items[i];
        }
    }
    if (found.column == NULL) {
        found.column = quoted_name(column->name, arena);
    }
    found.is_number = find_fits(&column->type, &found);
    found.is_plain &= found.is_number;
    return found;
}

static bool read_unique(struct db *db, const struct table *table, const char *column, bool *unique,
                        struct err *err) {
    char oid[16];
    snprintf(oid, sizeof oid, "%u", table->oid);
    return db_bool(db, err, unique,
                   "SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a"
                   "    ON a.attrelid = i.indrelid"
                   "   AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])"
                   " WHERE i.indrelid = $1::oid AND i.indisunique AND a.attname = $2)",
                   2, (const char *const[]){oid, column});
}

/* the numbers that are there */

static const char *quoted_table(const struct table *table, struct arena *arena) {
    struct buf quoted;
    buf_init(&quoted);
    quote_table(&quoted, &table->name);
    const char *copy = arena_copy(arena, quoted.data, quoted.size);
    buf_fini(&quoted);
    return copy;
}

/* Rounded outwards, as far as a bigint goes: a numeric may hold more than that. */
static const char *as_bigint(const char *round, const char *which, const char *column,
                             struct arena *arena) {
    return arena_printf(arena,
                        "greatest(least(%s(%s(%s)::numeric), 9223372036854775807),"
                        " -9223372036854775808)::bigint",
                        round, which, column);
}

static bool read_values(struct db *db, const struct table *table, struct drawn_column *column,
                        struct arena *arena, struct err *err) {
    const char *name = column->column;
    const char *sql =
        arena_printf(arena, "SELECT min(%s) IS NOT NULL, %s, %s FROM %s", name,
                     as_bigint("floor", "min", name, arena), as_bigint("ceil", "max", name, arena),
                     quoted_table(table, arena));
    PGresult *r = db_query(db, err, sql, 0, NULL);
    if (r == NULL) {
        return err_context(err, "cannot read the numbers of %s.%s in %s", table->name.schema,
                           table->name.name, db->label);
    }
    column->has_values = result_bool(r, 0, 0);
    column->least = result_int(r, 0, 1);
    column->greatest = result_int(r, 0, 2);
    PQclear(r);
    return true;
}

/* Is there a number among this side's that the new sequence will come to? Asked only
 * where it has some of them before it. */
static bool read_taken(struct db *db, const struct table *table, const struct drawn_column *column,
                       const struct sequence *s, bool *taken, struct arena *arena,
                       struct err *err) {
    bool down = s->increment < 0;
    int64_t next;
    *taken = column->has_values && sequence_find_next(s, &next) &&
             (down ? column->least <= next : column->greatest >= next);
    if (!*taken) {
        return true;
    }
    char from[24], to[24], step[24];
    snprintf(from, sizeof from, "%" PRId64, next);
    snprintf(to, sizeof to, "%" PRId64, down ? s->min : s->max);
    snprintf(step, sizeof step, "%" PRId64, s->increment);
    const char *sql = arena_printf(arena,
                                   "SELECT EXISTS (SELECT FROM %s WHERE %s BETWEEN %s"
                                   "   AND mod(%s::numeric - $1::bigint, $3::bigint) = 0)",
                                   quoted_table(table, arena), column->column,
                                   down ? "$2::bigint AND $1::bigint" : "$1::bigint AND $2::bigint",
                                   column->column);
    return db_bool(db, err, taken, sql, 3, (const char *const[]){from, to, step}) ||
           err_context(err, "cannot look for numbers that %s will give away", s->name);
}

/* Where one sequence serves both, or none the new side, nobody needs to know. */
static bool read_numbers(struct migration *m, const struct mapping *mapping,
                         struct sequence_facts *facts, struct arena *arena, struct err *err) {
    struct drawn_column *old_one = &facts->sides[SEQUENCE_OLD];
    struct drawn_column *new_one = &facts->sides[SEQUENCE_NEW];
    const struct sequence *s = &new_one->sequence;
    bool in_old = false, in_new = false;
    if (!facts->is_unique || s->oid == 0 || !new_one->is_plain || !s->may_read ||
        (facts->same_database && s->oid == old_one->sequence.oid)) {
        return true;
    }
    struct db *old_db = &m->old_side.db, *new_db = &m->new_side.db;
    bool ok = read_values(new_db, mapping->target, new_one, arena, err) &&
              read_taken(new_db, mapping->target, new_one, s, &in_new, arena, err) &&
              (!old_one->is_number ||
               (read_values(old_db, mapping->source, old_one, arena, err) &&
                read_taken(old_db, mapping->source, old_one, s, &in_old, arena, err)));
    facts->is_taken = in_new || in_old;
    return ok;
}

/* all of it */

static bool read_facts(struct migration *m, const struct mapping *mapping,
                       const struct mapping_column *copied, const struct drawn_columns lists[2],
                       bool look_at_rows, struct sequence_case *c, struct arena *arena,
                       struct err *err) {
    const struct column *old_column = &mapping->source->columns[copied->source];
    const struct column *new_column = &mapping->target->columns[copied->target];
    struct sequence_facts *facts = &c->facts;
    bool old_unique, new_unique;
    c->column = new_column->name;
    facts->same_database = m->same_database;
    facts->sides[SEQUENCE_OLD] = find_column(&lists[SEQUENCE_OLD], old_column, arena);
    facts->sides[SEQUENCE_NEW] = find_column(&lists[SEQUENCE_NEW], new_column, arena);
    if (facts->sides[SEQUENCE_OLD].sequence.oid == 0 &&
        facts->sides[SEQUENCE_NEW].sequence.oid == 0) {
        return true;
    }
    if (!read_unique(&m->old_side.db, mapping->source, c->column, &old_unique, err) ||
        !read_unique(&m->new_side.db, mapping->target, c->column, &new_unique, err)) {
        return false;
    }
    facts->is_unique = old_unique || new_unique;
    return !look_at_rows || read_numbers(m, mapping, facts, arena, err);
}

bool sequences_read(struct migration *m, size_t table, bool look_at_rows, struct arena *arena,
                    struct sequence_cases *cases, struct err *err) {
    const struct mapping *mapping = migration_mapping(m, table, FORWARD);
    const struct table_spec *spec = &m->config->tables[table];
    struct drawn_columns lists[2] = {{0}};
    cases->items = arena_zero(arena, mapping->n_columns, sizeof *cases->items);
    cases->count = 0;
    if (!sequences_read_table(&m->old_side.db, &spec->old_table, arena, &lists[SEQUENCE_OLD],
                              err) ||
        !sequences_read_table(&m->new_side.db, &spec->new_table, arena, &lists[SEQUENCE_NEW],
                              err)) {
        return false;
    }
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *copied = &mapping->columns[i];
        struct sequence_case *c = &cases->items[cases->count];
        if (copied->source == COLUMN_NONE) {
            continue;
        }
        if (!read_facts(m, mapping, copied, lists, look_at_rows, c, arena, err)) {
            return false;
        }
        cases->count += c->facts.sides[SEQUENCE_OLD].sequence.oid != 0 ||
                        c->facts.sides[SEQUENCE_NEW].sequence.oid != 0;
    }
    return true;
}

char *sequences_read_barred(struct db *db, uint32_t table, uint32_t sequence, struct err *err) {
    char table_oid[16], sequence_oid[16];
    snprintf(table_oid, sizeof table_oid, "%u", table);
    snprintf(sequence_oid, sizeof sequence_oid, "%u", sequence);
    return db_text(db, err,
                   "SELECT string_agg(DISTINCT CASE WHEN x.grantee = 0 THEN 'PUBLIC'"
                   "                                ELSE quote_ident(pg_get_userbyid(x.grantee))"
                   "                           END, ', ')"
                   "  FROM pg_class c,"
                   "       aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x"
                   " WHERE c.oid = $1::oid AND x.privilege_type = 'INSERT'"
                   "   AND x.grantee <> current_user::regrole"
                   "   AND NOT has_sequence_privilege(x.grantee, $2::oid, 'USAGE, UPDATE')",
                   2, (const char *const[]){table_oid, sequence_oid});
}
