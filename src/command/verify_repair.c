/* verify_repair.c - see verify_repair.h. */
#include "command/verify_repair.h"

#include "base/log.h"
#include "command/format.h"

/* A service that gets nowhere for so long is not waited for. */
static const usec_t patience = 60 * USEC_SECOND;
static const usec_t show_interval = 10 * USEC_SECOND;

static void say(const struct verify_repair *repair, enum log_level level, const char *words) {
    log_line(&(struct log_source){repair->m->config->migration, "verify", 0}, level,
             "%s: %s keys %s", repair->m->config->tables[repair->table].old_table.name,
             format_count(repair->left).text, words);
}

static bool look(void *owner, bool *done, struct err *err) {
    struct verify_repair *repair = owner;
    int64_t left;
    usec_t now = usec_monotonic();
    if (!mending_left(repair->m, repair->table, &repair->lot, &left, err)) {
        return false;
    }
    repair->progressed_at = left < repair->left ? now : repair->progressed_at;
    repair->left = left;
    *done = left == 0 || now - repair->progressed_at > patience;
    if (*done && left > 0) {
        say(repair, LOG_WARNING, "are left to the service, which gets nowhere with them");
    } else if (now - repair->shown_at > show_interval) {
        repair->shown_at = now;
        say(repair, LOG_INFO, "are left to repair");
    }
    return true;
}

bool verify_repair(struct verify_repair *repair, size_t table, const struct value *keys, size_t n,
                   struct err *err) {
    repair->table = table;
    repair->left = (int64_t)n;
    repair->progressed_at = repair->shown_at = usec_monotonic();
    say(repair, LOG_INFO, "are to be repaired");
    return mending_put_up(repair->m, table, keys, n, &repair->lot, err) &&
           mending_run(repair->m, look, repair, err);
}
