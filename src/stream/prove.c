/* prove.c - see prove.h. */
#include "stream/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mutant.h"
#include "decode/wal2json.h"
#include "pg/cure.h"
#include "pg/slot.h"
#include "pg/sqlstate.h"
#include "stream/internal.h"
#include "stream/protocol.h"
#include "stream/replication.h"

static const usec_t proof_patience = 60 * USEC_SECOND; /* between two signs of life */
static const usec_t busy_pause = USEC_SECOND / 4;
static const int busy_attempts = 120;

/* what the two messages say */
static const char echo[] = "echo";
static const char plain[] = "plain";

struct proof {
    struct migration *m;
    enum direction direction;
    struct db source, stream;
    struct origin_ids ours;
    struct arena arena, scratch;
    struct wal2json_decoder *decoder;
    struct message_prefix prefix; /* of the two messages, which nobody else can have written */
    lsn_t start;
    bool done;
    bool echoed;
    struct err err;
};

/* markers */

static bool emit(struct db *db, const char *prefix, const char *content, struct err *err) {
    return db_exec(db, err, "SELECT pg_logical_emit_message(true, $1, $2)", 2,
                   (const char *const[]){prefix, content});
}

bool marker_write(struct db *source, lsn_t *lsn, struct err *err) {
    return (emit(source, MARKER_PREFIX, "marker", err) &&
            db_lsn(source, err, lsn, "SELECT pg_current_wal_insert_lsn()", 0, NULL)) ||
           err_context(err, "cannot write a marker in %s", source->label);
}

static bool take_origin(struct proof *proof, const char *origin, struct err *err) {
    for (int attempt = 0;; attempt++) {
        if (db_exec(&proof->source, err, "SELECT pg_replication_origin_session_setup($1)", 1,
                    &origin)) {
            return true;
        }
        if (!err_has_sqlstate(err, "55006") || attempt == busy_attempts) {
            cure_add(err, CURE_ORIGIN);
            return err_context(err, "cannot take the origin \"%s\"", origin);
        }
        if (!loop_sleep(proof->m->loop, busy_pause, err)) {
            return false;
        }
    }
}

static bool write_markers(struct proof *proof, struct err *err) {
    enum direction other = proof->direction == FORWARD ? REVERSE : FORWARD;
    struct object_name origin = migration_origin(proof->m, other);
    return db_lsn(&proof->source, err, &proof->start, "SELECT pg_current_wal_insert_lsn()", 0,
                  NULL) &&
           take_origin(proof, origin.text, err) &&
           emit(&proof->source, proof->prefix.text, echo, err) &&
           db_exec(&proof->source, err, "SELECT pg_replication_origin_session_reset()", 0, NULL) &&
           emit(&proof->source, proof->prefix.text, plain, err);
}

/* reading */

static void end_proof(struct proof *proof, const struct err *err) {
    proof->err = *err;
    proof->done = true;
}

static void stay_alive(struct proof *proof) {
    char status[STATUS_SIZE];
    status_build(status, 0, 0, usec_now(), false); /* zero moves no slot */
    session_put_copy(&proof->stream.session, status, sizeof status);
}

static void look_at(struct proof *proof, const struct message *message) {
    if (message->kind != MESSAGE_LOGICAL || strcmp(message->prefix, proof->prefix.text) != 0) {
        return;
    }
    if (strcmp(message->content, echo) == 0) {
        proof->echoed = true;
    }
    if (strcmp(message->content, plain) == 0) {
        proof->done = true;
    }
}

static void on_copy_data(void *owner, const char *data, size_t size) {
    struct proof *proof = owner;
    struct frame frame;
    struct message message;
    struct err err;
    if (proof->done) {
        return;
    }
    if (!frame_parse(data, size, &frame, &err)) {
        end_proof(proof, &err);
    } else if (frame.kind == FRAME_KEEPALIVE) {
        stay_alive(proof);
    } else {
        arena_reset(&proof->scratch);
        if (wal2json_decode(proof->decoder, frame.data, frame.size, &proof->scratch, &message,
                            &err)) {
            look_at(proof, &message);
        } else if (!wal2json_is_logical(frame.data, frame.size)) {
            end_proof(proof, &err);
        }
    }
}

static void on_result(void *owner, const PGresult *result) {
    struct err err;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        err_from_result(&err, result);
        end_proof(owner, &err);
    }
}

static void on_lost(void *owner, const struct err *err) {
    end_proof(owner, err);
}

static const struct session_events proof_events = {
    .copy_data = on_copy_data,
    .result = on_result,
    .lost = on_lost,
};

static bool start(struct proof *proof, struct err *err) {
    struct migration *m = proof->m;
    const struct mapping **mappings = arena_zero(&proof->arena, m->n_tables, sizeof *mappings);
    for (size_t i = 0; i < m->n_tables; i++) {
        mappings[i] = migration_mapping(m, i, proof->direction);
    }
    struct buf sql;
    buf_init(&sql);
    replication_start_sql(&sql, migration_slot(m, proof->direction).text, proof->start,
                          &proof->ours, mappings, m->n_tables, &proof->prefix);
    bool ok = false;
    for (int attempt = 0; !ok; attempt++) {
        ok = link_start_stream(m->loop, &proof->stream, sql.data, &proof_events, proof, err);
        if (!ok && (!err_has_sqlstate(err, "55006") || attempt == busy_attempts ||
                    !loop_sleep(m->loop, busy_pause, err))) {
            cure_add(err, CURE_STREAM);
            break;
        }
    }
    buf_fini(&sql);
    return ok;
}

static bool read_until_plain(struct proof *proof, struct err *err) {
    while (
        !loop_wait(proof->m->loop, &proof->done, proof_patience, "a marker in the stream", err)) {
        if (err->code != ERR_TIMEOUT) {
            return false;
        }
        log_line(
            &(struct log_source){proof->m->config->migration, direction_name(proof->direction), 0},
            LOG_INFO, "proving the filter: the server reads the log that has waited");
    }
    if (proof->err.code != ERR_NONE) {
        *err = proof->err;
        return false;
    }
    if (proof->echoed && !mutant_is_unfiltered()) {
        err_set(err, ERR_FAILED, "the slot \"%s\" does not filter what pgtandem writes itself",
                migration_slot(proof->m, proof->direction).text);
        return err_hint(err, "nothing was written; check that wal2json is version 2.5 or later and "
                             "that nobody drops or makes replication origins meanwhile");
    }
    return true;
}

static void init_proof(struct proof *proof, struct migration *m, enum direction direction) {
    memset(proof, 0, sizeof *proof);
    proof->m = m;
    proof->direction = direction;
    const struct side *source = migration_source(m, direction);
    db_init(&proof->source, m->loop, SESSION_SQL, source->dsn, source->label, "pgtandem proof");
    db_init(&proof->stream, m->loop, SESSION_REPLICATION, source->dsn, source->label,
            "pgtandem proof");
    proof->source.timeout = proof_patience;
    proof->source.pinned = true; /* without its origin it would write no echo */
    arena_init(&proof->arena);
    arena_init(&proof->scratch);
    proof->decoder = wal2json_decoder_new();
    proof->prefix = message_prefix_new();
}

static void fini_proof(struct proof *proof) {
    db_close(&proof->source);
    db_close(&proof->stream);
    arena_fini(&proof->arena);
    arena_fini(&proof->scratch);
    wal2json_decoder_free(proof->decoder);
}

static bool run_proof(struct proof *proof, struct err *err) {
    struct migration *m = proof->m;
    struct loop_wait wait;
    char what[80];
    snprintf(what, sizeof what, "the proof of the %s link's filter",
             direction_name(proof->direction));
    loop_wait_begin(m->loop, &wait, what);
    bool ok =
        db_open(&proof->source, err) &&
        origins_read_on(&proof->source, m->config->migration, &proof->arena, &proof->ours, err) &&
        write_markers(proof, err) && start(proof, err) && read_until_plain(proof, err);
    loop_wait_end(m->loop, &wait);
    return ok;
}

bool prove_filter(struct migration *m, enum direction direction, struct err *err) {
    struct proof proof;
    init_proof(&proof, m, direction);
    bool ok = run_proof(&proof, err);
    fini_proof(&proof);
    return ok ||
           err_context(err, "cannot prove the filter of the %s link", direction_name(direction));
}
