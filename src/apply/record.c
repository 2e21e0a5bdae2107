/* record.c - see record.h. */
#include "apply/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/array.h"
#include "apply/described.h"
#include "apply/round.h"
#include "base/text.h"
#include "pg/quote.h"

enum { CONFLICT_PARAMS = 12 }; /* before the key's */

/* rechecks */

/* The keys of one mapping, flat; they are taken off the list. */
static size_t take_keys(struct recheck *list, size_t n, const struct mapping *mapping,
                        struct buf *keys) {
    size_t left = 0;
    buf_add_char(keys, '{');
    for (size_t i = 0; i < n; i++) {
        if (list[i].mapping != mapping) {
            list[left++] = list[i];
            continue;
        }
        for (size_t k = 0; k < mapping->n_key; k++) {
            buf_add_text(keys, keys->size > 1 ? "," : "");
            array_add_element(keys, list[i].key[k]);
        }
    }
    buf_add_char(keys, '}');
    return left;
}

static void queue_rechecks(struct applier *applier, struct recheck *list, size_t n) {
    while (n > 0) {
        const struct mapping *mapping = list[0].mapping;
        const char *name = mapping_target_text(mapping, &applier->arena);
        struct buf keys;
        buf_init(&keys);
        n = take_keys(list, n, mapping, &keys);
        round_queue_with(applier, "putting rows up for recheck",
                         "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)"
                         " VALUES ($1, $2, $3, $4)",
                         4,
                         (const char *const[]){applier->migration, applier->link, name, keys.data});
        buf_fini(&keys);
    }
}

void record_rechecks(struct applier *applier) {
    size_t n = applier->effects.n_rechecks;
    struct recheck *list = arena_zero(&applier->arena, n, sizeof *list);
    if (n > 0) {
        memcpy(list, applier->effects.rechecks, n * sizeof *list);
    }
    queue_rechecks(applier, list, n);
}

/* parked rows */

/* `row`: nothing where it was refused, or could not be kept. */
static void queue_parked_row(struct applier *applier, const struct change *change,
                             const struct described *key, const struct described *row) {
    struct lsn_text lsn = lsn_format(change->transaction.end);
    struct usec_text time = usec_format(change->transaction.commit_time);
    const char *params[] = {applier->migration,
                            applier->link,
                            mapping_target_text(change->mapping, &applier->arena),
                            key->names.data,
                            key->values.data,
                            change_op_name(change->op),
                            applier->park_reason.sqlstate,
                            applier->park_reason.message,
                            text_or_null(applier->park_reason.constraint),
                            applier->park_reason.server,
                            row->names.data,
                            row->values.data,
                            lsn.text,
                            time.text};
    round_queue_with(
        applier, "parking a row",
        "INSERT INTO pgtandem.parked (migration, link, table_name, key, operation, sqlstate,"
        "                             reason, constraint_name, diagnostics, row_image,"
        "                             source_lsn, commit_time)"
        " VALUES ($1, $2, $3, jsonb_object($4::text[], $5::text[]), $6, $7, $8, $9,"
        "         to_jsonb($10::text), jsonb_object($11::text[], $12::text[]), $13, $14)",
        14, params);
}

/* A key that was to become another: both are open now. */
static void put_up_move(struct applier *applier, const struct change *change) {
    struct recheck list[2] = {
        {change->mapping, change->key},
        {change->mapping, change_new_key(change, &applier->arena)},
    };
    queue_rechecks(applier, list, 2);
}

void record_parked(struct applier *applier, const struct change *change) {
    struct described key, row = {0};
    describe_key(&key, change->mapping, change->key);
    if (change->target != NULL && change->refusal == NULL && !applier->park_bare &&
        describe_fits(change->mapping, change->target)) {
        describe_row(&row, change->mapping, change->target);
    }
    queue_parked_row(applier, change, &key, &row);
    described_fini(&key);
    described_fini(&row);
    if (change->moves_key) {
        put_up_move(applier, change);
    }
}

/* counters */

struct number_text {
    char text[24];
};

static struct number_text number(uint64_t n) {
    struct number_text t;
    snprintf(t.text, sizeof t.text, "%" PRIu64, n);
    return t;
}

void record_counters(struct applier *applier, const struct applier_totals *totals,
                     const struct transaction *applied) {
    struct lsn_text lsn = lsn_format(applied->end);
    struct usec_text time = usec_format(applied->commit_time);
    struct number_text n[] = {number(totals->transactions), number(totals->changes),
                              number(totals->conflicts), number(totals->parked)};
    const char *params[] = {applier->migration, applier->link, lsn.text,  time.text,
                            n[0].text,          n[1].text,     n[2].text, n[3].text};
    round_queue_with(applier, "counting",
                     "UPDATE pgtandem.progress"
                     "   SET applied_lsn = $3, applied_commit_time = $4,"
                     "       applied_transactions = applied_transactions + $5::bigint,"
                     "       applied_changes = applied_changes + $6::bigint,"
                     "       conflicts = conflicts + $7::bigint, parked = parked + $8::bigint"
                     " WHERE migration = $1 AND link = $2",
                     8, params);
}

/* conflicts */

/* " LEFT JOIN <target> AS t ON t.id = $<first>::bigint AND ..." */
static void add_existing_row(struct buf *sql, const struct mapping *mapping, size_t first) {
    buf_add_text(sql, " LEFT JOIN ");
    quote_table(sql, &mapping->target->name);
    buf_add_text(sql, " AS t ON ");
    for (size_t k = 0; k < mapping->n_key; k++) {
        const struct column *column =
            &mapping->target->columns[mapping->columns[mapping->key[k]].target];
        buf_add_text(sql, k > 0 ? " AND t." : "t.");
        quote_identifier(sql, column->name);
        buf_add_format(sql, " = $%zu::%s", first + k, column->type.name);
    }
}

static void conflict_sql(struct buf *sql, const struct mapping *mapping) {
    buf_add_text(sql, "INSERT INTO pgtandem.conflict (migration, link, table_name, key, kind,"
                      "                               decision, incoming, incoming_at,"
                      "                               existing, existing_at, source_lsn)"
                      " SELECT $1, $2, $3, jsonb_object($4::text[], $5::text[]), $6, $7,"
                      "        jsonb_object($8::text[], $9::text[]), $10::timestamptz,"
                      "        to_jsonb(t), $11::timestamptz, $12::pg_lsn"
                      "   FROM (SELECT) AS one");
    add_existing_row(sql, mapping, CONFLICT_PARAMS + 1);
}

/* When the row that was met was committed, where commits decide and are known. */
static const char *existing_time(const struct contest *contest, struct usec_text *text) {
    bool known = contest->change->mapping->version.column == COLUMN_NONE &&
                 contest->met.standing == STANDING_ORIGINAL && contest->met.stamp != STAMP_UNKNOWN;
    if (!known) {
        return NULL;
    }
    *text = usec_format(contest->met.stamp);
    return text->text;
}

/* Values have no NUL at their end; libpq wants one. */
static void add_key_texts(struct arena *arena, const struct mapping *mapping,
                          const struct value *key, const char **params) {
    for (size_t k = 0; k < mapping->n_key; k++) {
        params[k] = arena_copy(arena, key[k].data, key[k].size);
    }
}

static void queue_conflict(struct applier *applier, const struct contest *contest, const char *sql,
                           const struct described *key, const struct described *row) {
    const struct change *change = contest->change;
    const struct mapping *mapping = change->mapping;
    struct lsn_text lsn = lsn_format(change->transaction.end);
    struct usec_text time = usec_format(change->transaction.commit_time), existing;
    size_t n = CONFLICT_PARAMS + mapping->n_key;
    const char **params = arena_zero(&applier->arena, n, sizeof *params);
    const char *const fixed[CONFLICT_PARAMS] = {applier->migration,
                                                applier->link,
                                                mapping_target_text(mapping, &applier->arena),
                                                key->names.data,
                                                key->values.data,
                                                conflict_name(contest->conflict),
                                                outcome_name(contest->outcome),
                                                row->names.data,
                                                row->values.data,
                                                time.text,
                                                existing_time(contest, &existing),
                                                lsn.text};
    memcpy(params, fixed, sizeof fixed);
    add_key_texts(&applier->arena, mapping, contest->key, params + CONFLICT_PARAMS);
    round_queue_with(applier, "recording a conflict", sql, (int)n, params);
}

static void record_conflict(struct applier *applier, const struct contest *contest) {
    const struct change *change = contest->change;
    struct described key, row = {0};
    struct buf sql;
    buf_init(&sql);
    conflict_sql(&sql, change->mapping);
    describe_key(&key, change->mapping, contest->key);
    if (change->target != NULL) {
        describe_row(&row, change->mapping, change->target);
    }
    queue_conflict(applier, contest, sql.data, &key, &row);
    described_fini(&key);
    described_fini(&row);
    buf_fini(&sql);
}

void record_conflicts(struct applier *applier) {
    for (size_t i = 0; i < applier->effects.n_contests; i++) {
        record_conflict(applier, &applier->effects.contests[i]);
    }
}

/* own writes */

void record_own_write(struct applier *applier) {
    round_queue_with(applier, "noting the transaction",
                     "INSERT INTO pgtandem.own_write (migration) VALUES ($1)", 1,
                     &applier->migration);
    round_queue_with(applier, "noting the transaction",
                     "UPDATE pgtandem.own_write SET xid = xmin::text::bigint"
                     " WHERE xid IS NULL AND migration = $1",
                     1, &applier->migration);
}
