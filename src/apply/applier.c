/* applier.c - see applier.h. The state machine; its rounds are in round.c.
 *
 *   idle -> [fetching] -> [reading] -> writing -> idle, or the next slice
 *                 any of them -> undoing -> [pausing] -> the slice again
 *                                        -> idle (failed)
 */
#include "apply/applier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/record.h"
#include "apply/round.h"
#include "base/backoff.h"
#include "model/disclosure.h"

enum { OPTIMISTIC_ATTEMPTS = 3 };
static const usec_t first_pause = USEC_SECOND / 200, longest_pause = USEC_SECOND;

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

bool applier_slice_ends_transaction(const struct applier *applier) {
    return slice_is_last(applier) || slice_change(applier, 0)->transaction.end !=
                                         slice_change(applier, applier->count)->transaction.end;
}

/* The end of the source transaction that the slice is of; the last piece of a large one can
 * be without changes. */
static lsn_t slice_transaction_end(const struct applier *applier) {
    return applier->count > 0 ? slice_change(applier, applier->count - 1)->transaction.end
                              : applier->batch->last.end;
}

bool applier_is_strict(const struct applier *applier) {
    return slice_transaction_end(applier) == applier->strict_end;
}

/* Row by row, each source transaction is a target transaction of its own, so that as
 * few rows as possible stay locked meanwhile. */
static bool slice_commits(const struct applier *applier) {
    return applier->batch->ends && (slice_is_last(applier) ||
                                    (applier->by_rows && applier_slice_ends_transaction(applier)));
}

/* undoing */

/* Does the open transaction hold rows that earlier slices have written? */
static bool holds_rows(const struct applier *applier) {
    return applier->in_transaction && (applier->first > applier->begun || applier->carries);
}

/* Such a slice has no row to be found, and none that could be parked. */
static bool slice_truncates(const struct applier *applier) {
    size_t n = 0;
    while (n < applier->count && slice_change(applier, n)->op == CHANGE_truncate) {
        n++;
    }
    return applier->by_rows && n > 0 && n == applier->count;
}

/* Is the slice one of several of its source transaction? */
static bool is_split(const struct applier *applier) {
    return applier->by_rows && applier->first < applier->split_until;
}

static struct failure describe_failure(const struct applier *applier, const struct err *error) {
    return (struct failure){
        .error = error,
        .at_commit = applier->at_commit,
        .at_constraints = applier->at_constraints,
        .lenient = !applier_is_strict(applier) && (applier->carries || is_split(applier)),
        .moved = applier->moved,
        .by_rows = applier->by_rows,
        .carries = applier->carries,
        .holds_rows = holds_rows(applier),
        .parking = applier->slice_parks,
        .bare = applier->park_bare,
        .stop_on_row_error = applier->stop_on_row_error || slice_truncates(applier),
        .prepared_anew = applier->prepared_anew,
        .count = slice_truncates(applier) ? 1 : applier->count,
        .tries = applier->attempts,
    };
}

/* Says which row it is, if one alone is at fault. */
static void name_row(struct applier *applier) {
    if (applier->by_rows && applier->count == 1) {
        const struct change *change = slice_change(applier, 0);
        disclosure_name_row(&applier->error, change->mapping, change->key);
    }
}

#define SHOWS_VALUES "pgtandem status --values shows its key and what the server said"

/* Of a link that stops. */
static void explain_stop(struct applier *applier) {
    if (!applier->by_rows) {
        return;
    }
    name_row(applier);
    err_hint(&applier->error,
             "mend the row on the source, or set conflicts.on_row_error to park; " SHOWS_VALUES);
}

/* Parking failed: the reason that counts is why, and what was to be parked comes with it. */
static void explain_parking(struct applier *applier) {
    struct err reason = applier->park_reason;
    err_append(&applier->error, "; the row was to be parked because of: %s", reason.message);
    err_context_server(&applier->error, "%s; it cannot be parked", reason.server);
    err_context(&applier->error, "it cannot be parked");
    name_row(applier);
    if (applier->error.hint[0] == '\0') {
        err_hint(&applier->error, SHOWS_VALUES);
    }
    applier->error.class = ERR_CLASS_FATAL;
}

/* Checked strictly, a transaction's innocent rows may be parked as well: all of it is one. */
static bool streak_counts_slice(const struct applier *applier) {
    return !applier_is_strict(applier) || applier->strict_counted != applier->strict_end;
}

static bool too_many_in_a_row(struct applier *applier) {
    if (!streak_counts_slice(applier) ||
        park_streak_allows(&applier->parks, applier->error.sqlstate)) {
        return false;
    }
    name_row(applier);
    err_context(&applier->error,
                "%" PRId64 " rows one after the other could not be written and were parked, the "
                "next one neither",
                applier->parks.length);
    err_hint(&applier->error,
             "it is not the rows but the table, one of its triggers or constraints, or the mapping "
             "that refuses them: mend that; if each row is at fault by itself, raise "
             "conflicts.max_parked_in_a_row; then start again: parked rows are tried again; "
             "conflicts list --values shows them, status --values the next one");
    applier->error.class = ERR_CLASS_FATAL;
    return true;
}

/* What follows the round's error, which may become another that says more. */
static enum recovery choose_recovery(struct applier *applier) {
    struct failure failure = describe_failure(applier, &applier->error);
    enum recovery recovery = recovery_choose(&failure);
    if (recovery == RECOVERY_park && too_many_in_a_row(applier)) {
        return RECOVERY_fail;
    }
    bool is_about_row = applier->error.class == ERR_CLASS_ROW;
    if (is_about_row && failure.lenient && (recovery == RECOVERY_strictly || failure.at_commit)) {
        applier->strict_end = slice_transaction_end(applier);
    }
    if (recovery == RECOVERY_fail && applier->slice_parks && is_about_row) {
        explain_parking(applier);
    } else if (recovery == RECOVERY_fail) {
        if (is_about_row) {
            explain_stop(applier);
        }
        applier->error.class = recovery_class(&failure);
    }
    return recovery;
}

/* Without a savepoint of its own a slice takes those before it along. */
static enum recovery spare_earlier_slices(struct applier *applier, enum recovery next) {
    if (applier->slice_guarded || !holds_rows(applier) || next == RECOVERY_fail ||
        next == RECOVERY_strictly) {
        return next;
    }
    if (!applier->carries) {
        return RECOVERY_from_start;
    }
    applier->error.class = ERR_CLASS_PASSING; /* all of it is streamed anew */
    return RECOVERY_fail;
}

static void undo_and(struct applier *applier, enum recovery next) {
    applier->next = spare_earlier_slices(applier, next);
    struct err cause = applier->error;
    bool all = applier->next == RECOVERY_fail || applier->next == RECOVERY_from_start ||
               applier->next == RECOVERY_strictly || !applier->slice_guarded || applier->at_commit;
    set_state(applier, APPLIER_undoing);
    round_begin(applier);
    if (applier->in_transaction) {
        round_undo(applier, all);
    }
    applier->cause = cause;
    round_send(applier);
}

static void undo(struct applier *applier) {
    undo_and(applier, choose_recovery(applier));
}

/* pausing */

static void pause_slice(struct applier *applier) {
    usec_t delay =
        backoff_delay(first_pause, longest_pause, holds_rows(applier) ? 0 : applier->attempts);
    applier->attempts++;
    if (applier->attempts >= OPTIMISTIC_ATTEMPTS && !applier->in_transaction) {
        applier->locking = true;
    }
    if (applier->waits_since == 0) {
        applier->waits_since = applier->tried_at;
    }
    set_state(applier, APPLIER_pausing);
    timer_start(applier->again, delay);
}

/* One change, or the truncates of several tables that came in a row. */
static size_t count_split(const struct applier *applier) {
    const struct change *changes = applier->batch->changes;
    size_t from = applier->first, to = from + 1;
    while (changes[from].op == CHANGE_truncate && to < applier->split_until &&
           changes[to].op == CHANGE_truncate) {
        to++;
    }
    return to - from;
}

/* How many changes the slice that begins at `first` has, row by row: those of
 * one source transaction, or one by one where that has failed. */
static size_t next_count(const struct applier *applier) {
    const struct batch *batch = applier->batch;
    size_t from = applier->first, to = from + 1;
    if (from < applier->split_until) {
        return count_split(applier);
    }
    while (to < batch->n_changes &&
           batch->changes[to].transaction.end == batch->changes[from].transaction.end) {
        to++;
    }
    return to - from;
}

/* A slice that has not been tried yet. */
static void forget_slice(struct applier *applier) {
    applier->slice_parks = applier->park_bare = applier->prepared_anew = false;
    applier->attempts = 0;
}

static void begin_by_rows(struct applier *applier) {
    applier->by_rows = applier->locking = true;
    applier->first = applier->begun;
    applier->split_until = 0;
    applier->count = next_count(applier);
    applier->slice_parks = applier->park_bare = false;
}

static void go_by_rows(struct applier *applier) {
    log_line(&applier->log, LOG_DEBUG, "a batch of %zu changes is applied row by row: %s",
             applier->batch->n_changes, applier->cause.message);
    begin_by_rows(applier);
    forget_slice(applier);
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
    applier->count = count_split(applier);
    forget_slice(applier);
    start_slice(applier);
}

static void park_slice(struct applier *applier, const struct err *reason) {
    log_err(&applier->log, LOG_DEBUG, reason);
    applier->slice_parks = true;
    applier->park_bare = false;
    applier->park_reason = *reason;
    start_slice(applier);
}

static void park_slice_bare(struct applier *applier) {
    log_line(&applier->log, LOG_DEBUG, "a row is parked without what it holds: %s",
             applier->cause.message);
    applier->park_bare = true;
    start_slice(applier);
}

static void prepare_anew(struct applier *applier) {
    log_line(&applier->log, LOG_DEBUG, "statements are prepared anew: %s", applier->cause.message);
    applier->prepared_anew = true;
    prepared_forget(&applier->prepared);
    start_slice(applier);
}

static void fail(struct applier *applier) {
    struct err error = applier->cause;
    set_state(applier, APPLIER_idle);
    applier->batch = NULL;
    applier->waits_since = 0;
    applier->events->failed(applier->owner, &error);
}

static void after_undo(struct applier *applier) {
    switch (applier->next) {
        case RECOVERY_again:
            start_slice(applier);
            break;
        case RECOVERY_again_later:
            pause_slice(applier);
            break;
        case RECOVERY_from_start:
            go_from_start(applier);
            break;
        case RECOVERY_strictly:
        case RECOVERY_by_rows:
            go_by_rows(applier);
            break;
        case RECOVERY_split:
            split_slice(applier);
            break;
        case RECOVERY_park:
            park_slice(applier, &applier->cause);
            break;
        case RECOVERY_park_bare:
            park_slice_bare(applier);
            break;
        case RECOVERY_prepare:
            prepare_anew(applier);
            break;
        case RECOVERY_fail:
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

/* Then how many rows were written is looked at before anything is made final. */
static bool slice_may_be_suppressed(const struct applier *applier) {
    for (size_t i = 0; i < applier->effects.n_writes && !applier->slice_parks; i++) {
        if (applier->effects.writes[i].mapping->target->may_suppress) {
            return true;
        }
    }
    return false;
}

static void close_slice(struct applier *applier) {
    const struct transaction *ends =
        slice_is_last(applier) ? &applier->batch->last : &slice_change(applier, 0)->transaction;
    round_close(applier, slice_commits(applier) ? ends : NULL, &applier->totals_after);
    round_send(applier);
}

static void close_slice_apart(struct applier *applier) {
    set_state(applier, APPLIER_closing);
    round_begin(applier);
    close_slice(applier);
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
    applier->closes_apart = slice_may_be_suppressed(applier);
    if (applier->closes_apart) {
        round_send(applier);
    } else {
        close_slice(applier);
    }
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
    round_begin(applier);
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

static void note_streak(struct applier *applier) {
    if (!applier->slice_parks && applier->count > 0) {
        park_streak_end(&applier->parks);
    } else if (applier->slice_parks && streak_counts_slice(applier)) {
        park_streak_add(&applier->parks, applier->park_reason.sqlstate);
        applier->strict_counted = applier_is_strict(applier) ? applier->strict_end : 0;
    }
}

static void next_slice(struct applier *applier) {
    applier->totals = applier->totals_after;
    note_streak(applier);
    applier->doubts = false;
    forget_slice(applier);
    if (slice_commits(applier)) {
        committed(applier);
    }
    if (applier->restarts == 0) {
        applier->waits_since = 0; /* else it will come to the same rows again */
    }
    if (slice_is_last(applier)) {
        finish_batch(applier);
        return;
    }
    applier->first += applier->count;
    applier->count = next_count(applier); /* only row by row are there several slices */
    start_slice(applier);
}

static void after_writing(struct applier *applier) {
    if (applier->closes_apart && round_ask_gone(applier)) {
        set_state(applier, APPLIER_counting);
        round_send(applier);
    } else if (applier->closes_apart) {
        close_slice_apart(applier);
    } else {
        next_slice(applier);
    }
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

/* The slice has failed before anything of it was sent to the target: rows of earlier
 * slices are still in place. */
static void fail_early(struct applier *applier, const struct err *error) {
    round_begin(applier);
    applier->error = *error;
    enum recovery next = choose_recovery(applier);
    switch (next) {
        case RECOVERY_by_rows:
        case RECOVERY_split:
        case RECOVERY_park:
        case RECOVERY_park_bare:
            applier->next = next;
            applier->cause = applier->error;
            after_undo(applier);
            break;
        case RECOVERY_again:
        case RECOVERY_again_later:
        case RECOVERY_from_start:
        case RECOVERY_strictly:
        case RECOVERY_prepare:
        case RECOVERY_fail:
            undo_and(applier, next);
            break;
    }
}

/* A transform's refusal is a row's own fault that needs no server to find. */
static void refuse_slice(struct applier *applier, const struct change *change) {
    struct err error = *change->refusal;
    snprintf(error.sqlstate, sizeof error.sqlstate, "22000");
    fail_early(applier, &error);
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
    applier->tried_at = usec_monotonic();
    reset_slice(applier);
    applier->slice_guarded = false;
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
    err_set_class(&applier->error, ERR_CLASS_CONTENDED);
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
            failed ? undo(applier) : after_writing(applier);
            break;
        case APPLIER_counting:
            failed ? undo(applier) : close_slice_apart(applier);
            break;
        case APPLIER_closing:
            failed ? undo(applier) : next_slice(applier);
            break;
        case APPLIER_undoing:
            if (failed) {
                applier->next = RECOVERY_fail;
                applier->cause = applier->error;
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
    error.class = ERR_CLASS_PASSING;
    applier_abandon(applier);
    applier->events->failed(applier->owner, &error);
}

static void on_fetched(void *owner, const struct err *err) {
    struct applier *applier = owner;
    if (err == NULL) {
        start_slice(applier);
    } else {
        fail_early(applier, err);
    }
}

static const struct fetcher_events fetcher_events = {
    .done = on_fetched,
    .lost = on_lost,
};

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
    fetcher_init(&applier->fetcher, loop, &fetcher_events, applier);
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
    applier->waits_since = 0;
    park_streak_end(&applier->parks);
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
    applier->doubts = false;
    applier->restarts = 0;
    applier->waits_since = 0;
    forget_slice(applier);
    start_slice(applier);
}
