/* connect.c - makes a link's connections, in the order that exactly-once needs:
 *
 *   1. the writer: takes the origin. As long as a predecessor's session lives
 *      it is refused (55006), and that session may still commit;
 *   2. only then the origin's progress is read: what is applied;
 *   3. the source: the ids of our origins, and whether the slot is there;
 *   4. the stream, from where the slot stands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "pg/cure.h"
#include "pg/operators.h"
#include "pg/sqlstate.h"
#include "stream/internal.h"
#include "stream/replication.h"

static const usec_t busy_pause = USEC_SECOND / 4;
static const int busy_attempts = 120;     /* half a minute; the first time a link connects */
static const int busy_attempts_again = 4; /* links are connected again beside all else */
static const usec_t first_patience = 5 * USEC_SECOND, longest_patience = 15 * USEC_SECOND;
static const usec_t query_timeout = 60 * USEC_SECOND;

/* Lookups go by key, however the statistics look. */
static const char source_settings[] =
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    " -c plan_cache_mode=force_generic_plan";

void link_init_connections(struct link *link) {
    struct migration *m = link->m;
    static const char *const roles[] = {"writer", "source", "stream"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(link->application[i], sizeof link->application[i], "pgtandem %s %s",
                 direction_name(link->direction), roles[i]);
    }
    const struct side *source = migration_source(m, link->direction);
    const struct side *target = migration_target(m, link->direction);
    db_init(&link->target, m->loop, SESSION_SQL, target->dsn, target->label, link->application[0]);
    db_init(&link->source, m->loop, SESSION_SQL, source->dsn, source->label, link->application[1]);
    db_init(&link->stream, m->loop, SESSION_REPLICATION, source->dsn, source->label,
            link->application[2]);
    link->source.session.settings = source_settings;
    link->source.timeout = query_timeout;
    link->target.timeout = query_timeout;
    link->source.patience = link->target.patience = query_timeout;
    /* no query may open one of them anew: what it holds (the origin) would be gone */
    link->source.pinned = link->target.pinned = link->stream.pinned = true;
    link->mappings = mem_zero(m->n_tables, sizeof *link->mappings);
}

/* True when the error was "in use" and it is worth another try. */
static bool wait_if_busy(struct link *link, struct err *err, int attempt) {
    int most = link->attempts == 0 ? busy_attempts : busy_attempts_again;
    if (!err_has_sqlstate(err, "55006") || attempt >= most) {
        return false;
    }
    if (attempt == 4) {
        log_line(&link->log, LOG_WARNING, "waiting: %s", err->message);
    }
    return loop_sleep(link->m->loop, busy_pause, err);
}

/* the writer */

static bool take_origin(struct link *link, struct err *err) {
    const char *origin = link->origin.text;
    for (int attempt = 0;; attempt++) {
        if (db_exec(&link->target, err, "SELECT pg_replication_origin_session_setup($1)", 1,
                    &origin)) {
            return true;
        }
        if (!wait_if_busy(link, err, attempt)) {
            cure_add(err, CURE_ORIGIN);
            return err_context(err, "cannot take the origin \"%s\" in %s", origin,
                               link->target.label);
        }
    }
}

/* A fresh origin has no progress. */
static bool read_progress(struct link *link, struct err *err) {
    const char *origin = link->origin.text;
    return db_lsn(&link->target, err, &link->progress,
                  "SELECT coalesce(pg_replication_origin_progress($1, true), '0/0')", 1, &origin);
}

static bool connect_writer(struct link *link, struct err *err) {
    link->target.session.settings = buf_text(&link->writer_settings);
    enum direction back = link->direction == FORWARD ? REVERSE : FORWARD;
    arena_reset(&link->lasting);
    return db_open(&link->target, err) && operators_find(link->m, back, &link->target, err) &&
           take_origin(link, err) && read_progress(link, err) &&
           origins_read_on(&link->target, link->m->config->migration, &link->lasting,
                           &link->applier.target_origins, err);
}

/* the source */

static bool check_slot(struct link *link, const struct slot_info *slot, struct err *err) {
    if (!slot->exists || !slot->is_ours) {
        err_set(err, ERR_FAILED,
                slot->exists ? "the slot \"%s\" in %s is not one of pgtandem's"
                             : "the slot \"%s\" is gone from %s",
                link->slot.text, link->source.label);
        return err_hint(err, "changes may be lost: run teardown --all, empty the new table and "
                             "begin again");
    }
    if (slot->lost) {
        err_set(err, ERR_FAILED, "the slot \"%s\" in %s is lost: the server dropped log it needed",
                link->slot.text, link->source.label);
        return err_hint(err, "raise max_slot_wal_keep_size, run teardown --all, empty the new "
                             "table and begin again");
    }
    return true;
}

static bool connect_source(struct link *link, struct err *err) {
    struct slot_info slot;
    if (!db_open(&link->source, err) || !slot_read_on(&link->source, link->slot.text, &slot, err) ||
        !check_slot(link, &slot, err)) {
        return false;
    }
    /* nothing before it will come again, so it is done */
    link->durable = link->received = link->reported = slot.confirmed_flush;
    return origins_read_on(&link->source, link->m->config->migration, &link->lasting, &link->ours,
                           err);
}

/* the stream */

struct start_wait {
    struct session *session;
    bool done;
    struct err err;
};

static void on_start_result(void *owner, const PGresult *result) {
    struct start_wait *wait = owner;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        err_from_result(&wait->err, result);
        wait->done = true;
    }
    if (PQresultStatus(result) == PGRES_COPY_BOTH) {
        /* data may follow at once: they wait until their reader is in place */
        session_pause(wait->session, true);
        wait->done = true;
    }
}

static void on_start_lost(void *owner, const struct err *err) {
    struct start_wait *wait = owner;
    wait->err = *err;
    wait->done = true;
}

static const struct session_events start_events = {
    .result = on_start_result,
    .lost = on_start_lost,
};

bool link_start_stream(struct loop *loop, struct db *stream, const char *sql,
                       const struct session_events *events, void *owner, struct err *err) {
    struct start_wait wait = {.session = &stream->session};
    if (!db_open(stream, err)) {
        return false;
    }
    session_rebind(&stream->session, SESSION_REPLICATION, &start_events, &wait);
    session_send(&stream->session, sql, 0, NULL);
    bool ok = loop_wait(loop, &wait.done, query_timeout, "the replication stream", err);
    if (ok && wait.err.code != ERR_NONE) {
        *err = wait.err;
        ok = false;
    }
    if (!ok) {
        db_close(stream);
        return false;
    }
    session_rebind(&stream->session, SESSION_REPLICATION, events, owner);
    session_pause(&stream->session, false);
    return true;
}

static bool connect_stream(struct link *link, struct err *err) {
    struct message_prefix nobodys = message_prefix_new(); /* a link reads no message */
    struct buf sql;
    buf_init(&sql);
    replication_start_sql(&sql, link->slot.text, 0, &link->ours, link->mappings, link->m->n_tables,
                          &nobodys);
    bool ok = false;
    for (int attempt = 0; !ok; attempt++) {
        ok = link_start_stream(link->m->loop, &link->stream, sql.data, &link_stream_events, link,
                               err);
        if (!ok && !wait_if_busy(link, err, attempt)) {
            cure_add(err, CURE_STREAM);
            err_context(err, "cannot stream from the slot \"%s\"", link->slot.text);
            break;
        }
    }
    buf_fini(&sql);
    return ok;
}

/* Whoever connects a link again has other things to do as well. */
static void choose_patience(struct link *link) {
    usec_t patience = link->attempts == 0
                          ? 0
                          : backoff_delay(first_patience, longest_patience, link->attempts - 1);
    link->target.session.connect_within = link->source.session.connect_within =
        link->stream.session.connect_within = patience;
}

/* One of them may have been lost while the next was being made: nobody would hear of it any
 * more. */
static bool are_open(struct link *link, struct err *err) {
    const struct db *dbs[] = {&link->target, &link->source, &link->stream};
    for (size_t i = 0; i < sizeof dbs / sizeof *dbs; i++) {
        if (!session_is_open(&dbs[i]->session)) {
            err_set(err, ERR_FAILED, "the connection to %s was lost while others were being made",
                    dbs[i]->label);
            return err_set_class(err, ERR_CLASS_PASSING);
        }
    }
    return true;
}

bool link_connect(struct link *link, struct err *err) {
    link_close(link);
    choose_patience(link);
    link_set_state(link, LINK_connecting);
    for (size_t i = 0; i < link->m->n_tables; i++) {
        link->mappings[i] = migration_mapping(link->m, i, link->direction);
    }
    err_clear(err);
    if (!connect_writer(link, err) || !connect_source(link, err)) {
        goto failed;
    }
    if (!connect_stream(link, err) || !are_open(link, err)) {
        goto failed;
    }
    /* Not earlier: an applier that loses its session ends the link's connections, and so the
     * one that is waited for. */
    applier_attach(&link->applier, &link->target.session, &link->source.session);
    if (link->said_retrying) {
        log_line(&link->log, LOG_INFO, "connected again");
        link->said_retrying = false;
    }
    link_begin_streaming(link);
    return true;

failed:
    if (link->m->loop->stopping) {
        link_close(link);
        link_set_state(link, LINK_stopped);
    } else {
        link_fail(link, err);
    }
    return false;
}
