/* site.c - see site.h. */
#include "mend/site.h"

#include <stdio.h>
#include <string.h>

#include "pg/cure.h"
#include "pg/operators.h"
#include "pg/writer.h"

static const usec_t query_timeout = 60 * USEC_SECOND;

void site_init(struct site *site, struct migration *m, enum direction direction) {
    const struct side *side = migration_target(m, direction);
    memset(site, 0, sizeof *site);
    site->m = m;
    site->direction = direction;
    snprintf(site->application, sizeof site->application, "pgtandem %s mender",
             direction_name(direction));
    db_init(&site->db, m->loop, SESSION_SQL, side->dsn, side->label, site->application);
    site->db.timeout = query_timeout;
    site->db.pinned = true;
    buf_init(&site->settings);
    arena_init(&site->lasting);
}

void site_fini(struct site *site) {
    db_close(&site->db);
    buf_fini(&site->settings);
    arena_fini(&site->lasting);
}

bool site_prepare(struct site *site, struct err *err) {
    bool fires;
    buf_reset(&site->settings);
    if (!writer_settings(site->m, site->direction, &site->settings, err) ||
        !writer_fires_triggers(site->m, site->direction, &fires, err)) {
        return false;
    }
    site->is_quiet = !fires;
    return true;
}

void site_close(struct site *site) {
    site->is_ready = false;
    db_close(&site->db);
}

static bool take_origin(struct site *site, struct err *err) {
    struct object_name origin = migration_mend_origin(site->m, site->direction);
    const char *name = origin.text;
    return db_exec(&site->db, err, "SELECT pg_replication_origin_session_setup($1)", 1, &name) ||
           cure_add(err, CURE_ORIGIN) ||
           err_context(err, "cannot take the origin \"%s\" in %s", name, site->db.label);
}

bool site_open(struct site *site, struct err *err) {
    if (site->is_ready && session_is_open(&site->db.session)) {
        return true;
    }
    /* rows of its database are read as the link that starts here would read them */
    enum direction back = site->direction == FORWARD ? REVERSE : FORWARD;
    site->is_ready = false;
    site->db.session.settings = buf_text(&site->settings);
    arena_reset(&site->lasting);
    site->is_ready =
        db_open(&site->db, err) && operators_find(site->m, back, &site->db, err) &&
        take_origin(site, err) &&
        origins_read_on(&site->db, site->m->config->migration, &site->lasting, &site->ours, err);
    if (!site->is_ready) {
        db_close(&site->db);
    }
    return site->is_ready;
}
