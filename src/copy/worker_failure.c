/* worker_failure.c - see worker_parts.h.
 *
 * A try that failed ends in three steps: let both sessions come to rest (rows
 * still on their way are thrown away), roll back, decide. Meanwhile the first
 * error stands: what follows from it is no news. */
#include <stdio.h>
#include <string.h>

#include "copy/worker_parts.h"
#include "pg/cure.h"
#include "pg/sqlstate.h"

bool worker_note_fault(struct worker *worker, enum fault fault, const PGresult *result) {
    if (PQresultStatus(result) != PGRES_FATAL_ERROR &&
        PQresultStatus(result) != PGRES_BAD_RESPONSE) {
        return false;
    }
    if (worker->fault == FAULT_NONE) {
        worker->fault = fault;
        if (fault == FAULT_WRITER) {
            err_from_write(&worker->error, result);
        } else {
            err_from_result(&worker->error, result);
        }
        if (worker->state == WORKER_claiming) {
            cure_add(&worker->error, CURE_ORIGIN);
        }
    }
    return true;
}

static void close_session(struct worker *worker, enum fault fault) {
    if (fault == FAULT_READER) {
        session_close(&worker->reader);
        worker->imported = false;
    } else {
        session_close(&worker->writer);
        worker->claimed = false;
    }
}

/* No server has said why: it was we who gave the session up, and it may have been at work. */
static void be_more_patient(struct worker *worker, const struct err *err) {
    if (err->sqlstate[0] == '\0' && worker->patience < WORKER_PATIENCE_MAX) {
        worker->patience *= 2;
    }
}

void worker_lose(struct worker *worker, enum fault fault, const struct err *err) {
    close_session(worker, fault);
    if (worker->state == WORKER_down || worker->state == WORKER_resting) {
        return; /* it will be opened again before it is used */
    }
    if (worker->fault == FAULT_NONE) {
        worker->fault = fault;
        worker->error = *err;
    }
    be_more_patient(worker, err);
    worker_fail(worker);
}

/* coming to rest */

static bool is_quiet(const struct session *session) {
    return session->state == SESSION_idle || session->state == SESSION_closed;
}

void worker_fail(struct worker *worker) {
    worker_set_state(worker, WORKER_draining);
    worker_pause(worker, ~0, false);
    if (worker->writer.state == SESSION_copy_in) {
        session_end_copy(&worker->writer, "the copy of this chunk failed elsewhere");
    }
    worker_settle(worker);
}

static bool in_transaction(const struct session *session) {
    return session_is_open(session) && PQtransactionStatus(session->conn) != PQTRANS_IDLE;
}

void worker_settle(struct worker *worker) {
    if (!is_quiet(&worker->reader) || !is_quiet(&worker->writer)) {
        return;
    }
    if ((worker->fault == FAULT_READER || worker->job->chunked) &&
        worker->reader.state != SESSION_closed) {
        close_session(worker, FAULT_READER); /* with its transaction went its snapshot */
    }
    if (in_transaction(&worker->writer)) {
        worker_set_state(worker, WORKER_undoing);
        session_send(&worker->writer, "ROLLBACK", 0, NULL);
    } else {
        worker_decide(worker);
    }
}

/* deciding */

static void add_context(struct worker *worker) {
    if (worker->chunk != NULL) {
        const struct table_name *table = &worker->chunk->mapping->source->name;
        err_context(&worker->error, "while copying chunk %d of %s.%s", worker->chunk->number,
                    table->schema, table->name);
    }
}

/* Which row it is, the stream of rows does not tell. */
static void explain_reading(struct worker *worker) {
    if (worker->fault == FAULT_READER && worker->error.class == ERR_CLASS_ROW &&
        worker->chunk != NULL) {
        err_context(&worker->error, "a row of the old table cannot be read");
        err_hint(&worker->error, "the chunk's bounds are in pgtandem.chunk: find the row between "
                                 "them, mend or delete it, then start again");
    }
}

static void end_copy(struct worker *worker) {
    explain_reading(worker);
    add_context(worker);
    worker_set_state(worker, WORKER_down);
    job_fail(worker->job, &worker->error);
}

static void try_later(struct worker *worker) {
    add_context(worker);
    usec_t delay = job_trouble(worker->job, &worker->error, worker->attempts++);
    worker_set_state(worker, WORKER_resting);
    timer_start(worker->timer, delay);
}

void worker_recover(struct worker *worker) {
    if (worker->attempts > 0) {
        worker->attempts = 0;
        job_recovered(worker->job);
    }
}

static void try_with_more_care(struct worker *worker) {
    worker->care = worker->care == CARE_none ? CARE_rows : CARE_constraints;
    worker_set_state(worker, WORKER_resting);
    worker_proceed(worker);
}

/* The session that exported the snapshot has ended. Which SQLSTATE says so
 * depends on the server's version. */
static bool is_snapshot_gone(const struct worker *worker) {
    static const char *const states[] = {"22023", "42704", "55000"};
    if (worker->imported || worker->fault != FAULT_READER || worker->job->chunked) {
        return false;
    }
    if (worker->outdated) {
        return true;
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(worker->error.sqlstate, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void want_snapshot(struct worker *worker) {
    if (strcmp(worker->importing, worker->job->snapshot) == 0) {
        worker->job->snapshot_gone = true; /* else there is a newer one by now */
    }
    worker_proceed(worker); /* its reader is closed: it waits for sequential code */
}

/* A type that is not sent or not taken in binary after all: in text, if it was not
 * that, it fails again. */
static bool may_be_the_format(const struct worker *worker) {
    return worker->chunk != NULL && worker->care == CARE_none && worker->mapped &&
           worker->map.format == FORMAT_BINARY;
}

static void decide_by_class(struct worker *worker) {
    switch (worker->error.class) {
        case ERR_CLASS_ROW:
            if (worker->fault == FAULT_WRITER && worker->chunk != NULL &&
                worker->care != CARE_constraints) {
                try_with_more_care(worker);
            } else {
                end_copy(worker);
            }
            break;
        case ERR_CLASS_CONTENDED:
        case ERR_CLASS_PASSING:
            try_later(worker);
            break;
        case ERR_CLASS_FATAL:
            if (may_be_the_format(worker)) {
                try_with_more_care(worker);
            } else {
                end_copy(worker);
            }
            break;
    }
}

void worker_give_back(struct worker *worker) {
    worker->fault = FAULT_SLOW;
    close_session(worker, FAULT_READER); /* else all of its rows would come first */
    worker_fail(worker);
}

static void hand_over(struct worker *worker) {
    struct chunk *chunk = worker->chunk;
    worker->chunk = NULL;
    worker->fault = FAULT_NONE; /* it may have nothing to do now, and lose a connection then */
    job_return(worker->job, chunk, worker->rows_read, usec_monotonic() - worker->begun_at);
    worker_proceed(worker);
}

void worker_decide(struct worker *worker) {
    if (worker->job->failed || worker->fault == FAULT_ODD) {
        end_copy(worker);
    } else if (worker->fault == FAULT_SLOW) {
        hand_over(worker);
    } else if (worker->fault == FAULT_ROW) {
        try_with_more_care(worker);
    } else if (is_snapshot_gone(worker)) {
        want_snapshot(worker);
    } else {
        decide_by_class(worker);
    }
}
