/* service_waits.c - see service_waits.h. */
#include "command/service_waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "command/service.h"
#include "model/disclosure.h"
#include "pg/blockers.h"
#include "pg/quote.h"
#include "pg/state.h"

static const usec_t short_wait = USEC_SECOND / 2;    /* nobody asks who is in the way of these */
static const usec_t short_try = USEC_SECOND / 50;    /* nor of one that has just begun */
static const usec_t look_interval = 2 * USEC_SECOND; /* between two answers */
static const usec_t look_again = 5 * USEC_SECOND;    /* after none */
static const usec_t publish_interval = USEC_SECOND;

struct watch {
    struct service *service;
    struct link *link;
    struct db *reporter; /* on the link's target */
    struct service_wait *wait;
    struct link_wait waits;
};

/* the key of a row */

static const struct column *key_column(const struct mapping *mapping, size_t i) {
    return &mapping->target->columns[mapping->columns[mapping->key[i]].target];
}

static const struct mapping *find_mapping(const struct link *link, uint32_t relation) {
    for (size_t i = 0; i < link->m->n_tables; i++) {
        if (link->mappings[i]->target->oid == relation) {
            return link->mappings[i];
        }
    }
    return NULL;
}

static void add_key(const struct mapping *mapping, const struct value *key, struct buf *text) {
    struct arena arena;
    arena_init(&arena);
    buf_add_format(text, " with %s", disclosure_key_text(mapping, key, &arena));
    arena_fini(&arena);
}

/* Of the row at this place, if it is still there. */
static void add_key_at(const struct watch *watch, const struct mapping *mapping, const char *row,
                       struct buf *text) {
    struct buf sql;
    struct err ignored;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT t.");
    for (size_t i = 0; i < mapping->n_key; i++) {
        buf_add_text(&sql, i > 0 ? ", t." : "");
        quote_identifier(&sql, key_column(mapping, i)->name);
    }
    buf_add_text(&sql, " FROM ");
    quote_table(&sql, &mapping->target->name);
    buf_add_text(&sql, " AS t WHERE t.ctid = $1::tid");
    PGresult *r = db_query(watch->reporter, &ignored, sql.data, 1, &row);
    if (r != NULL && PQntuples(r) > 0) {
        struct value *key = mem_zero(mapping->n_key, sizeof *key);
        for (size_t i = 0; i < mapping->n_key; i++) {
            key[i] = result_value(r, 0, (int)i);
        }
        add_key(mapping, key, text);
        free(key);
    }
    PQclear(r);
    buf_fini(&sql);
}

/* The one row that is being written; NULL: there are several, or none. */
static const struct change *single_change(const struct link *link) {
    const struct applier *applier = &link->applier;
    if (applier->batch == NULL || applier->count != 1) {
        return NULL;
    }
    const struct change *change = &applier->batch->changes[applier->first];
    return change->op != CHANGE_truncate ? change : NULL;
}

static void add_row(const struct watch *watch, const struct blocked *blocked, struct buf *text) {
    const struct mapping *mapping = find_mapping(watch->link, blocked->relation);
    const struct change *change = single_change(watch->link);
    if (blocked->row[0] != '\0') {
        buf_add_format(text, "a row of %s", blocked->table);
        if (mapping != NULL && disclosure_allows_key(mapping)) {
            add_key_at(watch, mapping, blocked->row, text);
        }
    } else if (change != NULL) {
        const struct table_name *name = &change->mapping->target->name;
        buf_add_format(text, "a row of %s.%s", name->schema, name->name);
        if (disclosure_allows_key(change->mapping)) {
            add_key(change->mapping, change->key, text);
        }
    } else {
        buf_add_text(text, "a row that another transaction has written");
    }
}

/* who it is */

static void add_holder(const struct blocked *blocked, struct buf *text) {
    buf_add_format(text, ", held by %s",
                   blocked->who[0] != '\0' ? blocked->who : "somebody who cannot be told");
}

/* False: nobody is in the way just now. */
static bool add_blocked(const struct watch *watch, const struct blocked *blocked,
                        struct buf *text) {
    int pid = session_backend(&watch->link->target.session);
    switch (blocked->by) {
        case BLOCKED_NOT:
            return false;
        case BLOCKED_ROW:
            add_row(watch, blocked, text);
            add_holder(blocked, text);
            return true;
        case BLOCKED_TABLE:
            buf_add_format(text, "a lock on %s",
                           blocked->table[0] != '\0' ? blocked->table : "a table");
            add_holder(blocked, text);
            return true;
        case BLOCKED_OTHER:
            buf_add_text(text, "a lock");
            add_holder(blocked, text);
            return true;
        case BLOCKED_STANDBY:
            buf_add_format(text, "a synchronous standby of %s to confirm the commit of process %d",
                           watch->link->target.label, pid);
            buf_add_format(text, " (%s)",
                           blocked->who[0] != '\0' ? blocked->who : "none is connected");
            return true;
    }
    return false;
}

static void add_answer(const struct db *db, const char *event, struct buf *text) {
    buf_add_format(text, "an answer of %s (process %d%s%s)", db->label,
                   session_backend(&db->session), event[0] != '\0' ? ", which waits for " : "",
                   event);
}

static void add_hidden(const struct watch *watch, struct buf *text) {
    char *who = blockers_of_xids(watch->reporter, buf_text(&watch->link->applier.hidden));
    buf_add_format(text, "a commit in %s that is not visible yet: %s", watch->link->target.label,
                   who != NULL ? who : "nobody knows whose");
    free(who);
}

static bool is_hidden(const struct applier *applier) {
    return applier->doubts && !applier->is_sure && applier->hidden.size > 0;
}

/* While the writer is at it. False: no answer, or it is not blocked. */
static bool ask_who(const struct watch *watch, struct buf *text) {
    struct blocked blocked;
    struct err ignored;
    const struct session *writer = &watch->link->target.session;
    bool heard = blockers_look(watch->reporter, session_backend(writer), &blocked, &ignored);
    if (heard && add_blocked(watch, &blocked, text)) {
        return true;
    }
    if (watch->waits.kind != LINK_WAITS_TARGET) {
        return false;
    }
    add_answer(&watch->link->target, heard ? blocked.event : "", text);
    return true;
}

static bool find_out(const struct watch *watch, struct buf *text) {
    const struct link *link = watch->link;
    switch (watch->waits.kind) {
        case LINK_WAITS_NOT:
            return false;
        case LINK_WAITS_OTHERS:
            if (is_hidden(&link->applier)) {
                add_hidden(watch, text);
                return true;
            }
            return session_silence(&link->target.session) >= short_try && ask_who(watch, text);
        case LINK_WAITS_TARGET:
            return ask_who(watch, text);
        case LINK_WAITS_SOURCE:
            add_answer(&link->source, "", text);
            return true;
        case LINK_WAITS_STREAM:
            buf_add_format(text, "a sign of life of %s (walsender, process %d)", link->stream.label,
                           session_backend(&link->stream.session));
            return true;
    }
    return false;
}

static void look(const struct watch *watch, usec_t now) {
    struct service_wait *wait = watch->wait;
    struct buf text;
    if (now < wait->look_at || waiting_time(&wait->waiting, now) < short_wait) {
        return;
    }
    buf_init(&text);
    if (find_out(watch, &text)) {
        snprintf(wait->text, sizeof wait->text, "%s", text.data);
        /* where the target's server hangs, asking has taken long itself */
        usec_t taken = usec_monotonic() - now;
        wait->look_at = usec_monotonic() + (taken > USEC_SECOND ? look_again : look_interval);
    }
    buf_fini(&text);
}

/* telling */

static const char *text_of(const struct watch *watch) {
    return watch->wait->text[0] != '\0' || watch->waits.kind != LINK_WAITS_OTHERS
               ? watch->wait->text
               : watch->link->applier.cause.message;
}

static void tell_log(const struct watch *watch, usec_t now) {
    struct service_wait *wait = watch->wait;
    if (waiting_is_due(&wait->waiting, now)) {
        log_line(&watch->link->log, LOG_WARNING, "has waited %.0f s for %s",
                 waiting_seconds(&wait->waiting, now), text_of(watch));
    }
}

static void publish(const struct watch *watch, const char *text, usec_t now) {
    struct service_wait *wait = watch->wait;
    struct err ignored; /* the next try is a second away */
    if (now < wait->publish_at || (wait->is_published && strcmp(text, wait->published) == 0)) {
        return;
    }
    wait->publish_at = now + publish_interval;
    if (state_tell_waiting(watch->reporter, &watch->service->m, watch->link->direction,
                           text[0] != '\0' ? text : NULL, &ignored)) {
        snprintf(wait->published, sizeof wait->published, "%s", text);
        wait->is_published = true;
    }
}

static void tell_status(const struct watch *watch, usec_t now) {
    char text[SERVICE_WAIT_SIZE];
    struct service_wait *wait = watch->wait;
    if (waiting_time(&wait->waiting, now) < USEC_SECOND || text_of(watch)[0] == '\0') {
        return;
    }
    struct usec_text since = usec_format(usec_now() - waiting_time(&wait->waiting, now));
    snprintf(text, sizeof text, "%.900s (since %.19s UTC)", text_of(watch), since.text);
    publish(watch, text, now);
}

static void end_wait(const struct watch *watch, usec_t now) {
    struct service_wait *wait = watch->wait;
    double seconds = waiting_seconds(&wait->waiting, now);
    if (waiting_end(&wait->waiting)) {
        log_line(&watch->link->log, LOG_INFO, "goes on after %.1f s", seconds);
    }
    wait->text[0] = '\0';
    wait->look_at = 0;
    publish(watch, "", now);
}

static void watch_link(struct service *service, enum direction direction) {
    struct watch watch = {
        .service = service,
        .link = &service->links[direction],
        .reporter = &service->reporters[direction],
        .wait = &service->waits[direction],
        .waits = link_waits(&service->links[direction]),
    };
    usec_t now = usec_monotonic();
    /* one wait ends where the next begins: the next batch may wait for somebody else */
    if (watch.waits.kind == LINK_WAITS_NOT || watch.waits.since > watch.wait->waiting.since) {
        end_wait(&watch, now);
    }
    if (watch.waits.kind != LINK_WAITS_NOT) {
        watch.wait->waiting.since = watch.waits.since;
        look(&watch, now);
        tell_log(&watch, usec_monotonic());
        tell_status(&watch, usec_monotonic());
    }
}

void service_waits_watch(struct service *service) {
    for (int direction = FORWARD; direction <= REVERSE; direction++) {
        if (service->running[direction]) {
            watch_link(service, (enum direction)direction);
        }
    }
}
