/* round.c - draws a round, plays it, and has it judged. */
#include "round.h"

#include <stdlib.h>

#include "base/mem.h"
#include "clock.h"
#include "conn.h"
#include "outcome.h"
#include "record.h"

enum { WRITING_MS = 1800, STILL_MS = 200, STILL_LONG_MS = 1000 };
enum { RETRY_SECONDS = 65, RETRY_POLL_MS = 200 }; /* of parked rows */

/* What draws from the seed, beside the writers, which come first */
enum { PART_ROUND = 100, PART_FAULTS, PART_FIRST };

/* ---- stage ---- */

void stage_init(struct stage *stage) {
    *stage = (struct stage){0};
    complaints_init(&stage->complaints);
    backends_init(&stage->backends);
    for (int i = 0; i < WRITERS; i++) {
        writer_init(&stage->writers[i]);
    }
    for (int i = 0; i < SIDES; i++) {
        writer_init(&stage->first[i]);
    }
}

void stage_fini(struct stage *stage) {
    complaints_fini(&stage->complaints);
    backends_fini(&stage->backends);
    for (int i = 0; i < WRITERS; i++) {
        writer_fini(&stage->writers[i]);
    }
    for (int i = 0; i < SIDES; i++) {
        writer_fini(&stage->first[i]);
    }
}

static bool settle_now(struct stage *stage, struct standing *standing) {
    PGconn *conn = conn_open(stage->judge_dsn[OLD]);
    bool ok = settle(stage->victims.service, conn, standing, &stage->complaints);
    PQfinish(conn);
    return ok;
}

bool stage_open(struct stage *stage) {
    struct standing standing;
    bool ok = settle_now(stage, &standing);
    for (enum side side = OLD; ok && side < SIDES; side++) {
        PGconn *target = conn_open(stage->judge_dsn[side == OLD ? NEW : OLD]);
        stage->taken[side] = changes_taken(target, side);
        PQfinish(target);
    }
    return ok;
}

/* ---- writing ---- */

static int64_t base_of(const struct round *round) {
    return (int64_t)(round->number + 1) * KEYS_PER_ROUND;
}

static void prepare_writer(struct stage *stage, const struct round *round, struct writer *w,
                           enum side side, int number) {
    tape_reset(&w->tape);
    w->writing = (struct writing){.side = side,
                                  .base = base_of(round),
                                  .writer = number,
                                  .mean_gap = round->mean_gap,
                                  .always_bump = stage->by_version,
                                  .bulk = round->bulk,
                                  .disjoint = stage->disjoint};
    w->transactions = WRITING_MS / (round->mean_gap + 10);
    w->dsn = stage->writer_dsn[side];
    w->complaints = &stage->complaints;
    w->backends = &stage->backends;
}

static void prepare(struct stage *stage, const struct round *round) {
    for (int i = 0; i < WRITERS; i++) {
        struct writer *w = &stage->writers[i];
        prepare_writer(stage, round, w, i < WRITERS_A_SIDE ? OLD : NEW, i % WRITERS_A_SIDE);
        rng_init(&w->rng, stage->seed, (uint64_t)round->number, (uint64_t)i);
    }
    for (enum side side = OLD; side < SIDES; side++) {
        struct writer *w = &stage->first[side];
        prepare_writer(stage, round, w, side, WRITERS_A_SIDE);
        rng_init(&w->rng, stage->seed, (uint64_t)round->number, PART_FIRST + (uint64_t)side);
    }
}

static void write_and_break(struct stage *stage, const struct round *round) {
    stage->victims.service->n_absences = 0;
    for (int i = 0; i < WRITERS; i++) {
        writer_start(&stage->writers[i]);
    }
    schedule_run(&round->schedule, &stage->victims);
    for (int i = 0; i < WRITERS; i++) {
        writer_join(&stage->writers[i]);
    }
}

/* ---- judging ---- */

/* Each change that was committed is to be applied, and counted, exactly once. */
static void judge_counts(struct stage *stage, const struct round *round, PGconn *conns[SIDES]) {
    for (enum side side = OLD; side < SIDES; side++) {
        long long taken = changes_taken(conns[side == OLD ? NEW : OLD], side);
        long long applied = taken - stage->taken[side];
        stage->taken[side] = taken;
        if (applied != (long long)round->changes[side]) {
            complain(&stage->complaints,
                     "the %s side committed %zu changes, but the %s link applied or parked %lld",
                     side_name(side), round->changes[side], side_link(side), applied);
        }
    }
}

static void count(struct round *round, const struct history *history) {
    for (enum side side = OLD; side < SIDES; side++) {
        round->transactions[side] = history->transactions[side];
        round->changes[side] = history->changes[side];
    }
}

/* The keys of the round, or all of them. A parked row whose value is free again is
 * given the time until it is tried again. */
static void read_cases(struct stage *stage, const struct round *round, PGconn *conns[SIDES],
                       const struct history *history, bool all_keys, struct cases *cases) {
    int64_t base = base_of(round);
    usec_t end = usec_monotonic() + RETRY_SECONDS * USEC_SECOND;
    for (;;) {
        cases_init(cases, conns, history, all_keys ? 0 : base, base, &stage->complaints);
        if (!judge_awaits_retry(cases) || usec_monotonic() > end) {
            return;
        }
        cases_fini(cases);
        sleep_ms(RETRY_POLL_MS);
    }
}

static void judge_history(struct stage *stage, struct round *round, PGconn *conns[SIDES],
                          const struct history *history, bool all_keys) {
    struct cases cases;
    read_cases(stage, round, conns, history, all_keys, &cases);
    struct reporter reporter = {{conns[OLD], conns[NEW]}, &stage->complaints, -1};
    struct judge judge = {.cases = &cases,
                          .service = stage->victims.service,
                          .base = base_of(round),
                          .by_version = stage->by_version,
                          .reporter = &reporter,
                          .complaints = &stage->complaints};
    judge_cases(&judge, &round->verdict);
    cases_fini(&cases);
}

static void judge(struct stage *stage, struct round *round, const struct standing *now,
                  bool all_keys) {
    struct tape *tapes[WRITERS + SIDES];
    size_t n_tapes = 0;
    PGconn *conns[SIDES];
    struct history history;
    for (int i = 0; i < WRITERS; i++) {
        tapes[n_tapes++] = &stage->writers[i].tape;
    }
    for (enum side side = OLD; side < SIDES; side++) {
        tapes[n_tapes++] = &stage->first[side].tape;
    }
    for (enum side side = OLD; side < SIDES; side++) {
        conns[side] = conn_open(stage->judge_dsn[side]);
        outcomes_resolve(conns[side], side, tapes, n_tapes, &stage->complaints);
    }
    history_init(&history, tapes, n_tapes);
    count(round, &history);
    judge_counts(stage, round, conns);
    judge_history(stage, round, conns, &history, all_keys);
    settle_stays(stage->victims.service, conns[OLD], now,
                 round->number % 5 == 4 ? STILL_LONG_MS : STILL_MS, &stage->complaints);
    history_fini(&history);
    PQfinish(conns[OLD]);
    PQfinish(conns[NEW]);
}

/* ---- a round ---- */

static void draw(struct stage *stage, struct round *round, int number) {
    static const int gaps[] = {3, 10, 10, 30};
    struct rng rng;
    *round = (struct round){.number = number};
    rng_init(&rng, stage->seed, (uint64_t)number, PART_ROUND);
    round->mean_gap = gaps[rng_below(&rng, 4)];
    round->bulk = rng_chance(&rng, 30);
    round->wait_first = rng_chance(&rng, 75);
    rng_init(&rng, stage->seed, (uint64_t)number, PART_FAULTS);
    schedule_draw(&round->schedule, &rng, WRITING_MS, stage->victims.n_servers);
}

bool round_play(struct stage *stage, struct round *round, int number, bool all_keys) {
    struct standing now = {0};
    usec_t begin = usec_monotonic();
    draw(stage, round, number);
    complaints_reset(&stage->complaints);
    prepare(stage, round);
    writer_write_first(&stage->first[OLD]);
    writer_write_first(&stage->first[NEW]);
    bool ok = !round->wait_first || settle_now(stage, &now);
    if (ok) {
        write_and_break(stage, round);
        usec_t paused = usec_monotonic();
        ok = settle_now(stage, &now);
        round->settle_seconds = (double)(usec_monotonic() - paused) / (double)USEC_SECOND;
    }
    if (ok) {
        judge(stage, round, &now, all_keys);
    }
    round->seconds = (double)(usec_monotonic() - begin) / (double)USEC_SECOND;
    return stage->complaints.count == 0;
}
