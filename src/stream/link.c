/* link.c - see link.h. What arrives and what becomes of it; connections are
 * made in connect.c. */
#include "stream/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/mutant.h"
#include "decode/bind.h"
#include "pg/cure.h"
#include "pg/sqlstate.h"
#include "stream/internal.h"
#include "stream/protocol.h"
#include "stream/replication.h"

static const size_t batch_bytes = (size_t)4 * 1024 * 1024;
static const size_t large_change = (size_t)4 * 1024 * 1024; /* as the server's message */
static const size_t bloating_change = (size_t)16 * 1024 * 1024;
static const usec_t bloated_time = 60 * USEC_SECOND; /* that is borne after the last of these */
static const usec_t first_retry = USEC_SECOND / 10, longest_retry = 10 * USEC_SECOND;
static const usec_t heartbeat_interval = USEC_SECOND;
static const usec_t report_pause = USEC_SECOND / 50; /* between two reports on demand */
static const usec_t quiet_time = 5 * USEC_SECOND;    /* then the server is asked for a word */
/* A walsender that reads a very large transaction of other tables gives none either: it is
 * given longer each time, or it would read the same again and again. */
static const usec_t silence_limit = 60 * USEC_SECOND, longest_silence = 3600 * USEC_SECOND;

const char *link_state_name(enum link_state state) {
    static const char *const names[] = {
#define LINK_NAME(name) #name,
        LINK_STATES(LINK_NAME)
#undef LINK_NAME
    };
    return names[state];
}

void link_set_state(struct link *link, enum link_state state) {
    if (link->state != state) {
        log_line(&link->log, LOG_DEBUG, "%s -> %s", link_state_name(link->state),
                 link_state_name(state));
        link->state = state;
    }
}

/* failing */

void link_close(struct link *link) {
    timer_stop(link->heartbeat);
    applier_abandon(&link->applier);
    db_close(&link->stream);
    db_close(&link->target);
    db_close(&link->source);
    batch_reset(&link->batches[0]);
    batch_reset(&link->batches[1]);
    link->gathering = &link->batches[0];
    link->in_transaction = false;
    link->applies_large = link->is_bloated = false;
    timer_stop(link->soon);
}

void link_fail(struct link *link, const struct err *err) {
    link->error = *err;
    link_close(link);
    if (!err_passes(err)) {
        log_err(&link->log, LOG_ERROR, err);
        log_line(&link->log, LOG_ERROR, "the link has stopped; nothing after %s is acknowledged",
                 lsn_format(link->durable).text);
        link_set_state(link, LINK_failed);
        return;
    }
    if (!link->said_retrying) {
        log_err(&link->log, LOG_WARNING, err);
        log_line(&link->log, LOG_WARNING, "connecting again until it succeeds");
        link->said_retrying = true;
    }
    link->retry_at = usec_monotonic() + backoff_delay(first_retry, longest_retry, link->attempts++);
    link_set_state(link, LINK_retrying);
}

/* reporting */

/* A batch that continues a transaction is pending even when it is empty: its
 * changes are written, and the COMMIT is still to come. */
static bool nothing_pending(const struct link *link) {
    return !link->in_transaction && link->gathering->n_changes == 0 &&
           !link->gathering->continues && applier_is_idle(&link->applier);
}

static void report(struct link *link) {
    char status[STATUS_SIZE];
    usec_t now = usec_monotonic();
    bool silent = now - link->heard_at > quiet_time;
    if (silent && link->asked_at == 0) {
        link->asked_at = now;
    }
    status_build(status, link->received, link->durable, usec_now(), silent);
    session_put_copy(&link->stream.session, status, sizeof status);
    link->reported = link->durable;
    link->reported_at = now;
}

/* On demand, but not for every single commit. */
static void report_soon(struct link *link) {
    usec_t since = usec_monotonic() - link->reported_at;
    if (link->durable == link->reported) {
        return;
    }
    if (since >= report_pause) {
        report(link);
        timer_start(link->heartbeat, heartbeat_interval);
    } else {
        timer_start(link->heartbeat, report_pause - since);
    }
}

static void connect_anew(struct link *link) {
    log_line(&link->log, LOG_INFO, "connecting anew, to give back what large rows took of memory");
    link_close(link);
    err_clear(&link->error);
    link->retry_at = usec_monotonic();
    link_set_state(link, LINK_retrying);
}

static void note_word(struct link *link) {
    link->heard_at = usec_monotonic();
    link->asked_at = 0;
}

void link_on_heartbeat(void *owner) {
    struct link *link = owner;
    if (link->stream.session.paused) {
        note_word(link); /* it is we who do not listen */
    }
    usec_t limit = backoff_delay(silence_limit, longest_silence, link->silences);
    if (usec_monotonic() - link->heard_at > limit) {
        struct err err;
        link->silences++;
        err_set(&err, ERR_FAILED, "no word from the source's server for %d s",
                (int)(limit / USEC_SECOND));
        err_set_class(&err, ERR_CLASS_PASSING);
        link_fail(link, &err);
        return;
    }
    report(link);
    if (link->is_bloated && nothing_pending(link) &&
        usec_monotonic() - link->large_at > bloated_time) {
        connect_anew(link);
        return;
    }
    timer_start(link->heartbeat, heartbeat_interval);
}

/* Everything before `lsn` has arrived; what was empty needs no commit. */
static void arrived(struct link *link, lsn_t lsn) {
    if (lsn > link->received) {
        link->received = lsn;
    }
    if (nothing_pending(link)) {
        if (lsn > link->durable) {
            link->durable = lsn;
        }
        link->caught_up_at = usec_now();
        report_soon(link);
    }
}

/* batches */

/* One statement's TRUNCATE of several tables comes as one change a table, which must be
 * written by one statement, too. */
static bool may_go_on_truncating(const struct link *link) {
    const struct batch *batch = link->gathering;
    return link->in_transaction && batch->n_changes > 0 &&
           batch->changes[batch->n_changes - 1].op == CHANGE_truncate;
}

static bool batch_is_full(const struct link *link) {
    size_t limit = (size_t)link->m->config->stream.batch_rows;
    const struct batch *batch = link->gathering;
    if (!link->in_transaction) {
        /* with a large transaction's last piece there is no other that could fail with it */
        return batch->continues || batch->n_changes >= limit || batch->bytes >= batch_bytes;
    }
    if (may_go_on_truncating(link)) {
        return false;
    }
    /* in the middle of a transaction: cut it only if it is a large one */
    bool large = link->transaction_rows >= limit;
    return batch->bytes >= batch_bytes || batch->n_changes >= (large ? limit : 2 * limit);
}

static bool has_something_to_do(const struct link *link) {
    const struct batch *batch = link->gathering;
    /* a large transaction's end may come when all its changes are written */
    return batch->n_changes > 0 || (batch->continues && !link->in_transaction);
}

/* Gives the gathered batch to the applier when that is free and the batch ends
 * with a whole transaction, or must be cut. */
static void hand_over_or_cut(struct link *link, bool full) {
    struct batch *batch = link->gathering;
    bool free_to_go = has_something_to_do(link) && (!link->in_transaction || full);
    if (!applier_is_idle(&link->applier)) {
        session_pause(&link->stream.session, full || link->applies_large);
        return;
    }
    if (!free_to_go) {
        session_pause(&link->stream.session, false);
        return;
    }
    batch->ends = !link->in_transaction;
    struct batch *other = &link->batches[batch == &link->batches[0]];
    batch_reset(other);
    other->continues = link->in_transaction;
    link->gathering = other;
    link->applies_large = batch->bytes >= large_change;
    session_pause(&link->stream.session, link->applies_large);
    applier_submit(&link->applier, batch);
}

static void hand_over(struct link *link) {
    hand_over_or_cut(link, batch_is_full(link));
}

static void on_applied(void *owner, struct batch *batch) {
    struct link *link = owner;
    link->applies_large = false;
    link->changes += batch->n_changes;
    link->transactions += batch->n_transactions;
    link->rechecks = link->applier.rechecks;
    if (batch->ends) {
        link->durable = batch->last.end;
        link->log.lsn = link->durable;
        link->attempts = 0;
    }
    batch_reset(batch);
    if (nothing_pending(link)) {
        arrived(link, link->received);
    }
    report_soon(link);
    hand_over(link);
}

static void on_applier_failed(void *owner, const struct err *err) {
    link_fail(owner, err);
}

static const struct applier_events applier_events = {
    .applied = on_applied,
    .failed = on_applier_failed,
};

/* messages */

static bool is_ours(const struct link *link, const struct message *message) {
    bool looks = message->has_origin && !MUTANT_IS(filter_off);
    for (size_t i = 0; looks && i < link->ours.count; i++) {
        if (link->ours.ids[i] == message->origin) {
            return true;
        }
    }
    return false;
}

static bool trip_breaker(struct err *err, const struct message *message) {
    err_set(err, ERR_FAILED, "a change that pgtandem wrote itself has come back (origin %u)",
            message->origin);
    return err_hint(err, "the slot's filter does not hold: an origin was dropped and made anew "
                         "while the service ran; start it again");
}

static void begin_transaction(struct link *link, const struct message *message) {
    link->in_transaction = true;
    link->skipping = message->nextlsn <= link->progress;
    link->transaction_rows = 0;
    link->transaction = (struct transaction){.xid = message->xid,
                                             .lsn = message->lsn,
                                             .end = message->nextlsn,
                                             .commit_time = message->timestamp};
}

static void end_transaction(struct link *link) {
    struct batch *batch = link->gathering;
    link->in_transaction = false;
    if (!link->skipping && link->transaction_rows > 0) {
        batch->n_transactions++;
        batch->last = link->transaction;
    }
    arrived(link, link->transaction.end);
    hand_over(link);
}

static bool refuse_truncate(const struct mapping *mapping, struct err *err) {
    err_set(err, ERR_FAILED, "%s.%s was truncated", mapping->source->name.schema,
            mapping->source->name.name);
    return err_hint(err, "set stream.on_truncate to apply if the other side is to be emptied, "
                         "too, and start again");
}

static void on_soon(void *owner) {
    hand_over(owner);
}

static void gathered(struct link *link, bool large) {
    link->transaction_rows++;
    if (large) {
        session_pause(&link->stream.session, true);
        timer_start(link->soon, 0);
    } else if (batch_is_full(link)) {
        hand_over(link);
    }
}

static bool take_change(struct link *link, const struct message *message, bool large,
                        struct err *err) {
    const struct mapping *mapping = bind_find(link->mappings, link->m->n_tables, message);
    if (link->skipping || mapping == NULL) {
        return true;
    }
    if (message->kind == MESSAGE_TRUNCATE && !link->m->config->stream.truncate) {
        return refuse_truncate(mapping, err);
    }
    if (large && link->gathering->n_changes > 0) {
        hand_over_or_cut(link, true);
    }
    if (!bind_change(mapping, message, &link->transaction, link->gathering, err)) {
        return false;
    }
    gathered(link, large);
    return true;
}

static bool take_message(struct link *link, const struct message *message, bool large,
                         struct err *err) {
    if (is_ours(link, message)) {
        return trip_breaker(err, message);
    }
    switch (message->kind) {
        case MESSAGE_BEGIN:
            begin_transaction(link, message);
            return true;
        case MESSAGE_COMMIT:
            end_transaction(link);
            return true;
        case MESSAGE_INSERT:
        case MESSAGE_UPDATE:
        case MESSAGE_DELETE:
        case MESSAGE_TRUNCATE:
            return take_change(link, message, large, err);
        case MESSAGE_LOGICAL:
            return true; /* see take_data() */
    }
    return true;
}

static void take_data(struct link *link, const struct frame *frame) {
    struct message message;
    struct err err;
    if (wal2json_is_logical(frame->data, frame->size)) {
        return; /* it has moved the log, which is all it is for */
    }
    arena_reset(&link->scratch);
    if (frame->size >= bloating_change) {
        link->is_bloated = true;
        link->large_at = usec_monotonic();
    }
    if (wal2json_decode(link->decoder, frame->data, frame->size, &link->scratch, &message, &err) &&
        take_message(link, &message, frame->size >= large_change, &err)) {
        return;
    }
    err_context(&err, "at %s", lsn_format(link->received).text);
    link_fail(link, &err);
}

static void take_keepalive(struct link *link, const struct frame *frame) {
    arrived(link, frame->wal_end);
    if (frame->reply_requested) {
        report(link);
    }
}

static void on_copy_data(void *owner, const char *data, size_t size) {
    struct link *link = owner;
    struct frame frame;
    struct err err;
    note_word(link);
    link->silences = 0;
    if (!frame_parse(data, size, &frame, &err)) {
        link_fail(link, &err);
    } else if (frame.kind == FRAME_KEEPALIVE) {
        take_keepalive(link, &frame);
    } else {
        take_data(link, &frame);
    }
}

/* What the server cannot decode stays in the log as it is, and every try would fail there: a
 * row that as JSON is larger than a gigabyte, for one. BEGIN has come before it. */
static void explain_undecodable(const struct link *link, struct err *err) {
    struct lsn_text end = lsn_format(link->transaction.end);
    err_context(err,
                "the server cannot decode a change of the transaction %u, which ends at %s in %s, "
                "such as one of a row of more than 1 GB",
                link->transaction.xid, end.text, link->source.label);
    err_hint(
        err,
        "it would fail at every try. The way on leaves out of the stream what is not applied up "
        "to its end, and repairs that from what both tables hold: 1. end the service; 2. in %s: "
        "SELECT "
        "pg_replication_slot_advance('%s', '%s'); 3. start the service; 4. pgtandem verify "
        "--full --repair; the guide says what to do with a row that is too large for that, too",
        link->source.label, link->slot.text, end.text);
    err_set_class(err, ERR_CLASS_FATAL);
}

/* Results on the stream: its start, or the error that ends it. */
static void on_stream_result(void *owner, const PGresult *result) {
    struct link *link = owner;
    struct err err;
    if (PQresultStatus(result) != PGRES_FATAL_ERROR) {
        return;
    }
    err_from_result(&err, result);
    cure_add(&err, CURE_STREAM);
    err_context(&err, "in the stream of the slot \"%s\", behind %s", link->slot.text,
                lsn_format(link->received).text);
    if (err.class == ERR_CLASS_ROW && link->in_transaction) {
        explain_undecodable(link, &err);
    }
    link_fail(link, &err);
}

static void on_stream_ready(void *owner) {
    struct err err;
    err_set(&err, ERR_FAILED, "the server ended the replication stream");
    err_set_class(&err, ERR_CLASS_PASSING);
    link_fail(owner, &err);
}

static void on_stream_lost(void *owner, const struct err *err) {
    link_fail(owner, err);
}

/* A warning on a stream is wal2json's way to tell of a change that it leaves out, such as
 * one of a table without replica identity. */
static void on_stream_notice(void *owner, const struct session_notice *notice) {
    struct link *link = owner;
    if (strcmp(notice->severity, "WARNING") != 0) {
        log_line(&link->log, LOG_INFO, "the server says: %s", notice->text);
        return;
    }
    struct err err;
    err_set(&err, ERR_FAILED, "the server left out a change: %s", notice->text);
    err_hint(&err,
             "give the table a replica identity again (ALTER TABLE ... REPLICA IDENTITY "
             "DEFAULT), run teardown --all and begin again: the change is lost to the stream");
    link_fail(link, &err);
}

const struct session_events link_stream_events = {
    .result = on_stream_result,
    .ready = on_stream_ready,
    .copy_data = on_copy_data,
    .notice = on_stream_notice,
    .lost = on_stream_lost,
};

void link_begin_streaming(struct link *link) {
    note_word(link);
    link->in_transaction = false;
    link->caught_up_at = 0;
    link_set_state(link, LINK_streaming);
    report(link);
    timer_start(link->heartbeat, heartbeat_interval);
}

/* public */

void link_init(struct link *link, struct migration *m, enum direction direction) {
    memset(link, 0, sizeof *link);
    link->m = m;
    link->direction = direction;
    link->log = (struct log_source){m->config->migration, direction_name(direction), 0};
    link->slot = migration_slot(m, direction);
    link->origin = migration_origin(m, direction);
    arena_init(&link->scratch);
    arena_init(&link->lasting);
    buf_init(&link->writer_settings);
    batch_init(&link->batches[0]);
    batch_init(&link->batches[1]);
    link->gathering = &link->batches[0];
    link->decoder = wal2json_decoder_new();
    link->heartbeat = timer_new(m->loop, link_on_heartbeat, link);
    link->soon = timer_new(m->loop, on_soon, link);
    link_init_connections(link);
    applier_init(&link->applier, m->loop, &applier_events, link);
    link->applier.migration = m->config->migration;
    link->applier.link = direction_name(direction);
    link->applier.log = link->log;
    breaker_init(&link->applier.breaker, m->config->conflicts.max_per_minute);
    link->applier.parks.limit = m->config->conflicts.max_parked_in_a_row;
    link->applier.stop_on_row_error = m->config->conflicts.on_row_error == ROW_ERROR_STOP;
}

void link_fini(struct link *link) {
    link_close(link);
    timer_free(link->heartbeat);
    timer_free(link->soon);
    applier_fini(&link->applier);
    wal2json_decoder_free(link->decoder);
    batch_fini(&link->batches[0]);
    batch_fini(&link->batches[1]);
    arena_fini(&link->scratch);
    arena_fini(&link->lasting);
    buf_fini(&link->writer_settings);
    free(link->mappings);
}

/* Nothing had come that is not applied: until now it has kept up. */
static void note_caught_up(struct link *link) {
    if (link->caught_up_at != 0 && nothing_pending(link)) {
        link->caught_up_at = usec_now();
    }
}

void link_stop(struct link *link, usec_t patience) {
    if (link->state == LINK_streaming) {
        usec_t deadline = usec_monotonic() + patience;
        session_pause(&link->stream.session, true);
        while (link->state == LINK_streaming && !applier_is_idle(&link->applier) &&
               usec_monotonic() < deadline) {
            loop_turn(link->m->loop, USEC_SECOND / 100);
        }
    }
    if (link->state == LINK_streaming) {
        report(link); /* what is durable by now need not come again */
        note_caught_up(link);
    }
    link_close(link);
    if (link->state != LINK_failed) {
        link_set_state(link, LINK_stopped);
    }
}

void link_set_policy(struct link *link, enum policy policy) {
    link->applier.policy = policy;
}

bool link_has_passed(const struct link *link, lsn_t lsn) {
    return link->state == LINK_streaming && link->durable >= lsn;
}

struct link_wait link_waits(const struct link *link) {
    const struct session *target = &link->target.session, *source = &link->source.session;
    if (link->state != LINK_streaming) {
        return (struct link_wait){LINK_WAITS_NOT, 0};
    }
    if (link->applier.waits_since != 0) {
        return (struct link_wait){LINK_WAITS_OTHERS, link->applier.waits_since};
    }
    if (session_silence(target) > 0) {
        return (struct link_wait){LINK_WAITS_TARGET, target->active_at};
    }
    if (session_silence(source) > 0) {
        return (struct link_wait){LINK_WAITS_SOURCE, source->active_at};
    }
    return (struct link_wait){link->asked_at != 0 ? LINK_WAITS_STREAM : LINK_WAITS_NOT,
                              link->asked_at};
}

static usec_t oldest_pending(const struct link *link) {
    const struct batch *applying = link->applier.batch;
    if (applying != NULL && applying->n_changes > 0) {
        return applying->changes[0].transaction.commit_time;
    }
    if (link->gathering->n_changes > 0) {
        return link->gathering->changes[0].transaction.commit_time;
    }
    return 0;
}

double link_lag(const struct link *link, usec_t now) {
    usec_t since = oldest_pending(link);
    if (since == 0 && link->state != LINK_streaming) {
        since = link->caught_up_at;
    }
    return since == 0 || since >= now ? 0 : (double)(now - since) / (double)USEC_SECOND;
}

double link_since_level(const struct link *link, usec_t now) {
    if (link->caught_up_at == 0) {
        return -1;
    }
    bool level = link->state == LINK_streaming && oldest_pending(link) == 0;
    return level || link->caught_up_at >= now
               ? 0
               : (double)(now - link->caught_up_at) / (double)USEC_SECOND;
}
