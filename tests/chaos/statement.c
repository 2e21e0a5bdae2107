/* statement.c - writes steps as SQL. */
#include "statement.h"

#include <stddef.h>

/* Grows with every update, also when two fall into one microsecond. */
#define BUMP "updated_at = greatest(updated_at + interval '1 microsecond', clock_timestamp())"

void statement_init(struct statement *statement) {
    buf_init(&statement->sql);
    statement->count = 0;
}

void statement_fini(struct statement *statement) {
    buf_fini(&statement->sql);
}

static void begin(struct statement *s) {
    buf_reset(&s->sql);
    s->count = 0;
}

/* The number of a parameter that holds the value. */
static int value(struct statement *s, const char *text) {
    s->values[s->count++] = text;
    return s->count;
}

static int key_value(struct statement *s, int64_t key, struct arena *arena) {
    return value(s, arena_printf(arena, "%lld", (long long)key));
}

static void add_returning(struct statement *s, enum side side) {
    buf_add_format(&s->sql, " RETURNING %s", side_columns(side));
}

static void add_set(struct statement *s, const char *column, const char *text) {
    int number = value(s, text);
    buf_add_format(&s->sql, ", %s = $%d", column, number);
}

/* After a first "id = ...", so that each may begin with a comma */
static void add_sets(struct statement *s, const struct step *step) {
    if (step->bump) {
        buf_add_text(&s->sql, ", " BUMP);
    }
    if (step->set & SET_EMAIL) {
        add_set(s, "email", step->email);
    }
    if (step->set & SET_FULL_NAME) {
        add_set(s, "full_name", step->full_name);
    }
    if (step->set & SET_FIRST_NAME) {
        add_set(s, "first_name", step->first_name);
    }
    if (step->set & SET_LAST_NAME) {
        add_set(s, "last_name", step->last_name);
    }
    if (step->set & SET_BIO) {
        add_set(s, "bio", step->bio);
    }
}

static void make_insert(struct statement *s, enum side side, const struct step *step,
                        struct arena *arena) {
    (void)key_value(s, step->key, arena);
    (void)value(s, step->email);
    (void)value(s, step->bio);
    (void)value(s, side == OLD ? step->full_name : step->first_name);
    if (side == NEW) {
        (void)value(s, step->last_name);
    }
    buf_add_format(&s->sql,
                   "INSERT INTO %s (id, email, bio, created_at, updated_at, %s)"
                   " VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp(), %s)"
                   " ON CONFLICT DO NOTHING",
                   side_table(side), side == OLD ? "full_name" : "first_name, last_name",
                   side == OLD ? "$4" : "$4, $5");
}

static void make_update(struct statement *s, enum side side, const struct step *step,
                        struct arena *arena) {
    (void)key_value(s, step->key, arena);
    buf_add_format(&s->sql, "UPDATE %s SET id = id", side_table(side));
    add_sets(s, step);
    buf_add_text(&s->sql, " WHERE id = $1");
}

static void make_delete(struct statement *s, enum side side, const struct step *step,
                        struct arena *arena) {
    (void)key_value(s, step->key, arena);
    buf_add_format(&s->sql, "DELETE FROM %s WHERE id = $1", side_table(side));
}

static void make_move(struct statement *s, enum side side, const struct step *step,
                      struct arena *arena) {
    (void)key_value(s, step->key, arena);
    (void)key_value(s, step->other, arena);
    buf_add_format(&s->sql, "UPDATE %s SET id = $2", side_table(side));
    add_sets(s, step);
    buf_add_format(&s->sql, " WHERE id = $1 AND NOT EXISTS (SELECT FROM %s WHERE id = $2)",
                   side_table(side));
}

static void make_bulk_insert(struct statement *s, enum side side, const struct step *step) {
    (void)value(s, step->email);
    (void)value(s, side == OLD ? step->full_name : step->first_name);
    buf_add_format(&s->sql,
                   "INSERT INTO %s (id, email, bio, created_at, updated_at, %s)"
                   " SELECT id, $3::text || id || '@example.com',"
                   "   CASE WHEN id %% 7 = 3 THEN NULL"
                   "        WHEN id %% 60 = 0 THEN (SELECT string_agg(md5(id || '/' || part), '')"
                   "                               FROM generate_series(1, 100) AS part)"
                   "        ELSE 'one of many' END,"
                   "   clock_timestamp(), clock_timestamp(), %s"
                   " FROM generate_series($1::bigint, $2::bigint) AS id"
                   " ON CONFLICT DO NOTHING",
                   side_table(side), side == OLD ? "full_name" : "first_name, last_name",
                   side == OLD ? "$4::text || ' ' || id" : "$4::text, 'No ' || id");
}

static void make_bulk(struct statement *s, enum side side, const struct step *step,
                      struct arena *arena) {
    (void)key_value(s, step->key, arena);
    (void)key_value(s, step->other, arena);
    if (step->kind == STEP_BULK_INSERT) {
        make_bulk_insert(s, side, step);
    } else if (step->kind == STEP_BULK_UPDATE) {
        (void)value(s, side == OLD ? step->full_name : step->last_name);
        buf_add_format(&s->sql,
                       "UPDATE %s SET " BUMP ", %s = $3::text || id WHERE id BETWEEN $1 AND $2",
                       side_table(side), side == OLD ? "full_name" : "last_name");
    } else {
        buf_add_format(&s->sql, "DELETE FROM %s WHERE id BETWEEN $1 AND $2", side_table(side));
    }
}

void statement_make(struct statement *s, enum side side, const struct step *step,
                    struct arena *arena) {
    begin(s);
    switch (step->kind) {
        case STEP_INSERT:
            make_insert(s, side, step, arena);
            break;
        case STEP_UPDATE:
            make_update(s, side, step, arena);
            break;
        case STEP_DELETE:
            make_delete(s, side, step, arena);
            break;
        case STEP_MOVE:
            make_move(s, side, step, arena);
            break;
        case STEP_BULK_INSERT:
        case STEP_BULK_UPDATE:
        case STEP_BULK_DELETE:
            make_bulk(s, side, step, arena);
            break;
        case STEP_SWAP:
        case STEP_SAVEPOINT:
        case STEP_ROLL_BACK:
            return;
    }
    add_returning(s, side);
}

void statement_lock_emails(struct statement *s, enum side side, const struct step *step,
                           struct arena *arena) {
    begin(s);
    (void)key_value(s, step->key, arena);
    (void)key_value(s, step->other, arena);
    buf_add_format(&s->sql, "SELECT email FROM %s WHERE id IN ($1, $2) ORDER BY id FOR UPDATE",
                   side_table(side));
}

void statement_set_email(struct statement *s, enum side side, const struct step *step, int64_t key,
                         const char *email, struct arena *arena) {
    begin(s);
    (void)key_value(s, key, arena);
    (void)value(s, email);
    buf_add_format(&s->sql, "UPDATE %s SET email = $2%s WHERE id = $1", side_table(side),
                   step->bump ? ", " BUMP : "");
    add_returning(s, side);
}
