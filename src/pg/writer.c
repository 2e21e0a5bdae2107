/* writer.c - see writer.h. */
#include "pg/writer.h"

#include <inttypes.h>

struct reactions {
    bool triggers, deferrable;
    bool may_be_replica, may_set_deadlock_timeout;
    int64_t deadlock_timeout; /* ms, of the server's sessions */
};

static bool read_reactions(struct migration *m, enum direction direction, struct reactions *all,
                           struct err *err) {
    struct db *db = &migration_target(m, direction)->db;
    all->triggers = all->deferrable = false;
    for (size_t i = 0; i < m->n_tables; i++) {
        struct table_reactions one;
        uint32_t oid = migration_mapping(m, i, direction)->target->oid;
        if (!catalog_read_reactions(db, oid, &one, err)) {
            return false;
        }
        all->triggers |= one.triggers;
        all->deferrable |= one.deferrable;
    }
    return db_int(db, err, &all->deadlock_timeout,
                  "SELECT reset_val FROM pg_settings WHERE name = 'deadlock_timeout'", 0, NULL) &&
           db_bool(db, err, &all->may_be_replica,
                   "SELECT has_parameter_privilege('session_replication_role', 'SET')", 0, NULL) &&
           db_bool(db, err, &all->may_set_deadlock_timeout,
                   "SELECT has_parameter_privilege('deadlock_timeout', 'SET')", 0, NULL);
}

/* Whoever has waited for deadlock_timeout first is cancelled in a deadlock, and the writer
 * looks for one only once, soon after its wait has begun: so its wait ends before an
 * application's look. */
static int64_t lock_timeout(const struct migration *m, const struct reactions *r) {
    int64_t wanted = m->config->limits.lock_timeout / 1000, most = r->deadlock_timeout / 2;
    return wanted < most ? wanted : most > 1 ? most : 1;
}

bool writer_settings(struct migration *m, enum direction direction, struct buf *settings,
                     struct err *err) {
    struct reactions r;
    if (!read_reactions(m, direction, &r, err)) {
        return err_context(err, "while looking at triggers in %s",
                           migration_target(m, direction)->label);
    }
    /* rows are found by key, however the statistics look */
    buf_add_format(settings,
                   "-c lock_timeout=%" PRId64 " -c enable_seqscan=off -c enable_hashjoin=off"
                   " -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan",
                   lock_timeout(m, &r));
    if (r.triggers && !r.deferrable && r.may_be_replica) {
        buf_add_text(settings, " -c session_replication_role=replica");
    }
    if (r.may_set_deadlock_timeout) {
        buf_add_text(settings, " -c deadlock_timeout=20");
    }
    return true;
}

bool writer_fires_triggers(struct migration *m, enum direction direction, bool *fires,
                           struct err *err) {
    struct reactions r;
    if (!read_reactions(m, direction, &r, err)) {
        return false;
    }
    *fires = r.triggers && (r.deferrable || !r.may_be_replica);
    return true;
}
