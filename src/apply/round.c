/* round.c - see round.h. */
#include "apply/round.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/provenance.h"
#include "apply/record.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "pg/db.h"
#include "pg/sqlstate.h"

/* queueing */

void round_begin(struct applier *applier) {
    applier->n_steps = 0;
    applier->step_at = 0;
    applier->moved = applier->at_commit = applier->at_constraints = false;
    err_clear(&applier->error);
}

void round_send(struct applier *applier) {
    session_sync(applier->session);
}

static struct applier_step *add_step(struct applier *applier, enum step_kind kind,
                                     const char *label) {
    if (applier->n_steps == applier->step_capacity) {
        applier->step_capacity = applier->step_capacity == 0 ? 64 : 2 * applier->step_capacity;
        applier->steps =
            mem_grow(applier->steps, mem_mul(applier->step_capacity, sizeof *applier->steps));
    }
    struct applier_step *step = &applier->steps[applier->n_steps++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    snprintf(step->label, sizeof step->label, "%s", label);
    return step;
}

static void queue(struct applier *applier, enum step_kind kind, const char *sql) {
    session_queue(applier->session, sql, 0, NULL);
    add_step(applier, kind, sql);
}

void round_queue(struct applier *applier, const char *sql) {
    queue(applier, STEP_CONTROL, sql);
}

void round_queue_with(struct applier *applier, const char *label, const char *sql, int n_params,
                      const char *const *params) {
    int results = prepared_queue_text(&applier->prepared, applier->session, sql, n_params, params);
    while (results-- > 0) {
        add_step(applier, STEP_CONTROL, label);
    }
}

/* The built statement, preceded by its preparation when it is new. */
static struct applier_step *queue_built(struct applier *applier, enum step_kind kind) {
    struct statement *statement = &applier->statement;
    int results = prepared_queue(&applier->prepared, applier->session, statement);
    statement_release(statement);
    if (results == 2) {
        add_step(applier, STEP_CONTROL, statement->label);
    }
    return add_step(applier, kind, statement->label);
}

static void queue_progress(struct applier *applier, const struct transaction *applied) {
    struct lsn_text lsn = lsn_format(applied->end);
    struct usec_text time = usec_format(applied->commit_time);
    round_queue_with(applier, "recording the origin's progress",
                     "SELECT pg_replication_origin_xact_setup($1, $2)", 2,
                     (const char *const[]){lsn.text, time.text});
}

/* Only in a build that is to be caught at it: progress commits before the rows. */
static void queue_progress_too_early(struct applier *applier) {
    round_queue(applier, "BEGIN");
    round_queue(applier, "SELECT pg_current_xact_id()");
    queue_progress(applier, &applier->batch->last);
    round_queue(applier, "COMMIT");
}

static void begin(struct applier *applier, bool optimistic) {
    bool early = MUTANT_IS(progress_outside) && applier->batch->ends;
    if (early) {
        queue_progress_too_early(applier);
    }
    round_queue(applier, optimistic ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
    if (early) {
        round_queue(applier, "SELECT pg_replication_origin_xact_reset()");
        round_queue(applier, "SELECT pg_sleep(0.02)");
    }
}

/* Not in a piece of a transaction: what breaks there may be mended by the next. */
static bool is_whole(const struct applier *applier) {
    return applier->by_rows && applier->batch->ends && !applier->batch->continues;
}

/* Changes of one transaction may need each other, as rows that refer to each other in a
 * circle do: so it is done behind the last of them, unless it is not known by then which of
 * them is at fault. */
static bool checks_constraints(const struct applier *applier) {
    return applier_is_strict(applier) ||
           (is_whole(applier) && applier_slice_ends_transaction(applier));
}

void round_open(struct applier *applier, bool careful) {
    if (!applier->in_transaction) {
        begin(applier, careful && !applier->locking && !MUTANT_IS(unguarded));
        applier->in_transaction = true;
        memset(&applier->totals, 0, sizeof applier->totals);
    }
    applier->slice_guarded = applier->locking;
    if (applier->slice_guarded) {
        round_queue(applier, "SAVEPOINT slice");
    }
    if (is_whole(applier) || applier_is_strict(applier)) {
        round_queue(applier, "SET CONSTRAINTS ALL DEFERRED");
    }
}

/* reading */

struct wanted_key {
    const struct mapping *mapping;
    const struct value *key;
};

struct wanted_keys {
    struct wanted_key *items;
    size_t count, capacity;
};

static void want_key(void *owner, const struct mapping *mapping, const struct value *key) {
    struct wanted_keys *wanted = owner;
    if (wanted->count == wanted->capacity) {
        wanted->capacity = wanted->capacity == 0 ? 64 : mem_mul(wanted->capacity, 2);
        wanted->items = mem_grow(wanted->items, mem_mul(wanted->capacity, sizeof *wanted->items));
    }
    wanted->items[wanted->count++] = (struct wanted_key){mapping, key};
}

static int compare_wanted(const void *a, const void *b) {
    const struct wanted_key *one = a, *other = b;
    if (one->mapping->number != other->mapping->number) {
        return one->mapping->number < other->mapping->number ? -1 : 1;
    }
    return statement_compare_keys(one->mapping, one->key, other->key);
}

static enum provenance provenance_of(const struct applier *applier) {
    if (applier->policy != POLICY_LIVE) {
        return PROVENANCE_NONE;
    }
    bool own = applier->carries || applier->first > applier->begun;
    return own ? PROVENANCE_OWN_OPEN : PROVENANCE_COMMITTED;
}

/* One statement for all keys of the mapping; they are taken off the list. */
static void read_mapping(struct applier *applier, struct wanted_keys *wanted,
                         const struct mapping *mapping) {
    const struct value **keys =
        arena_zero(&applier->arena, wanted->count, sizeof(const struct value *));
    size_t n = 0, left = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->items[i].mapping == mapping) {
            keys[n++] = wanted->items[i].key;
        } else {
            wanted->items[left++] = wanted->items[i];
        }
    }
    wanted->count = left;
    statement_read(&applier->statement, mapping, keys, n, applier->locking, provenance_of(applier));
    struct applier_step *step = queue_built(applier, STEP_READ);
    step->mapping = mapping;
    step->keys = keys;
}

void round_read_rows(struct applier *applier) {
    struct wanted_keys wanted = {0};
    for (size_t i = 0; i < applier->count; i++) {
        effects_want(&applier->effects, &applier->batch->changes[applier->first + i], want_key,
                     &wanted);
    }
    if (wanted.count > 1) {
        qsort(wanted.items, wanted.count, sizeof *wanted.items, compare_wanted);
    }
    while (wanted.count > 0) {
        read_mapping(applier, &wanted, wanted.items[0].mapping);
    }
    free(wanted.items);
}

/* A commit has its time before it is visible. The newest transactions are in no
 * snapshot yet, so sessions are asked as well; and prepared ones have no session. */
void round_ask_hidden(struct applier *applier) {
    static const char sql[] =
        "SELECT string_agg(h.id, ',') FROM ("
        "    SELECT a.backend_xid::text FROM pg_stat_activity AS a"
        "     WHERE a.backend_xid IS NOT NULL"
        "       AND pg_xact_commit_timestamp(a.backend_xid) IS NOT NULL"
        "    UNION"
        "    SELECT x.id::xid::text FROM pg_snapshot_xip(pg_current_snapshot()) AS x(id)"
        "     WHERE pg_xact_commit_timestamp(x.id::xid) IS NOT NULL) AS h(id)"
        " WHERE $1::text = '' OR h.id = ANY (string_to_array($1::text, ','))";
    const char *known = buf_text(&applier->hidden);
    round_queue(applier, "SELECT pg_stat_clear_snapshot()");
    int results = prepared_queue_text(&applier->prepared, applier->session, sql, 1, &known);
    while (results-- > 1) {
        add_step(applier, STEP_CONTROL, "asking for hidden commits");
    }
    add_step(applier, STEP_HIDDEN, "asking for hidden commits");
}

/* writing */

static const enum write_kind write_order[] = {WRITE_TRUNCATE, WRITE_MOVE,   WRITE_DELETE,
                                              WRITE_UPDATE,   WRITE_INSERT, WRITE_UPSERT};

/* A blind delete may find nothing; everything else affects what it was told. */
static bool is_exact(const struct applier *applier, enum write_kind kind) {
    switch (kind) {
        case WRITE_TRUNCATE:
            return false;
        case WRITE_DELETE:
            return applier->careful;
        case WRITE_INSERT:
        case WRITE_UPDATE:
        case WRITE_MOVE:
        case WRITE_UPSERT:
            return true;
    }
    return false;
}

static const struct value *const *keys_of(struct applier *applier,
                                          const struct write *const *writes, size_t n) {
    const struct value **keys = arena_zero(&applier->arena, n, sizeof(const struct value *));
    for (size_t i = 0; i < n; i++) {
        keys[i] = writes[i]->key;
    }
    return keys;
}

static void write_group(void *owner, const struct write *const *writes, size_t n) {
    struct applier *applier = owner;
    statement_write(&applier->statement, writes, n);
    struct applier_step *step = queue_built(applier, STEP_WRITE);
    step->mapping = writes[0]->mapping;
    step->n_rows = n;
    step->exact = is_exact(applier, writes[0]->kind);
    if (writes[0]->kind == WRITE_DELETE && writes[0]->mapping->target->may_suppress) {
        step->keys = keys_of(applier, writes, n);
    }
}

void round_write_rows(struct applier *applier) {
    const struct effects *effects = &applier->effects;
    size_t n = effects->n_writes;
    const struct write **list = arena_zero(&applier->arena, n, sizeof(const struct write *));
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && effects->writes[to].segment == effects->writes[from].segment;
             to++) {
            list[to] = &effects->writes[to];
        }
        for (size_t k = 0; k < sizeof write_order / sizeof *write_order; k++) {
            statement_group(&list[from], to - from, write_order[k], write_group, applier);
        }
    }
}

/* The steps are copied, since the round that asks has steps of its own. */
static struct applier_step *short_deletes(struct applier *applier, size_t *n) {
    struct applier_step *steps = arena_zero(&applier->arena, applier->n_steps, sizeof *steps);
    *n = 0;
    for (size_t i = 0; i < applier->n_steps; i++) {
        if (applier->steps[i].is_short) {
            steps[(*n)++] = applier->steps[i];
        }
    }
    return steps;
}

bool round_ask_gone(struct applier *applier) {
    size_t n;
    const struct applier_step *steps = short_deletes(applier, &n);
    if (n == 0) {
        return false;
    }
    round_begin(applier);
    for (size_t i = 0; i < n; i++) {
        statement_read(&applier->statement, steps[i].mapping, steps[i].keys, steps[i].n_rows, false,
                       PROVENANCE_NONE);
        queue_built(applier, STEP_GONE);
    }
    return true;
}

/* the end */

void round_close(struct applier *applier, const struct transaction *commits,
                 const struct applier_totals *totals) {
    if (checks_constraints(applier)) {
        queue(applier, STEP_CONSTRAINTS, "SET CONSTRAINTS ALL IMMEDIATE");
    }
    if (applier->slice_guarded) {
        round_queue(applier, "RELEASE SAVEPOINT slice");
    }
    if (commits == NULL) {
        return;
    }
    record_counters(applier, totals, commits);
    if (!MUTANT_IS(progress_outside)) {
        queue_progress(applier, commits);
    }
    queue(applier, STEP_COMMIT, "COMMIT");
}

void round_undo(struct applier *applier, bool all) {
    if (!all) {
        round_queue(applier, "ROLLBACK TO SAVEPOINT slice");
        round_queue(applier, "RELEASE SAVEPOINT slice");
        return;
    }
    round_queue(applier, "ROLLBACK");
    round_queue(applier, "SELECT pg_replication_origin_xact_reset()");
    applier->in_transaction = false;
}

/* receiving */

/* Until live there is nobody else. */
static struct row_state read_state(const struct applier *applier, const struct mapping *mapping,
                                   const PGresult *result, int row, const struct value *current) {
    size_t version = mapping->version.column;
    if (applier->policy == POLICY_BLIND) {
        return (struct row_state){STANDING_COPY, STAMP_UNKNOWN};
    }
    if (version == COLUMN_NONE) {
        return provenance_read(result, row, 1, &applier->target_origins, NULL, value_absent());
    }
    const struct column *column = &mapping->target->columns[mapping->columns[version].target];
    return provenance_read(result, row, 1, &applier->target_origins, &column->type,
                           current[version]);
}

static void take_rows(struct applier *applier, const struct applier_step *step,
                      const PGresult *result) {
    const struct mapping *mapping = step->mapping;
    struct arena *arena = &applier->arena;
    int first = applier->policy == POLICY_LIVE ? 1 + PROVENANCE_COLUMNS : 1;
    for (int row = 0; row < PQntuples(result); row++) {
        struct value *current = arena_zero(arena, mapping->n_columns, sizeof *current);
        int field = first;
        for (size_t i = 0; i < mapping->n_columns; i++) {
            if (statement_reads_column(mapping, i)) {
                struct value v = result_value(result, row, field++);
                current[i] = v.kind == VALUE_TEXT
                                 ? value_text(arena_copy(arena, v.data, v.size), v.size)
                                 : v;
            }
        }
        effects_row(&applier->effects, mapping, step->keys[result_int(result, row, 0) - 1], current,
                    read_state(applier, mapping, result, row, current));
    }
}

static void take_hidden(struct applier *applier, const PGresult *result) {
    struct value hidden = result_value(result, 0, 0);
    buf_reset(&applier->hidden);
    if (hidden.kind == VALUE_TEXT) {
        buf_add(&applier->hidden, hidden.data, hidden.size);
    }
}

/* A unique violation of the key itself: somebody has inserted the same key
 * since it was looked for. */
static bool is_key_violation(const struct applier_step *step, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    return step->kind == STEP_WRITE && state != NULL && strcmp(state, "23505") == 0 &&
           constraint != NULL && step->mapping->key_constraint != NULL &&
           strcmp(constraint, step->mapping->key_constraint) == 0;
}

static void take_error(struct applier *applier, const struct applier_step *step,
                       const PGresult *result) {
    if (applier->error.code != ERR_NONE) {
        return;
    }
    if (step->kind == STEP_WRITE) {
        err_from_write(&applier->error, result);
        if (applier->prepared_anew && err_has_sqlstate(&applier->error, "0A000")) {
            err_blame_row(&applier->error); /* it was not the plan */
        }
    } else {
        err_from_result(&applier->error, result);
    }
    err_context(&applier->error, "%s", step->label);
    applier->at_commit = step->kind == STEP_COMMIT;
    applier->at_constraints = step->kind == STEP_CONSTRAINTS;
    applier->moved = is_key_violation(step, result);
}

static void blame_suppression(struct applier *applier) {
    err_set_class(&applier->error, ERR_CLASS_ROW);
    snprintf(applier->error.sqlstate, sizeof applier->error.sqlstate, "09000");
    err_hint(&applier->error,
             "a trigger, rule or policy of the table suppresses rows; switch it off for this role, "
             "or grant it SET on session_replication_role");
}

/* With the isolation level or the lock that the rows were read under, a write
 * cannot miss; a trigger or rule of the target that suppresses rows can. */
static void check_count(struct applier *applier, struct applier_step *step,
                        const PGresult *result) {
    int64_t affected = result_affected(result);
    if (step->keys != NULL && affected < (int64_t)step->n_rows) {
        step->is_short = true;
        return;
    }
    if (!step->exact || MUTANT_IS(unguarded) || affected == (int64_t)step->n_rows ||
        applier->error.code != ERR_NONE) {
        return;
    }
    err_set(&applier->error, ERR_FAILED, "%s changed %" PRId64 " rows instead of %zu", step->label,
            affected, step->n_rows);
    blame_suppression(applier);
}

static void refuse_rest(struct applier *applier, const PGresult *result) {
    if (PQntuples(result) == 0 || applier->error.code != ERR_NONE) {
        return;
    }
    err_set(&applier->error, ERR_FAILED, "%d rows that were to be deleted are still there",
            PQntuples(result));
    blame_suppression(applier);
}

void round_take(struct applier *applier, const PGresult *result) {
    if (applier->step_at >= applier->n_steps) {
        return;
    }
    struct applier_step *step = &applier->steps[applier->step_at++];
    switch (PQresultStatus(result)) {
        case PGRES_FATAL_ERROR:
            take_error(applier, step, result);
            break;
        case PGRES_TUPLES_OK:
            if (step->kind == STEP_READ) {
                take_rows(applier, step, result);
            } else if (step->kind == STEP_HIDDEN) {
                take_hidden(applier, result);
            } else if (step->kind == STEP_GONE) {
                refuse_rest(applier, result);
            }
            break;
        case PGRES_COMMAND_OK:
            if (step->kind == STEP_WRITE) {
                check_count(applier, step, result);
            }
            break;
        default:
            break; /* PGRES_PIPELINE_ABORTED: behind the first error */
    }
}
