/* conflicts_retry.c - `pgtandem conflicts retry`: has records looked at now, and
 * tells what became of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/array.h"
#include "base/mem.h"
#include "command/conflicts.h"
#include "command/format.h"
#include "command/mending.h"

static const usec_t patience = 30 * USEC_SECOND; /* with a running service */

enum { PARKED_MAX = 10000 }; /* open ones, among which reasons are looked for */

enum fate {
    FATE_UNKNOWN, /* nobody has got to it yet */
    FATE_SETTLED,
    FATE_GONE,  /* somebody has discarded it */
    FATE_STAYS, /* tried, and refused again */
};

struct retry {
    struct migration *m;
    struct buf ids;
    struct records before, now;
    struct records parked_before, parked; /* all that are open */
    enum fate *fates;                     /* parallel to `before`, ... */
    const struct record **because;        /* ... the parked row that says why it stays */
    usec_t deadline;
};

/* fates */

/* A parked row that was not there before has been tried, too. */
static bool was_tried(const struct record *before, const struct record *now) {
    return before == NULL || strcmp(before->tries, now->tries) != 0;
}

/* The row of a conflict may have been parked, on either side, when it was to be
 * mended. */
static const struct record *find_parked(const struct retry *retry, const struct record *conflict) {
    const struct config *config = retry->m->config;
    for (size_t i = 0; i < retry->parked.count; i++) {
        const struct record *parked = &retry->parked.items[i];
        if (strcmp(parked->key, conflict->key) == 0 &&
            conflicts_table_number(config, parked) == conflicts_table_number(config, conflict) &&
            was_tried(records_find(&retry->parked_before, parked->id), parked)) {
            return parked;
        }
    }
    return NULL;
}

static enum fate judge(const struct retry *retry, const struct record *before,
                       const struct record *now, const struct record **because) {
    *because = NULL;
    if (now == NULL) {
        return FATE_GONE;
    }
    if (now->settled_at != NULL) {
        return FATE_SETTLED;
    }
    if (!now->is_parked) {
        *because = find_parked(retry, now);
    } else if (was_tried(before, now)) {
        *because = now;
    }
    return *because != NULL ? FATE_STAYS : FATE_UNKNOWN;
}

/* Both lists are in the same order; the later one may lack some. */
static size_t judge_all(struct retry *retry) {
    size_t next = 0, n_unknown = 0;
    for (size_t i = 0; i < retry->before.count; i++) {
        const struct record *now = NULL;
        if (next < retry->now.count &&
            strcmp(retry->now.items[next].id, retry->before.items[i].id) == 0) {
            now = &retry->now.items[next++];
        }
        retry->fates[i] = judge(retry, &retry->before.items[i], now, &retry->because[i]);
        n_unknown += retry->fates[i] == FATE_UNKNOWN;
    }
    return n_unknown;
}

static const struct record_filter all_parked = {.parked_only = true, .limit = PARKED_MAX};

static bool look(void *owner, bool *done, struct err *err) {
    struct retry *retry = owner;
    struct record_filter meant = {.settled = true, .ids = retry->ids.data};
    if (!records_read(retry->m, &meant, &retry->now, err) ||
        !records_read(retry->m, &all_parked, &retry->parked, err)) {
        return false;
    }
    *done = judge_all(retry) == 0 || usec_monotonic() > retry->deadline;
    return true;
}

/* telling */

static void tell_one(const struct record *record, enum fate fate, const struct record *because) {
    switch (fate) {
        case FATE_UNKNOWN:
            printf("%-8s open: no outcome yet\n", record->id);
            break;
        case FATE_SETTLED:
            printf("%-8s settled\n", record->id);
            break;
        case FATE_GONE:
            printf("%-8s gone: somebody has discarded it\n", record->id);
            break;
        case FATE_STAYS:
            printf("%-8s open: the row cannot be written: %s: %s\n", record->id, because->sqlstate,
                   conflicts_reason(because));
            break;
    }
}

static int tell(const struct retry *retry) {
    size_t counts[FATE_STAYS + 1] = {0};
    for (size_t i = 0; i < retry->before.count; i++) {
        tell_one(&retry->before.items[i], retry->fates[i], retry->because[i]);
        counts[retry->fates[i]]++;
    }
    size_t open = counts[FATE_STAYS] + counts[FATE_UNKNOWN];
    printf("%s settled, %s open\n", format_count((int64_t)counts[FATE_SETTLED]).text,
           format_count((int64_t)open).text);
    if (counts[FATE_STAYS] > 0) {
        return ERR_FAILED;
    }
    return counts[FATE_UNKNOWN] > 0 ? ERR_TIMEOUT : 0;
}

/* retrying */

static void retry_init(struct retry *retry, struct migration *m) {
    memset(retry, 0, sizeof *retry);
    retry->m = m;
    buf_init(&retry->ids);
    records_init(&retry->before);
    records_init(&retry->now);
    records_init(&retry->parked_before);
    records_init(&retry->parked);
}

static void retry_fini(struct retry *retry) {
    free(retry->fates);
    free(retry->because);
    records_fini(&retry->parked);
    records_fini(&retry->parked_before);
    records_fini(&retry->now);
    records_fini(&retry->before);
    buf_fini(&retry->ids);
}

/* Of --all, too, only those that are open now are waited for. */
static void pin_ids(struct retry *retry) {
    size_t n = retry->before.count;
    struct value *values = mem_zero(n + 1, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        values[i] = value_text(retry->before.items[i].id, strlen(retry->before.items[i].id));
    }
    buf_reset(&retry->ids);
    array_add(&retry->ids, values, n);
    free(values);
    retry->fates = mem_zero(n + 1, sizeof *retry->fates);
    retry->because = mem_zero(n + 1, sizeof *retry->because);
}

static bool retry_all(struct retry *retry, const struct options *options, struct err *err) {
    struct migration *m = retry->m;
    bool all = options_has(options, "all");
    struct record_filter filter = {.settled = !all, .ids = all ? NULL : retry->ids.data};
    if (!migration_connect(m, err) || !conflicts_find(m, options, &filter, &retry->before, err) ||
        !mending_is_possible(m, err) || !migration_read_catalogs(m, err) ||
        !migration_build_mappings(m, err)) {
        return false;
    }
    pin_ids(retry);
    if (retry->before.count == 0) {
        return true;
    }
    if (!records_read(m, &all_parked, &retry->parked_before, err) ||
        !records_put_up(m, retry->ids.data, err)) {
        return false;
    }
    retry->deadline = usec_monotonic() + patience;
    return mending_run(m, look, retry, err);
}

int command_conflicts_retry(struct invocation *invocation) {
    struct migration m;
    struct retry retry;
    struct err err;
    err_clear(&err);
    retry_init(&retry, &m);
    if (!conflicts_read_ids(invocation->options, &retry.ids, &err)) {
        retry_fini(&retry);
        return command_misuse(invocation->command, &err);
    }
    migration_init(&m, invocation->config, invocation->loop);
    bool ok = retry_all(&retry, invocation->options, &err);
    int status = ok ? tell(&retry) : command_fail(&err);
    retry_fini(&retry);
    migration_fini(&m);
    return status;
}
