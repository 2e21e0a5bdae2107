/* fetcher.c - see fetcher.h. One statement a mapping, one after the other. */
#include "apply/fetcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "pg/db.h"
#include "pg/sqlstate.h"

static const usec_t first_pause = USEC_SECOND / 100, longest_pause = USEC_SECOND;

static void ask_next(struct fetcher *fetcher);

static void send_request(struct fetcher *fetcher) {
    fetcher->n_answered = 0;
    prepared_queue(&fetcher->prepared, fetcher->session, &fetcher->statement);
    session_sync(fetcher->session);
}

static void on_again(void *owner) {
    send_request(owner);
}

void fetcher_init(struct fetcher *fetcher, struct loop *loop, const struct fetcher_events *events,
                  void *owner) {
    memset(fetcher, 0, sizeof *fetcher);
    prepared_init(&fetcher->prepared);
    statement_init(&fetcher->statement);
    fetcher->again = timer_new(loop, on_again, fetcher);
    fetcher->events = events;
    fetcher->owner = owner;
}

void fetcher_fini(struct fetcher *fetcher) {
    prepared_reset(&fetcher->prepared);
    statement_fini(&fetcher->statement);
    timer_free(fetcher->again);
    free(fetcher->asked);
}

void fetcher_abandon(struct fetcher *fetcher) {
    timer_stop(fetcher->again);
    fetcher->n_asked = 0;
}

static void on_result(void *owner, const PGresult *result) {
    struct fetcher *fetcher = owner;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR && fetcher->error.code == ERR_NONE) {
        err_from_result(&fetcher->error, result);
        err_context(&fetcher->error, "%s", fetcher->statement.label);
    }
    if (status != PGRES_TUPLES_OK) {
        return;
    }
    size_t n_columns = fetcher->mapping->source->n_columns;
    struct value *row = mem_zero(n_columns, sizeof *row);
    for (int i = 0; i < PQntuples(result); i++) {
        struct change *change = fetcher->asked[result_int(result, i, 0) - 1];
        for (size_t c = 0; c < n_columns; c++) {
            row[c] = result_value(result, i, (int)c + 2);
        }
        change_complete(change, result_bool(result, i, 1) ? row : NULL, &fetcher->batch->arena);
        fetcher->n_answered++;
    }
    free(row);
}

/* The table was altered since the statement was prepared: once more, then. */
static bool plan_was_stale(struct fetcher *fetcher) {
    if (fetcher->prepared_anew || !err_has_sqlstate(&fetcher->error, "0A000")) {
        return false;
    }
    fetcher->prepared_anew = true;
    prepared_forget(&fetcher->prepared);
    err_clear(&fetcher->error);
    return true;
}

static void on_ready(void *owner) {
    struct fetcher *fetcher = owner;
    bool failed = fetcher->error.code != ERR_NONE;
    prepared_end_round(&fetcher->prepared, failed);
    if (failed && plan_was_stale(fetcher)) {
        send_request(fetcher);
    } else if (failed) {
        fetcher->events->done(fetcher->owner, &fetcher->error);
    } else if (fetcher->n_answered < fetcher->n_asked) {
        timer_start(fetcher->again, backoff_delay(first_pause, longest_pause, fetcher->tries++));
    } else {
        ask_next(fetcher);
    }
}

static void on_lost(void *owner, const struct err *err) {
    struct fetcher *fetcher = owner;
    timer_stop(fetcher->again);
    fetcher->events->lost(fetcher->owner, err);
}

static const struct session_events events = {
    .result = on_result,
    .ready = on_ready,
    .lost = on_lost,
};

void fetcher_attach(struct fetcher *fetcher, struct session *session) {
    fetcher->session = session;
    prepared_reset(&fetcher->prepared);
    session_rebind(session, SESSION_PIPELINE, &events, fetcher);
}

/* All changes that want their source and are of the first such one's table. */
static void choose(struct fetcher *fetcher) {
    fetcher->n_asked = 0;
    fetcher->mapping = NULL;
    for (size_t i = 0; i < fetcher->count; i++) {
        struct change *change = &fetcher->batch->changes[fetcher->first + i];
        if (!change->wants_source) {
            continue;
        }
        if (fetcher->mapping == NULL) {
            fetcher->mapping = change->mapping;
        }
        if (change->mapping == fetcher->mapping) {
            fetcher->asked[fetcher->n_asked++] = change;
        }
    }
}

static void ask_next(struct fetcher *fetcher) {
    choose(fetcher);
    size_t n = fetcher->n_asked;
    if (n == 0) {
        fetcher->events->done(fetcher->owner, NULL);
        return;
    }
    const struct value **keys = mem_zero(n, sizeof *keys);
    uint32_t *xids = mem_zero(n, sizeof *xids);
    for (size_t i = 0; i < n; i++) {
        keys[i] = change_new_key(fetcher->asked[i], &fetcher->batch->arena);
        xids[i] = fetcher->asked[i]->transaction.xid;
    }
    statement_fetch(&fetcher->statement, fetcher->mapping, keys, n, xids, n);
    free(keys);
    free(xids);
    fetcher->tries = 0;
    send_request(fetcher);
}

void fetcher_start(struct fetcher *fetcher, struct batch *batch, size_t first, size_t count) {
    fetcher->batch = batch;
    fetcher->first = first;
    fetcher->count = count;
    err_clear(&fetcher->error);
    fetcher->prepared_anew = false;
    fetcher->asked = mem_grow(fetcher->asked, mem_mul(count, sizeof *fetcher->asked));
    ask_next(fetcher);
}
