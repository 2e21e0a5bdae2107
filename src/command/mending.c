/* mending.c - see mending.h. */
#include "command/mending.h"

#include <inttypes.h>
#include <stdio.h>

#include "apply/array.h"
#include "base/buf.h"
#include "base/log.h"
#include "command/service.h"
#include "pg/state.h"

enum { KEYS_PER_RECORD = 500 };

static const usec_t look_interval = USEC_SECOND / 4;

bool mending_is_possible(struct migration *m, struct err *err) {
    struct migration_state state;
    if (!state_read(m, &state, err)) {
        return false;
    }
    if (state.phase >= PHASE_live) {
        return true;
    }
    err_set(err, ERR_NOT_READY,
            "the migration is in phase %s: rows are mended from live on, when both links run",
            phase_name(state.phase));
    return err_hint(err, "start the service (pgtandem run) and wait until status says live");
}

/* putting up */

static bool put_up_record(struct migration *m, const char *table, const struct value *keys,
                          size_t n_values, int64_t *id, struct err *err) {
    struct buf text;
    buf_init(&text);
    array_add(&text, keys, n_values);
    bool ok = db_int(&m->new_side.db, err, id,
                     "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)"
                     " VALUES ($1, 'forward', $2, $3::text[]) RETURNING id",
                     3, (const char *const[]){m->config->migration, table, buf_text(&text)});
    buf_fini(&text);
    return ok;
}

bool mending_put_up(struct migration *m, size_t table, const struct value *keys, size_t n,
                    struct mending_lot *lot, struct err *err) {
    const struct table_name *name = &m->config->tables[table].new_table;
    size_t n_key = migration_mapping(m, table, FORWARD)->n_key;
    char text[300];
    snprintf(text, sizeof text, "%s.%s", name->schema, name->name);
    *lot = (struct mending_lot){0};
    for (size_t i = 0; i < n; i += KEYS_PER_RECORD) {
        size_t piece = n - i < KEYS_PER_RECORD ? n - i : KEYS_PER_RECORD;
        if (!put_up_record(m, text, &keys[i * n_key], piece * n_key, &lot->last, err)) {
            return err_context(err, "cannot put up rows of %s to be compared again", text);
        }
        lot->first = lot->first == 0 ? lot->last : lot->first;
    }
    return true;
}

bool mending_left(struct migration *m, size_t table, const struct mending_lot *lot, int64_t *keys,
                  struct err *err) {
    char first[24], last[24];
    snprintf(first, sizeof first, "%" PRId64, lot->first);
    snprintf(last, sizeof last, "%" PRId64, lot->last);
    if (!db_int(&m->new_side.db, err, keys,
                "SELECT coalesce(sum(cardinality(keys)), 0) FROM pgtandem.recheck"
                " WHERE migration = $1 AND id BETWEEN $2::bigint AND $3::bigint",
                3, (const char *const[]){m->config->migration, first, last})) {
        return false;
    }
    int64_t n_key = (int64_t)migration_mapping(m, table, FORWARD)->n_key;
    *keys = (*keys + n_key - 1) / n_key;
    return true;
}

/* having it done */

/* What `run` does from live on, but for going on. */
static bool serve(struct service *service, struct err *err) {
    return service_catch_up(service, err) && service_go_live(service, err) &&
           service_settle(service, err);
}

static bool mend_here(struct migration *m, struct err *err) {
    struct service service;
    log_line(&(struct log_source){m->config->migration, "mending", 0}, LOG_INFO,
             "no service runs: this process does its work for a while");
    struct service_manner manner = {.two_sided = true};
    bool ok = service_begin(&service, m->config, m->loop, &manner, err) && serve(&service, err);
    service.ended_for = ok || m->loop->stopping ? NULL : err;
    service_end(&service);
    m->loop->shielded = false; /* the service's last words are not ours */
    return ok;
}

static bool wait_for_mends(struct migration *m, mending_done_fn *done, void *owner,
                           struct err *err) {
    bool finished = false, running;
    while (done(owner, &finished, err) && !finished) {
        if (!state_is_locked(m, &running, err)) {
            return false;
        }
        if (!running) {
            return mend_here(m, err) && done(owner, &finished, err);
        }
        if (!loop_sleep(m->loop, look_interval, err)) {
            return false;
        }
    }
    return finished;
}

bool mending_run(struct migration *m, mending_done_fn *done, void *owner, struct err *err) {
    struct loop_wait wait;
    loop_wait_begin(m->loop, &wait, "rows to be mended");
    bool ok = wait_for_mends(m, done, owner, err);
    loop_wait_end(m->loop, &wait);
    return ok;
}
