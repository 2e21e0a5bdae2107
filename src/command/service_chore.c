/* service_chore.c - see service_chore.h: links that lost a connection make it
 * again, their state is written where `status` finds it, the migration's lock
 * is held, and the tables' definitions are looked at every few seconds, since
 * the stream tells nothing of a table that was altered or dropped. */
#include "command/service_chore.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "command/service_record.h"

static const usec_t report_interval = USEC_SECOND;
static const usec_t life_interval = 10 * USEC_SECOND;
static const usec_t watch_interval = 5 * USEC_SECOND;
static const usec_t reporter_timeout = 5 * USEC_SECOND;

void chore_init(struct service *service) {
    for (int direction = FORWARD; direction <= REVERSE; direction++) {
        struct side *target = migration_target(&service->m, (enum direction)direction);
        db_init(&service->reporters[direction], service->m.loop, SESSION_SQL, target->dsn,
                target->label, "pgtandem reporter");
        service->reporters[direction].timeout = reporter_timeout;
        service->reporters[direction].session.connect_within = reporter_timeout;
        /* what it says need not outlive a crash, and is said when no standby answers, too */
        service->reporters[direction].session.settings = "-c synchronous_commit=off";
    }
}

/* the lock */

/* Taken by `prepare` on the control connection, which sequential steps may
 * lose and make again; here it is noticed when it is lost, also when a query
 * has opened the connection anew meanwhile. */
static bool holds_lock(const struct service *service) {
    const struct db *db = &service->reporters[FORWARD];
    return session_is_open(&db->session) && service->locked_when_opened == db->opened;
}

static bool hold_lock(struct service *service, struct err *err) {
    struct db *db = &service->reporters[FORWARD];
    if (holds_lock(service)) {
        return true;
    }
    if ((!session_is_open(&db->session) && !db_open(db, err)) ||
        !state_lock_on(db, &service->m, err)) {
        return false;
    }
    service->locked_when_opened = db->opened;
    return true;
}

/* A service that was stopped for a while, or cut off, may find that another one is at work.
 * A session of its own that was cut off may hold the lock, too: it is known, and ended. */
static void keep_lock(struct service *service) {
    struct err err;
    if (!hold_lock(service, &err) && err.class == ERR_CLASS_CONTENDED &&
        !state_lock_is_ours(&service->reporters[FORWARD], &service->m)) {
        service->fatal = err;
    }
}

/* reports */

static double changes_per_second(struct service *service, enum direction direction) {
    struct rate *rate = &service->rates[direction];
    int64_t changes = (int64_t)service->links[direction].changes;
    usec_t now = usec_monotonic();
    rate_note(rate, changes, now);
    return round(rate_per_second(rate, changes, now) * 10) / 10;
}

static void describe(struct service *service, enum direction direction,
                     struct service_report *report) {
    const struct link *link = &service->links[direction];
    memset(report, 0, sizeof *report);
    report->changes_per_second = changes_per_second(service, direction);
    snprintf(report->state, sizeof report->state, "%s", link_state_name(link->state));
    report->lag = round(link_lag(link, usec_now()) * 10) / 10;
    report->since_level = link_since_level(link, usec_now());
    if (link->state == LINK_retrying || link->state == LINK_failed) {
        err_copy_text(report->error, sizeof report->error, link->error.message);
        err_copy_text(report->error_values, sizeof report->error_values, link->error.server);
    }
}

static bool is_news(const struct service_report *a, const struct service_report *b) {
    return strcmp(a->state, b->state) != 0 || strcmp(a->error, b->error) != 0 ||
           strcmp(a->error_values, b->error_values) != 0 || fabs(a->lag - b->lag) > 0.05 ||
           fabs(a->changes_per_second - b->changes_per_second) > 0.05;
}

static bool write_report(struct service *service, enum direction direction,
                         const struct service_report *report, struct err *err) {
    char lag[32], rate[32], level[32];
    snprintf(lag, sizeof lag, "%.1f", report->lag);
    snprintf(rate, sizeof rate, "%.1f", report->changes_per_second);
    snprintf(level, sizeof level, "%.3f", report->since_level);
    const char *params[] = {service->m.config->migration,
                            direction_name(direction),
                            report->state,
                            lag,
                            text_or_null(report->error),
                            rate,
                            text_or_null(report->error_values),
                            report->since_level >= 0 ? level : NULL};
    return db_exec(&service->reporters[direction], err,
                   "UPDATE pgtandem.link SET state = $3, lag_seconds = $4::float8, last_error = $5,"
                   "       last_error_values = to_jsonb($7::text),"
                   "       changed_at = clock_timestamp(), caught_up_at ="
                   "       coalesce(clock_timestamp() - make_interval(secs => $8), caught_up_at),"
                   "       state_since = CASE WHEN state = $3 THEN state_since"
                   "                          ELSE clock_timestamp() END,"
                   "       changes_per_second = $6::float8"
                   " WHERE migration = $1 AND link = $2",
                   8, params);
}

/* Only news are written, and else a sign of life every now and then. */
static void report_running(struct service *service, enum direction direction, bool silent) {
    struct service_report *last = &service->reported[direction], report;
    struct err ignored; /* the next try is a second away */
    describe(service, direction, &report);
    report.at = report.written_at = last->at;
    if ((silent || is_news(&report, last)) && write_report(service, direction, &report, &ignored)) {
        *last = report;
    }
}

static void report_link(struct service *service, enum direction direction) {
    struct service_report *last = &service->reported[direction];
    usec_t now = usec_monotonic();
    bool silent = now - last->written_at >= life_interval;
    if (now - last->at < report_interval) {
        return;
    }
    last->at = now;
    if (service->running[direction]) {
        report_running(service, direction, silent);
    } else if (silent) {
        last->written_at = now;
        record_life(service, direction);
    }
}

/* tables */

static const char *fingerprint(struct service *service, struct db *db, size_t table, bool old,
                               struct arena *arena, struct err *err) {
    const struct table_spec *spec = &service->m.config->tables[table];
    return catalog_fingerprint(db, old ? &spec->old_table : &spec->new_table, arena, err);
}

/* The reverse link's target is the old database, the forward one's the new. */
static struct db *reporter_of(struct service *service, bool old) {
    return &service->reporters[old ? REVERSE : FORWARD];
}

/* Fingerprints are of the old tables first, then of the new. */
struct watched {
    size_t table;
    bool old;
};

static struct watched watched_at(const struct service *service, size_t i) {
    bool old = i < service->m.n_tables;
    return (struct watched){old ? i : i - service->m.n_tables, old};
}

static bool remember_tables(struct service *service, struct err *err) {
    size_t n = service->m.n_tables;
    service->fingerprints = arena_zero(&service->lasting, 2 * n, sizeof *service->fingerprints);
    for (size_t i = 0; i < 2 * n; i++) {
        struct watched w = watched_at(service, i);
        service->fingerprints[i] = fingerprint(service, reporter_of(service, w.old), w.table, w.old,
                                               &service->lasting, err);
        if (service->fingerprints[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* By the steps' own connection: while it waits, the chore uses its own, and still
 * compares with what was remembered before. */
bool chore_look_again(struct service *service, struct err *err) {
    struct migration *m = &service->m;
    const char **now = arena_zero(&service->lasting, m->n_tables, sizeof *now);
    for (size_t i = 0; i < m->n_tables; i++) {
        now[i] = fingerprint(service, &m->new_side.db, i, false, &service->lasting, err);
        if (now[i] == NULL) {
            return false;
        }
    }
    memcpy(&service->fingerprints[m->n_tables], now, m->n_tables * sizeof *now);
    return true;
}

static void tables_changed(struct service *service, size_t table, bool old, bool dropped) {
    const struct table_spec *spec = &service->m.config->tables[table];
    const struct table_name *name = old ? &spec->old_table : &spec->new_table;
    err_set(&service->fatal, ERR_FAILED, "table %s.%s in the %s database was %s", name->schema,
            name->name, old ? "old" : "new", dropped ? "dropped" : "altered");
    err_hint(&service->fatal, "%s",
             dropped ? "make it again as it was, or run teardown"
                     : "bring the other table and the configuration in line with it, then start "
                       "again; nothing that was committed before is lost");
}

static void watch_tables(struct service *service) {
    /* the user's own statements may alter the new ones: see chore_look_again() */
    size_t n = service->m.n_tables * (service->runs_statements ? 1 : 2);
    struct arena arena;
    struct err ignored;
    arena_init(&arena);
    for (size_t i = 0; i < n; i++) {
        struct watched w = watched_at(service, i);
        const char *now =
            fingerprint(service, reporter_of(service, w.old), w.table, w.old, &arena, &ignored);
        if (now != NULL && strcmp(now, service->fingerprints[i]) != 0) {
            tables_changed(service, w.table, w.old, now[0] == '\0');
        }
    }
    arena_fini(&arena);
}

/* links */

static void look_after(struct service *service, enum direction direction) {
    struct link *link = &service->links[direction];
    struct err err;
    if (service->running[direction] && link->state == LINK_retrying &&
        usec_monotonic() >= link->retry_at && !link_connect(link, &err)) {
        return; /* it has logged why, and when it is due again */
    }
}

/* First the lock, then the links: nothing is connected beside another service. */
static void chore(void *owner) {
    struct service *service = owner;
    usec_t now = usec_monotonic();
    if (service->m.loop->stopping) {
        return;
    }
    if (now - service->kept_at >= report_interval) {
        service->kept_at = now;
        keep_lock(service);
        record_presence(service);
    }
    if (holds_lock(service) && service->fatal.code == ERR_NONE) {
        look_after(service, FORWARD);
        look_after(service, REVERSE);
    }
    report_link(service, FORWARD);
    report_link(service, REVERSE);
    service_waits_watch(service);
    if (now - service->watched_at >= watch_interval) {
        service->watched_at = now;
        watch_tables(service);
    }
}

bool chore_begin(struct service *service, struct err *err) {
    struct db *keeper = &service->reporters[FORWARD];
    if (!state_unlock(&service->m, err) || !db_open(keeper, err) ||
        !prepare_lock(&service->m, keeper, err) || !db_open(&service->reporters[REVERSE], err) ||
        !record_begin(service, err) || !remember_tables(service, err)) {
        return false;
    }
    service->locked_when_opened = keeper->opened;
    service->watched_at = usec_monotonic();
    service->m.loop->chore = chore;
    service->m.loop->chore_owner = service;
    return true;
}

void chore_end(struct service *service) {
    for (int direction = FORWARD; direction <= REVERSE; direction++) {
        service->reported[direction].at = 0;
        if (session_is_open(&service->reporters[direction].session)) {
            report_link(service, (enum direction)direction);
        }
    }
    record_end(service);
    db_close(&service->reporters[FORWARD]);
    db_close(&service->reporters[REVERSE]);
}
