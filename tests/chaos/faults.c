/* faults.c - draws faults, and inflicts them. */
#include "faults.h"

#include <stdlib.h>

#include "base/mem.h"
#include "clock.h"
#include "conn.h"

static const struct {
    const char *name;
    int weight;
} kinds[] = {
#define FAULT_ROW(name, id, weight) {#name, weight},
    FAULT_KINDS(FAULT_ROW)
#undef FAULT_ROW
};

const char *fault_name(enum fault_kind kind) {
    return kinds[kind].name;
}

/* ---- drawing ---- */

static int draw_length(struct rng *rng, enum fault_kind kind) {
    switch (kind) {
        case FAULT_KILL:
        case FAULT_BOTH:
            return rng_chance(rng, 40) ? rng_between(rng, 0, 100) : rng_between(rng, 200, 1200);
        case FAULT_PAUSE:
        case FAULT_HOLD:
        case FAULT_STALL:
        case FAULT_REFUSE:
            return rng_between(rng, 100, 800);
        case FAULT_DELAY:
            return rng_between(rng, 300, 1200);
        case FAULT_CRASH:
        case FAULT_RESTART:
            return rng_between(rng, 0, 300);
        case FAULT_TERMINATE:
        case FAULT_CUT:
        case FAULT_COUNT:
            break;
    }
    return 0;
}

static int compare_times(const void *a, const void *b) {
    return ((const struct fault *)a)->at - ((const struct fault *)b)->at;
}

void schedule_draw(struct schedule *schedule, struct rng *rng, int writing_ms, int servers) {
    static const int counts[] = {12, 30, 26, 16, 10, 6}; /* weights of none, one, two, ... */
    int weights[FAULT_COUNT];
    for (int i = 0; i < FAULT_COUNT; i++) {
        weights[i] = kinds[i].weight;
    }
    schedule->count = rng_pick(rng, counts, FAULTS_A_ROUND);
    for (int i = 0; i < schedule->count; i++) {
        struct fault *fault = &schedule->faults[i];
        fault->kind = (enum fault_kind)rng_pick(rng, weights, FAULT_COUNT);
        fault->at = rng_between(rng, 20, writing_ms);
        fault->length = draw_length(rng, fault->kind);
        fault->server = rng_below(rng, servers);
        fault->which = rng_next(rng);
    }
    qsort(schedule->faults, (size_t)schedule->count, sizeof schedule->faults[0], compare_times);
}

void schedule_show(const struct schedule *schedule, struct buf *text) {
    for (int i = 0; i < schedule->count; i++) {
        const struct fault *fault = &schedule->faults[i];
        buf_add_format(text, "%s%s %d+%d", i > 0 ? ", " : "", fault_name(fault->kind), fault->at,
                       fault->length);
    }
    if (schedule->count == 0) {
        buf_add_text(text, "none");
    }
}

/* ---- inflicting ---- */

static void kill_service(const struct fault *fault, const struct victims *v, bool crash) {
    service_kill(v->service);
    if (crash) {
        server_crash(&v->servers[fault->server]);
        server_start(&v->servers[fault->server]);
    }
    sleep_ms(fault->length);
    service_start(v->service);
}

static void pause_service(const struct fault *fault, const struct victims *v) {
    service_pause(v->service);
    sleep_ms(fault->length);
    service_resume(v->service);
}

/* Every third of them, on an average: the bits of `which` decide. */
static void terminate(const struct fault *fault, const struct victims *v) {
    char *which = mem_printf("%llu", (unsigned long long)(fault->which >> 32));
    PGconn *conn = server_connect(&v->servers[fault->server]);
    PQclear(conn_query(conn,
                       "SELECT pg_terminate_backend(pid)"
                       " FROM (SELECT pid, row_number() OVER (ORDER BY application_name, pid) AS n"
                       "       FROM pg_stat_activity WHERE application_name LIKE 'pgtandem%') AS a"
                       " WHERE ($1::bigint / n) % 3 = 0",
                       1, (const char *const[]){which}));
    PQfinish(conn);
    free(which);
}

static void delay(const struct fault *fault, const struct victims *v) {
    proxy_delay(&v->proxies[fault->server], 5 + (int)(fault->which % 80));
    sleep_ms(fault->length);
    proxy_delay(&v->proxies[fault->server], 0);
}

static void hold(const struct fault *fault, const struct victims *v) {
    proxy_hold(&v->proxies[fault->server], true);
    sleep_ms(fault->length);
    proxy_hold(&v->proxies[fault->server], false);
}

static void refuse(const struct fault *fault, const struct victims *v) {
    proxy_refuse(&v->proxies[fault->server], true);
    proxy_cut(&v->proxies[fault->server], UINT64_MAX);
    sleep_ms(fault->length);
    proxy_refuse(&v->proxies[fault->server], false);
}

static void stall(const struct fault *fault, const struct victims *v) {
    server_stall_standby(&v->servers[fault->server]);
    sleep_ms(fault->length);
    server_release_standby(&v->servers[fault->server]);
}

static void inflict(const struct fault *fault, const struct victims *v) {
    switch (fault->kind) {
        case FAULT_KILL:
        case FAULT_BOTH:
            kill_service(fault, v, fault->kind == FAULT_BOTH);
            break;
        case FAULT_PAUSE:
            pause_service(fault, v);
            break;
        case FAULT_TERMINATE:
            terminate(fault, v);
            break;
        case FAULT_CUT:
            proxy_cut(&v->proxies[fault->server], fault->which);
            break;
        case FAULT_DELAY:
            delay(fault, v);
            break;
        case FAULT_HOLD:
            hold(fault, v);
            break;
        case FAULT_REFUSE:
            refuse(fault, v);
            break;
        case FAULT_STALL:
            stall(fault, v);
            break;
        case FAULT_CRASH:
        case FAULT_RESTART:
            (fault->kind == FAULT_CRASH ? server_crash : server_stop)(&v->servers[fault->server]);
            sleep_ms(fault->length);
            server_start(&v->servers[fault->server]);
            break;
        case FAULT_COUNT:
            break;
    }
}

void schedule_run(const struct schedule *schedule, const struct victims *v) {
    usec_t begin = usec_monotonic();
    for (int i = 0; i < schedule->count; i++) {
        sleep_until(begin + schedule->faults[i].at * MILLISECOND);
        inflict(&schedule->faults[i], v);
    }
}
