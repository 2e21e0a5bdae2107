/* service_record.c - see service_record.h. */
#include "command/service_record.h"

#include <stdio.h>

#include "pg/state.h"

/* A link that has never caught up has been behind since setup, which changed_at will
 * not tell any longer. */
static const char begin_sql[] =
    "UPDATE pgtandem.link SET caught_up_at = coalesce(caught_up_at, changed_at),"
    "       state = 'stopped', state_since = t.now, last_error = NULL,"
    "       last_error_values = NULL,"
    "       changes_per_second = NULL, changed_at = t.now,"
    "       process_began_at = t.now, process_ended_at = NULL, process_ended_for = NULL"
    "  FROM (SELECT clock_timestamp()) AS t (now)"
    " WHERE migration = $1 AND link = $2 RETURNING process_began_at";

static bool begin_link(struct service *service, enum direction direction, struct err *err) {
    const char *params[] = {service->m.config->migration, direction_name(direction)};
    PGresult *r = db_query(&service->reporters[direction], err, begin_sql, 2, params);
    if (r == NULL) {
        return err_context(err, "cannot record that the service begins");
    }
    char *began_at = service->began_at[direction];
    snprintf(began_at, sizeof service->began_at[direction], "%s",
             PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return true;
}

bool record_begin(struct service *service, struct err *err) {
    record_presence(service);
    return begin_link(service, FORWARD, err) && begin_link(service, REVERSE, err);
}

void record_presence(struct service *service) {
    struct db *db = &service->reporters[REVERSE];
    struct err ignored;
    bool shown, is_open = session_is_open(&db->session);
    if (service->m.same_database || (is_open && service->shown_when_opened == db->opened)) {
        return; /* the migration's lock says it, or the sign is there */
    }
    if ((is_open || db_open(db, &ignored)) &&
        state_show_presence(db, &service->m, &shown, &ignored) && shown) {
        service->shown_when_opened = db->opened;
    }
}

void record_life(struct service *service, enum direction direction) {
    const char *params[] = {service->m.config->migration, direction_name(direction)};
    struct err ignored;
    if (!db_exec(&service->reporters[direction], &ignored,
                 "UPDATE pgtandem.link SET changed_at = clock_timestamp()"
                 " WHERE migration = $1 AND link = $2",
                 2, params)) {
        return; /* the next sign is some seconds away */
    }
}

static void end_link(struct service *service, enum direction direction) {
    const struct err *why = service->ended_for;
    const char *params[] = {service->m.config->migration, direction_name(direction),
                            service->began_at[direction], why != NULL ? why->message : NULL,
                            why != NULL && why->server[0] != '\0' ? why->server : NULL};
    struct err ignored;
    if (!session_is_open(&service->reporters[direction].session) || params[2][0] == '\0') {
        return;
    }
    if (!db_exec(&service->reporters[direction], &ignored,
                 "UPDATE pgtandem.link SET process_ended_at = t.now, process_ended_for = $4,"
                 "       last_error_values = CASE WHEN last_error IS NULL"
                 "                                THEN to_jsonb($5::text)"
                 "                                ELSE last_error_values END,"
                 "       changed_at = t.now, changes_per_second = NULL"
                 "  FROM (SELECT clock_timestamp()) AS t (now)"
                 " WHERE migration = $1 AND link = $2 AND process_began_at = $3::timestamptz",
                 5, params)) {
        return; /* it reads as one that was killed: no end is known */
    }
}

/* A start that came to nothing began when it ended, for who reads it: nothing was done. */
static const char failed_start_sql[] =
    "UPDATE pgtandem.link SET caught_up_at = coalesce(caught_up_at, changed_at),"
    "       process_began_at = t.now, process_ended_at = t.now, process_ended_for = $3,"
    "       last_error_values = CASE WHEN last_error IS NULL THEN to_jsonb($4::text)"
    "                                ELSE last_error_values END,"
    "       changed_at = t.now, changes_per_second = NULL"
    "  FROM (SELECT clock_timestamp()) AS t (now)"
    " WHERE migration = $1 AND link = $2";

static const usec_t last_word_patience = 5 * USEC_SECOND;

static void record_failed_start(struct service *service, enum direction direction) {
    const struct err *why = service->ended_for;
    struct db *db = &migration_target(&service->m, direction)->db;
    const char *params[] = {service->m.config->migration, direction_name(direction), why->message,
                            why->server[0] != '\0' ? why->server : NULL};
    struct err ignored;
    db->timeout = last_word_patience;
    if (session_is_open(&db->session) && !db_exec(db, &ignored, failed_start_sql, 4, params)) {
        return; /* there is no table yet: nobody asks for its rows */
    }
}

/* The record is another's while another holds the lock; and whoever holds it has looked
 * whether the tables can be trusted. */
static bool may_record_start(const struct service *service) {
    const struct session *control = &service->m.new_side.db.session;
    return service->ended_for != NULL && service->began_at[FORWARD][0] == '\0' &&
           session_is_open(control) && PQbackendPID(control->conn) == service->m.lock_holder.pid;
}

void record_end(struct service *service) {
    if (may_record_start(service)) {
        record_failed_start(service, FORWARD);
        record_failed_start(service, REVERSE);
        return;
    }
    end_link(service, FORWARD);
    end_link(service, REVERSE);
}
