/* applier.c - see applier.h. The state machine; its rounds are in round.c.
 *
 *   idle -> [fetching] -> [reading] -> writing -> idle, or the next slice
 *                 any of them -> undoing -> [pausing] -> the slice again
 *                                        -> idle (failed)
 */
#include "apply/applier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apply/record.h"
#include "apply/round.h"

enum { OPTIMISTIC_ATTEMPTS = 3, HOLDING_ATTEMPTS = 3, NOISY_ATTEMPTS = 8 };
static const usec_t first_pause = USEC_SECOND / 200, longest_pause = USEC_SECOND;

/* What follows an undo. */
enum next_step {
    NEXT_AGAIN,
    NEXT_AGAIN_LATER,
    NEXT_FROM_START, /* the whole target transaction, later; meanwhile nothing is locked */
    NEXT_BY_ROWS,
    NEXT_SPLIT,
    NEXT_PARK,
    NEXT_FAIL
};

static void start_slice(struct applier *applier);

static void set_state(struct applier *applier, enum applier_state state) {
    static const char *const names[] = {
#define APPLIER_NAME(name) #name,
        APPLIER_STATES(APPLIER_NAME)
#undef APPLIER_NAME
    };
    log_line(&applier->log, LOG_DEBUG, "applier: %s -> %s", names[applier->state], names[state]);
    applier->state = state;
}

static void reset_slice(struct applier *applier) {
    effects_fini(&applier->effects); /* its table hangs on rows in the arena */
    arena_reset(&applier->arena);
    effects_init(&applier->effects, &applier->arena, applier->policy);
}

static struct change *slice_change(const struct applier *applier, size_t i) {
    return &applier->batch->changes[applier->first + i];
}

static bool slice_is_last(const struct applier *applier) {
    return applier->first + applier->count >= applier->batch->n_changes;
}

static bool slice_ends_transaction(const struct applier *applier) {
    return slice_is_last(applier) || slice_change(applier, 0)->transaction.end !=
                                         slice_change(applier, applier->count)->transaction.end;
}

/* Row by row, each source transaction is a target transaction of its own, so that as
 * few rows as possible stay locked meanwhile. */
static bool slice_commits(const struct applier *applier) {
    return applier->batch->ends &&
           (slice_is_last(applier) || (applier->by_rows && slice_ends_transaction(applier)));
}

/* undoing */

static bool is_data_error(const struct err *error) {
    /* 21000: two spellings of one key in one statement */
    return sqlstate_classify(error->sqlstate) == TROUBLE_DATA ||
           strcmp(error->sqlstate, "21000") == 0;
}

/* Then the whole target transaction is gone, pieces included. */
static bool failed_at_commit(const struct applier *applier) {
    return applier->round_commits && strncmp(applier->error.message, "COMMIT", 6) == 0;
}

/* Does the open transaction hold rows that earlier slices have written? */
static bool holds_rows(const struct applier *applier) {
    return applier->in_transaction && (applier->first > applier->begun || applier->carries);
}

/* Somebody else is at the same rows. Who waits for rows of earlier slices would go on
 * waiting while this one is tried again: for ever, if it is the one who has our rows.
 * So everything is let go. What came in pieces must then be streamed anew, and may
 * first wait a little, but not in a deadlock. */
static enum next_step choose_when_contended(const struct applier *applier) {
    bool deadlock = strcmp(applier->error.sqlstate, "40P01") == 0;
    if (!holds_rows(applier)) {
        return NEXT_AGAIN_LATER;
    }
    if (!applier->carries) {
        return NEXT_FROM_START;
    }
    return deadlock || applier->attempts >= HOLDING_ATTEMPTS ? NEXT_FAIL : NEXT_AGAIN_LATER;
}

static enum next_step choose_next(const struct applier *applier) {
    const struct err *error = &applier->error;
    if (error->code == ERR_NONE) {
        return NEXT_AGAIN; /* changes that want their source */
    }
    bool at_commit = failed_at_commit(applier);
    if (at_commit && (applier->carries || applier->by_rows)) {
        return NEXT_FAIL;
    }
    if (applier->moved || sqlstate_classify(error->sqlstate) == TROUBLE_CONTENDED) {
        return choose_when_contended(applier);
    }
    if (!is_data_error(error)) {
        return NEXT_FAIL;
    }
    if (!applier->by_rows) {
        return NEXT_BY_ROWS;
    }
    if (applier->count > 1) {
        return NEXT_SPLIT;
    }
    return applier->stop_on_row_error ? NEXT_FAIL : NEXT_PARK;
}

static void undo(struct applier *applier) {
    applier->next = choose_next(applier);
    struct err cause = applier->error;
    bool at_commit = failed_at_commit(applier);
    bool all = applier->next == NEXT_FAIL || applier->next == NEXT_FROM_START ||
               !applier->slice_guarded || at_commit;
    set_state(applier, APPLIER_undoing);
    round_begin(applier);
    if (applier->in_transaction) {
        round_undo(applier, all);
    }
    applier->cause = cause;
    round_send(applier);
}

static void pause_slice(struct applier *applier) {
    usec_t delay =
        first_pause << (applier->attempts < 8 && !holds_rows(applier) ? applier->attempts : 0);
    applier->attempts++;
    if (applier->attempts >= OPTIMISTIC_ATTEMPTS && !applier->in_transaction) {
        applier->locking = true;
    }
    if (applier->attempts % NOISY_ATTEMPTS == 0) {
        log_line(&applier->log, LOG_WARNING,
                 "a batch waits for others at the same rows, %u tries: %s", applier->attempts,
                 applier->cause.message);
    }
    set_state(applier, APPLIER_pausing);
    timer_start(applier->again, delay < longest_pause ? delay : longest_pause);
}

/* How many changes the slice that begins at `first` has, row by row: those of
 * one source transaction, or one by one where that has failed. */
static size_t next_count(const struct applier *applier) {
    const struct batch *batch = applier->batch;
    size_t from = applier->first, to = from + 1;
    if (from < applier->split_until) {
        return 1;
    }
    while (to < batch->n_changes &&
           batch->changes[to].transaction.end == batch->changes[from].transaction.end) {
        to++;
    }
    return to - from;
}

static void begin_by_rows(struct applier *applier) {
    applier->by_rows = applier->locking = true;
    applier->first = applier->begun;
    applier->split_until = 0;
    applier->count = next_count(applier);
    applier->slice_parks = false;
}

static void go_by_rows(struct applier *applier) {
    log_line(&applier->log, LOG_DEBUG, "a batch of %zu changes is applied row by row: %s",
             applier->batch->n_changes, applier->cause.message);
    begin_by_rows(applier);
    applier->attempts = 0;
    start_slice(applier);
}

/* Only row by row are there slices before. */
static void go_from_start(struct applier *applier) {
    begin_by_rows(applier);
    applier->attempts = ++applier->restarts;
    pause_slice(applier);
}

static void split_slice(struct applier *applier) {
    applier->split_until = applier->first + applier->count;
    applier->count = 1;
    applier->attempts = 0;
    start_slice(applier);
}

static void park_slice(struct applier *applier, const struct err *reason) {
    applier->slice_parks = true;
    applier->park_reason = *reason;
    start_slice(applier);
}

/* Names the row by its key: enough to find it, and no more of its values. */
static void name_row(struct applier *applier, struct err *error) {
    if (!applier->by_rows) {
        return;
    }
    const struct change *change = slice_change(applier, 0);
    struct buf key;
    buf_init(&key);
    for (size_t i = 0; i < change->mapping->n_key; i++) {
        buf_add_text(&key, i > 0 ? ", " : "");
        buf_add(&key, change->key[i].data, change->key[i].size);
    }
    err_context(error, "the row with key (%s)", buf_text(&key));
    err_hint(error, "mend the row on the source, or set conflicts.on_row_error to park");
    buf_fini(&key);
}

static void fail(struct applier *applier) {
    struct err error = applier->cause;
    enum trouble trouble = sqlstate_classify(error.sqlstate);
    if (trouble == TROUBLE_DATA) {
        name_row(applier, &error);
    }
    /* others at the same rows, too, behind the point to which a slice can be undone */
    bool passes = trouble == TROUBLE_PASSING || trouble == TROUBLE_CONTENDED;
    set_state(applier, APPLIER_idle);
    applier->batch = NULL;
    applier->events->failed(applier->owner, passes ? TROUBLE_PASSING : TROUBLE_FATAL, &error);
}

static void after_undo(struct applier *applier) {
    switch ((enum next_step)applier->next) {
        case NEXT_AGAIN:
            start_slice(applier);
            break;
        case NEXT_AGAIN_LATER:
            pause_slice(applier);
            break;
        case NEXT_FROM_START:
            go_from_start(applier);
            break;
        case NEXT_BY_ROWS:
            go_by_rows(applier);
            break;
        case NEXT_SPLIT:
            split_slice(applier);
            break;
        case NEXT_PARK:
            park_slice(applier, &applier->cause);
            break;
        case NEXT_FAIL:
            fail(applier);
            break;
    }
}

/* doing */

static struct applier_totals totals_after_slice(const struct applier *applier) {
    struct applier_totals totals = applier->totals;
    totals.conflicts += applier->effects.n_contests;
    totals.rechecks += applier->effects.n_rechecks;
    if (applier->slice_parks) {
        totals.parked += applier->count;
    } else {
        totals.changes += applier->count;
    }
    if (slice_is_last(applier)) {
        totals.transactions += applier->batch->n_transactions - applier->n_committed;
    } else if (slice_commits(applier)) {
        totals.transactions++;
    }
    return totals;
}

/* The rows must be known as ours as long as somebody may write them, too. */
static void note_own_write(struct applier *applier) {
    bool by_version = false;
    for (size_t i = 0; i < applier->effects.n_writes; i++) {
        by_version |= applier->effects.writes[i].mapping->version.column != COLUMN_NONE;
    }
    if (by_version && applier->policy == POLICY_LIVE) {
        record_own_write(applier);
    }
}

static void write_slice(struct applier *applier) {
    set_state(applier, APPLIER_writing);
    if (applier->slice_parks) {
        record_parked(applier, slice_change(applier, 0));
    } else {
        effects_finish(&applier->effects);
        record_conflicts(applier);
        note_own_write(applier);
        round_write_rows(applier);
        record_rechecks(applier);
    }
    applier->totals_after = totals_after_slice(applier);
    const struct transaction *ends =
        slice_is_last(applier) ? &applier->batch->last : &slice_change(applier, 0)->transaction;
    round_close(applier, slice_commits(applier) ? ends : NULL, &applier->totals_after);
    round_send(applier);
}

/* Something was not there. Pieces of a large transaction do not wait, since they hold
 * rows, and leave it to the recheck. Only commits tell of commits that are hidden; with a version
 * column that must do without. */
static bool found_nothing(const struct applier *applier) {
    for (size_t i = 0; i < applier->effects.n_contests; i++) {
        const struct contest *c = &applier->effects.contests[i];
        if ((c->conflict == CONFLICT_update_missing || c->conflict == CONFLICT_delete_missing) &&
            c->change->mapping->version.column == COLUMN_NONE) {
            return true;
        }
    }
    return false;
}

/* False: too many conflicts; nothing of the batch is to be committed. */
static bool breaker_holds(struct applier *applier) {
    uint64_t conflicts = applier->totals.conflicts + applier->effects.n_contests;
    if (breaker_allows(&applier->breaker, conflicts, usec_monotonic())) {
        return true;
    }
    err_set(&applier->error, ERR_FAILED,
            "more than %" PRId64 " conflicts within a minute: both sides' applications write the "
            "same rows",
            applier->breaker.per_minute);
    memcpy(applier->error.sqlstate, "P0001", 6);
    err_hint(&applier->error,
             "see what they are with pgtandem conflicts list --all; if they are expected, raise "
             "conflicts.max_per_minute; then start again");
    return false;
}

/* The rows have been read. */
static void decide_slice(struct applier *applier) {
    for (size_t i = 0; i < applier->count; i++) {
        effects_decide(&applier->effects, slice_change(applier, i));
    }
    bool doubts = !applier->doubts && !applier->carries && found_nothing(applier);
    if (doubts) {
        applier->doubts = true;
        applier->is_sure = false;
        buf_reset(&applier->hidden);
    }
    if (doubts || applier->effects.n_wanting > 0 || !breaker_holds(applier)) {
        undo(applier);
        return;
    }
    bool guarded = applier->slice_guarded;
    round_begin(applier);
    applier->slice_guarded = guarded;
    write_slice(applier);
}

static void finish_batch(struct applier *applier) {
    struct batch *batch = applier->batch;
    set_state(applier, APPLIER_idle);
    applier->batch = NULL;
    applier->events->applied(applier->owner, batch);
}

/* The target transaction is over. */
static void committed(struct applier *applier) {
    breaker_count(&applier->breaker, applier->totals.conflicts);
    applier->rechecks += applier->totals.rechecks;
    memset(&applier->totals, 0, sizeof applier->totals);
    applier->in_transaction = applier->carries = false;
    applier->begun = applier->first + applier->count;
    applier->n_committed++;
    applier->restarts = 0;
}

static void next_slice(struct applier *applier) {
    applier->totals = applier->totals_after;
    applier->slice_parks = applier->doubts = false;
    applier->attempts = 0;
    if (slice_commits(applier)) {
        committed(applier);
    }
    if (slice_is_last(applier)) {
        finish_batch(applier);
        return;
    }
    applier->first += applier->count;
    applier->count = next_count(applier); /* only row by row are there several slices */
    start_slice(applier);
}

static bool slice_folds(const struct applier *applier) {
    bool folds = applier->policy == POLICY_BLIND;
    for (size_t i = 0; i < applier->count && folds; i++) {
        folds = effects_can_fold(slice_change(applier, i));
    }
    return folds;
}

static bool slice_wants_source(const struct applier *applier) {
    for (size_t i = 0; i < applier->count; i++) {
        if (slice_change(applier, i)->wants_source) {
            return true;
        }
    }
    return false;
}

static const struct change *slice_refused(const struct applier *applier) {
    for (size_t i = 0; i < applier->count; i++) {
        if (slice_change(applier, i)->refusal != NULL) {
            return slice_change(applier, i);
        }
    }
    return NULL;
}

/* A transform's refusal is a data error that needs no server to find. */
static void refuse_slice(struct applier *applier, const struct change *change) {
    round_begin(applier);
    err_set(&applier->error, ERR_FAILED, "%s", change->refusal);
    memcpy(applier->error.sqlstate, "22000", 6);
    applier->park_detail[0] = '\0';
    applier->cause = applier->error;
    applier->slice_guarded = false;
    if (!applier->by_rows) {
        go_by_rows(applier);
    } else if (applier->count > 1) {
        split_slice(applier);
    } else if (applier->stop_on_row_error) {
        undo(applier);
    } else {
        park_slice(applier, &applier->cause);
    }
}

static void ask_hidden(struct applier *applier) {
    set_state(applier, APPLIER_asking);
    round_begin(applier);
    round_ask_hidden(applier);
    round_send(applier);
}

static void run_slice(struct applier *applier) {
    bool folds = slice_folds(applier);
    applier->careful = !folds;
    round_begin(applier);
    round_open(applier, !folds && !applier->slice_parks);
    if (!folds && !applier->slice_parks && applier->count > 0) {
        set_state(applier, APPLIER_reading);
        round_read_rows(applier);
        round_send(applier);
        return;
    }
    for (size_t i = 0; i < applier->count && !applier->slice_parks; i++) {
        effects_fold(&applier->effects, slice_change(applier, i));
    }
    write_slice(applier);
}

static void start_slice(struct applier *applier) {
    reset_slice(applier);
    const struct change *refused = slice_refused(applier);
    if (refused != NULL && !applier->slice_parks) {
        refuse_slice(applier, refused);
    } else if (slice_wants_source(applier) && !applier->slice_parks) {
        set_state(applier, APPLIER_fetching);
        fetcher_start(&applier->fetcher, applier->batch, applier->first, applier->count);
    } else if (applier->doubts && !applier->is_sure && !applier->slice_parks) {
        ask_hidden(applier);
    } else {
        run_slice(applier);
    }
}

/* What was hidden must become visible first, and while it does not, nothing is held. */
static void take_hidden_answer(struct applier *applier) {
    applier->is_sure = applier->hidden.size == 0;
    if (applier->is_sure) {
        start_slice(applier);
        return;
    }
    err_set(&applier->error, ERR_FAILED, "a commit is not visible yet");
    memcpy(applier->error.sqlstate, "55P03", 6);
    if (holds_rows(applier)) {
        undo(applier);
    } else {
        applier->cause = applier->error;
        pause_slice(applier);
    }
}

/* events */

static void on_result(void *owner, const PGresult *result) {
    round_take(owner, result);
}

static void on_ready(void *owner) {
    struct applier *applier = owner;
    bool failed = applier->error.code != ERR_NONE;
    prepared_end_round(&applier->prepared, failed);
    switch (applier->state) {
        case APPLIER_asking:
            failed ? undo(applier) : take_hidden_answer(applier);
            break;
        case APPLIER_reading:
            failed ? undo(applier) : decide_slice(applier);
            break;
        case APPLIER_writing:
            failed ? undo(applier) : next_slice(applier);
            break;
        case APPLIER_undoing:
            if (failed) {
                applier->next = NEXT_FAIL;
            }
            after_undo(applier);
            break;
        case APPLIER_idle:
        case APPLIER_fetching:
        case APPLIER_pausing:
            break;
    }
}

static void on_lost(void *owner, const struct err *err) {
    struct applier *applier = owner;
    /* the server's own last words are better than "connection closed" */
    struct err error = applier->error.code != ERR_NONE ? applier->error : *err;
    applier_abandon(applier);
    applier->events->failed(applier->owner, TROUBLE_PASSING, &error);
}

static void on_fetched(void *owner, const struct err *err) {
    struct applier *applier = owner;
    if (applier->state != APPLIER_fetching) {
        return;
    }
    if (err == NULL) {
        start_slice(applier);
        return;
    }
    round_begin(applier);
    applier->error = *err;
    applier->by_rows = false; /* not the row's fault */
    undo(applier);
}

static void on_again(void *owner) {
    start_slice(owner);
}

static const struct session_events session_events = {
    .result = on_result,
    .ready = on_ready,
    .lost = on_lost,
};

/* public */

void applier_init(struct applier *applier, struct loop *loop, const struct applier_events *events,
                  void *owner) {
    memset(applier, 0, sizeof *applier);
    applier->events = events;
    applier->owner = owner;
    arena_init(&applier->arena);
    effects_init(&applier->effects, &applier->arena, POLICY_BLIND);
    prepared_init(&applier->prepared);
    statement_init(&applier->statement);
    fetcher_init(&applier->fetcher, loop, on_fetched, applier);
    applier->again = timer_new(loop, on_again, applier);
}

void applier_fini(struct applier *applier) {
    effects_fini(&applier->effects);
    arena_fini(&applier->arena);
    prepared_reset(&applier->prepared);
    statement_fini(&applier->statement);
    fetcher_fini(&applier->fetcher);
    timer_free(applier->again);
    free(applier->steps);
    buf_fini(&applier->hidden);
}

void applier_attach(struct applier *applier, struct session *target, struct session *source) {
    applier->session = target;
    applier->in_transaction = false;
    prepared_reset(&applier->prepared);
    session_rebind(target, SESSION_PIPELINE, &session_events, applier);
    fetcher_attach(&applier->fetcher, source);
}

void applier_abandon(struct applier *applier) {
    timer_stop(applier->again);
    fetcher_abandon(&applier->fetcher);
    applier->batch = NULL;
    applier->in_transaction = false;
    memset(&applier->totals, 0, sizeof applier->totals);
    applier->state = APPLIER_idle;
}

bool applier_is_idle(const struct applier *applier) {
    return applier->state == APPLIER_idle;
}

void applier_submit(struct applier *applier, struct batch *batch) {
    applier->batch = batch;
    applier->first = applier->begun = 0;
    applier->n_committed = 0;
    applier->carries = batch->continues;
    applier->count = batch->n_changes;
    applier->by_rows = false;
    applier->locking = batch->continues || !batch->ends;
    applier->slice_parks = applier->doubts = false;
    applier->attempts = applier->restarts = 0;
    start_slice(applier);
}
