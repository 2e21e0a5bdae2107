/* settle.c - asks for the status, again and again. */
#include "settle.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conn.h"

enum { POLL_MS = 60 };

#define LINK_FIELDS(link)                                                                          \
    ", status->'" link "'->>'lag_bytes', status->'" link "'->>'applied_transactions'"              \
    ", status->'" link "'->>'applied_changes', status->'" link "'->>'conflicts'"                   \
    ", status->'" link "'->>'parked', status->'" link "'->>'state'"

static long long number(const PGresult *result, int column) {
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

static void take_apart(PGconn *conn, const char *json, struct standing *standing) {
    PGresult *result =
        conn_query(conn,
                   "SELECT status->>'phase', status->>'rechecks'" LINK_FIELDS("forward")
                       LINK_FIELDS("reverse") " FROM (SELECT $1::json AS status) AS s",
                   1, &json);
    standing->live = strcmp(PQgetvalue(result, 0, 0), "live") == 0;
    standing->rechecks = number(result, 1);
    for (int side = OLD, column = 2; side <= NEW; side++, column += 6) {
        standing->lag[side] = number(result, column);
        standing->transactions[side] = number(result, column + 1);
        standing->changes[side] = number(result, column + 2);
        standing->conflicts[side] = number(result, column + 3);
        standing->parked[side] = number(result, column + 4);
        standing->failed[side] = strcmp(PQgetvalue(result, 0, column + 5), "failed") == 0;
    }
    PQclear(result);
}

bool standing_read(const struct service *service, PGconn *conn, struct standing *standing) {
    struct buf json;
    buf_init(&json);
    bool ok = service_status(service, &json);
    if (ok) {
        take_apart(conn, buf_text(&json), standing);
    }
    buf_fini(&json);
    return ok;
}

long long changes_taken(PGconn *target, enum side side) {
    return conn_number(target, side == OLD
                                   ? "SELECT applied_changes + parked FROM pgtandem.progress"
                                     " WHERE link = 'forward'"
                                   : "SELECT applied_changes + parked FROM pgtandem.progress"
                                     " WHERE link = 'reverse'");
}

static bool is_at_rest(const struct standing *standing) {
    return standing->live && standing->lag[OLD] == 0 && standing->lag[NEW] == 0 &&
           standing->rechecks == 0;
}

static bool counts_same(const struct standing *a, const struct standing *b) {
    bool same = true;
    for (enum side side = OLD; side < SIDES; side++) {
        same = same && a->changes[side] == b->changes[side] &&
               a->transactions[side] == b->transactions[side];
    }
    return same;
}

static bool has_failed(struct service *service, const struct standing *now,
                       struct complaints *complaints) {
    int status = 0;
    if (!service_supervise(service, &status)) {
        complain(complaints, "pgtandem ended by itself, with status %d", status);
        return true;
    }
    for (enum side side = OLD; side < SIDES; side++) {
        if (now->failed[side]) {
            complain(complaints, "the %s link has given up", side_link(side));
            return true;
        }
    }
    return false;
}

/* The end of what it has logged */
static void quote_log(const struct service *service, struct complaints *complaints) {
    struct buf text;
    buf_init(&text);
    service_log_end(service, &text);
    complaint_detail(complaints, buf_text(&text));
    buf_fini(&text);
}

/* Twice at rest, and the same both times: its parts are not read at one moment. */
bool settle(struct service *service, PGconn *conn, struct standing *standing,
            struct complaints *complaints) {
    struct standing now = {0}, before = {0};
    usec_t end = usec_monotonic() + SETTLE_SECONDS * USEC_SECOND;
    while (usec_monotonic() < end && !has_failed(service, &now, complaints)) {
        before = now;
        if (!standing_read(service, conn, &now)) {
            now = (struct standing){0};
        }
        if (is_at_rest(&now) && is_at_rest(&before) && counts_same(&now, &before)) {
            *standing = now;
            return true;
        }
        sleep_ms(POLL_MS);
    }
    complain(complaints,
             "not settled after %lld s: %s, lag %lld and %lld bytes, %lld rechecks left",
             (long long)((usec_monotonic() - end) / USEC_SECOND) + SETTLE_SECONDS,
             now.live ? "live" : "not live", now.lag[OLD], now.lag[NEW], now.rechecks);
    quote_log(service, complaints);
    return false;
}

void settle_stays(const struct service *service, PGconn *conn, const struct standing *standing,
                  int milliseconds, struct complaints *complaints) {
    struct standing now = {0};
    sleep_ms(milliseconds);
    if (!standing_read(service, conn, &now)) {
        complain(complaints, "pgtandem does not tell its status");
        return;
    }
    for (enum side side = OLD; side < SIDES; side++) {
        if (now.changes[side] != standing->changes[side] ||
            now.transactions[side] != standing->transactions[side]) {
            complain(complaints, "the %s link applied %lld changes while nobody wrote",
                     side_link(side), now.changes[side] - standing->changes[side]);
        }
    }
}
