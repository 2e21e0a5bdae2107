/* verify.c - see verify.h: what is compared when, and what counts in the end. */
#include "verify/verify.h"

#include <string.h>

#include "pg/slot.h"
#include "pg/state.h"
#include "verify/comparison.h"
#include "verify/settle.h"

enum {
    ROUNDS = 10,        /* of reading suspects again while something moves, ... */
    ROUNDS_FIRST = 2,   /* ... before they are repaired: then it does no harm either way */
    ROUNDS_STOPPED = 3, /* while no service runs, but one may just be starting */
    ROUNDS_MAX = 120,   /* while a running service has not applied what was marked */
    REREAD_KEYS = 500,
};

struct run {
    struct migration *m;
    const struct verify_options *options;
    const char *table; /* the old one's name, for people */
    int64_t done, total;
    bool lagging;
    int64_t repaired; /* in all passes */
};

static void advance(struct run *run, size_t n) {
    run->done += (int64_t)n;
    if (run->options->progress != NULL) {
        run->options->progress(run->options->owner, run->table, run->done, run->total);
    }
}

static size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

/* in full */

static bool estimate(struct run *run, struct comparison *c, struct err *err) {
    int64_t old_rows, new_rows;
    if (!table_reader_estimate(&c->old_reader, &old_rows, err) ||
        !table_reader_estimate(&c->new_reader, &new_rows, err)) {
        return false;
    }
    run->total = old_rows + new_rows;
    return true;
}

typedef bool step_fn(struct comparison *c, struct cursor *cursor, size_t *n, struct err *err);

static bool walk(struct run *run, struct comparison *c, step_fn *step, struct err *err) {
    struct cursor cursor;
    cursor_init(&cursor);
    size_t n;
    bool ok;
    while ((ok = step(c, &cursor, &n, err)) && n > 0) {
        advance(run, n);
    }
    cursor_fini(&cursor);
    return ok;
}

static bool compare_all(struct run *run, struct comparison *c, struct err *err) {
    return estimate(run, c, err) && walk(run, c, comparison_next, err) &&
           walk(run, c, comparison_next_missing, err);
}

/* by sample */

typedef bool keys_fn(struct comparison *c, const struct value *keys, size_t n, struct err *err);

/* Hands the keys of a sample to `compare`, a piece at a time. */
static bool compare_drawn(struct run *run, struct comparison *c, const struct table_reader *reader,
                          const PGresult *drawn, keys_fn *compare, struct err *err) {
    size_t all = (size_t)PQntuples(drawn), n_key = reader->n_key;
    struct value *keys = arena_zero(&c->arena, all * n_key, sizeof *keys);
    for (size_t i = 0; i < all; i++) {
        table_reader_key(reader, drawn, (int)i, &keys[i * n_key]);
    }
    for (size_t i = 0, n; i < all; i += n) {
        n = min_size(c->piece, all - i);
        if (!compare(c, &keys[i * n_key], n, err)) {
            return false;
        }
        advance(run, n);
    }
    return true;
}

static bool compare_sample(struct run *run, struct comparison *c, struct table_reader *reader,
                           keys_fn *compare, struct err *err) {
    int64_t rows;
    if (!table_reader_estimate(reader, &rows, err)) {
        return false;
    }
    PGresult *drawn = table_reader_sample(reader, run->options->sample, rows, err);
    if (drawn == NULL) {
        return false;
    }
    run->total += PQntuples(drawn);
    bool ok = compare_drawn(run, c, reader, drawn, compare, err);
    PQclear(drawn);
    return ok;
}

static bool compare_samples(struct run *run, struct comparison *c, struct err *err) {
    return compare_sample(run, c, &c->old_reader, comparison_keys, err) &&
           compare_sample(run, c, &c->new_reader, comparison_missing, err);
}

/* suspects */

/* Takes the suspects away and compares them anew; those that still differ are
 * suspects again. */
static bool reread(struct comparison *c, struct err *err) {
    struct suspects again = c->suspects;
    suspects_init(&c->suspects, again.n_key);
    memcpy(c->suspects.dropped, again.dropped, sizeof again.dropped);
    bool ok = true;
    for (size_t i = 0, n; ok && i < again.count; i += n) {
        n = min_size(REREAD_KEYS, again.count - i);
        ok = comparison_keys(c, &again.keys[i * again.n_key], n, err);
    }
    suspects_fini(&again);
    return ok;
}

static bool wants_another_round(const struct settle *settle, int round, int rounds) {
    if (round == 0) {
        return true;
    }
    if (!settle->moving || (!settle->running && round >= ROUNDS_STOPPED)) {
        return false;
    }
    return round < rounds || (!settle->arrived && round < ROUNDS_MAX);
}

/* What was on its way arrives meanwhile. */
static bool reread_suspects(struct run *run, struct comparison *c, int rounds, struct err *err) {
    struct settle settle;
    if (c->suspects.count == 0) {
        return true;
    }
    if (!settle_begin(&settle, run->m, err)) {
        return false;
    }
    for (int round = 0; c->suspects.count > 0 && wants_another_round(&settle, round, rounds);
         round++) {
        if (settle.moving &&
            (!loop_sleep(run->m->loop, USEC_SECOND, err) || !settle_look(&settle, run->m, err))) {
            return false;
        }
        if (!reread(c, err)) {
            return false;
        }
    }
    run->lagging = c->suspects.count > 0 && settle.moving && !settle.running;
    return true;
}

static bool settle_suspects(struct run *run, struct comparison *c, int rounds, struct err *err) {
    struct loop_wait wait;
    loop_wait_begin(run->m->loop, &wait, "changes that are on their way between the two sides");
    bool ok = reread_suspects(run, c, rounds, err);
    loop_wait_end(run->m->loop, &wait);
    return ok;
}

/* results */

static struct verify_key copy_key(struct arena *arena, const struct value *key, size_t n) {
    struct verify_key copy = {arena_zero(arena, n, sizeof *copy.columns), n};
    for (size_t k = 0; k < n; k++) {
        copy.columns[k] = arena_copy(arena, key[k].data, key[k].size);
    }
    return copy;
}

static void count(struct verify_table *table, const struct comparison *c, struct arena *arena) {
    const struct suspects *s = &c->suspects;
    table->counts[VERDICT_matched] = c->matched;
    for (size_t i = 0; i < s->count; i++) {
        enum verdict verdict = s->verdicts[i];
        table->counts[verdict]++;
        if (table->n_examples[verdict] < VERIFY_EXAMPLES) {
            table->examples[verdict][table->n_examples[verdict]++] =
                copy_key(arena, &s->keys[i * s->n_key], s->n_key);
        }
    }
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        table->counts[v] += s->dropped[v];
        table->not_reread += s->dropped[v];
    }
}

/* One pass over the table. What differs in the end is among the suspects. */
static bool compare_once(struct run *run, struct comparison *c, struct err *err) {
    int rounds = run->options->repair != NULL ? ROUNDS_FIRST : ROUNDS;
    run->done = run->total = 0;
    return (run->options->sample > 0 ? compare_samples(run, c, err) : compare_all(run, c, err)) &&
           settle_suspects(run, c, rounds, err);
}

/* Has what differs mended, and looks at it again. */
static bool repair(struct run *run, struct comparison *c, size_t i, struct err *err) {
    size_t differed = c->suspects.count;
    if (run->options->repair == NULL || differed == 0) {
        return true;
    }
    if (!run->options->repair(run->options->owner, i, c->suspects.keys, differed, err) ||
        !settle_suspects(run, c, ROUNDS, err)) {
        return false;
    }
    run->repaired += (int64_t)(differed - c->suspects.count);
    return true;
}

/* There was more to repair than one pass can remember, and it did some good. */
static bool wants_another_pass(const struct comparison *c, bool any_repaired) {
    int64_t dropped = 0;
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        dropped += c->suspects.dropped[v];
    }
    return any_repaired && dropped > 0;
}

static bool compare_table(struct run *run, size_t i, struct verify_result *result,
                          struct err *err) {
    bool ok = comparison_prepare(run->m, err), again = ok;
    while (again) {
        struct comparison c;
        int64_t repaired = run->repaired;
        comparison_init(&c, run->m, i);
        ok = compare_once(run, &c, err) && repair(run, &c, i, err);
        again = ok && wants_another_pass(&c, run->repaired > repaired);
        if (ok && !again) {
            count(&result->tables[i], &c, &result->arena);
        }
        comparison_fini(&c);
    }
    return ok;
}

static bool add_parked(struct migration *m, struct side *side, int64_t *parked, struct err *err) {
    bool exists;
    int64_t rows = 0;
    if (!state_schema_exists(&side->db, &exists, err)) {
        return false;
    }
    if (exists &&
        !db_int(&side->db, err, &rows,
                "SELECT count(*) FROM pgtandem.parked WHERE migration = $1 AND settled_at IS NULL",
                1, (const char *const[]){m->config->migration})) {
        return false;
    }
    *parked += rows;
    return true;
}

static bool count_parked(struct migration *m, int64_t *parked, struct err *err) {
    return add_parked(m, &m->new_side, parked, err) &&
           (m->same_database || add_parked(m, &m->old_side, parked, err));
}

bool verify_run(struct migration *m, const struct verify_options *options,
                struct verify_result *result, struct err *err) {
    usec_t begin = usec_monotonic();
    memset(result, 0, sizeof *result);
    arena_init(&result->arena);
    result->n_tables = m->n_tables;
    result->tables = arena_zero(&result->arena, m->n_tables, sizeof *result->tables);
    for (size_t i = 0; i < m->n_tables; i++) {
        struct run run = {.m = m, .options = options, .table = m->config->tables[i].old_table.name};
        result->tables[i].spec = &m->config->tables[i];
        if (!compare_table(&run, i, result, err)) {
            return false;
        }
        result->lagging |= run.lagging;
        result->repaired += run.repaired;
    }
    if (!count_parked(m, &result->parked, err)) {
        return false;
    }
    result->seconds = (double)(usec_monotonic() - begin) / 1e6;
    return true;
}

void verify_fini(struct verify_result *result) {
    arena_fini(&result->arena);
}

int64_t verify_total(const struct verify_result *result, enum verdict verdict) {
    int64_t total = 0;
    for (size_t i = 0; i < result->n_tables; i++) {
        total += result->tables[i].counts[verdict];
    }
    return total;
}

int64_t verify_rows_checked(const struct verify_result *result) {
    int64_t rows = 0;
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        rows += verify_total(result, v);
    }
    return rows;
}

double verify_accuracy(const struct verify_result *result) {
    int64_t rows = verify_rows_checked(result);
    return rows == 0 ? 1 : (double)verify_total(result, VERDICT_matched) / (double)rows;
}

bool verify_found_differences(const struct verify_result *result) {
    return verify_total(result, VERDICT_matched) < verify_rows_checked(result);
}
