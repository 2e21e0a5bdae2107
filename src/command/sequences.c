/* sequences.c - see sequences.h. What is said of it is in sequences_text.c. */
#include "command/sequences.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/waiting.h"
#include "pg/blockers.h"

enum { ROUNDS_MAX = 10 }; /* statements for one column; two are the most that makes sense */

static const usec_t first_pause = USEC_SECOND / 5, longest_pause = 5 * USEC_SECOND;

struct keeper {
    struct migration *m;
    bool advance; /* moves new sequences behind what is there, which takes a look at it */
    struct log_source log;
    struct arena arena; /* of the column that is looked at */
};

static void keeper_init(struct keeper *k, struct migration *m, bool advance) {
    k->m = m;
    k->advance = advance;
    k->log = (struct log_source){m->config->migration, "sequences", 0};
    arena_init(&k->arena);
}

/* A column as it is now: the `number`th of the table's. */
struct look {
    bool is_there;
    struct sequence_case *c;
    struct sequence_plan plan;
};

static bool look_once(struct keeper *k, size_t table, size_t number, bool look_at_rows,
                      struct look *look, struct err *err) {
    struct sequence_cases cases;
    arena_reset(&k->arena);
    if (!sequences_read(k->m, table, look_at_rows, &k->arena, &cases, err)) {
        return false;
    }
    look->is_there = number < cases.count;
    if (look->is_there) {
        look->c = &cases.items[number];
        sequence_plan_make(&look->c->facts, &k->arena, &look->plan);
    }
    return true;
}

/* Rows matter to where a new sequence starts, and not to whether two are apart: a service
 * that is started again should not have to look at them. */
static bool look_at(struct keeper *k, size_t table, size_t number, struct look *look,
                    struct err *err) {
    return look_once(k, table, number, k->advance, look, err) &&
           (k->advance || !look->is_there || look->plan.verdict != SEQUENCE_interleave ||
            look_once(k, table, number, true, look, err));
}

/* one statement */

static struct side *side_of(struct keeper *k, const struct sequence_step *step) {
    return step->side == SEQUENCE_OLD ? &k->m->old_side : &k->m->new_side;
}

/* All in one message is all in one transaction. */
static bool run_step(struct keeper *k, const struct sequence_step *step, struct err *err) {
    struct side *side = side_of(k, step);
    const char *sql = arena_printf(&k->arena, "SET LOCAL lock_timeout = %" PRId64 "; %s",
                                   k->m->config->limits.lock_timeout / 1000, step->sql);
    if (!db_exec(&side->db, err, sql, 0, NULL)) {
        return err_context(err, "%s cannot be changed in %s", step->object, side->label);
    }
    log_line(&k->log, LOG_INFO, "ran in %s: %s", side->label, step->sql);
    return true;
}

/* An identity asks for no right on its sequence, nextval() of another table's does. */
static void warn_barred(struct keeper *k, size_t table, const struct look *look) {
    const struct sequence *s = &look->c->facts.sides[SEQUENCE_OLD].sequence;
    const struct table *new_table = k->m->new_tables[table];
    struct err ignored;
    if (look->plan.verdict != SEQUENCE_share) {
        return;
    }
    char *barred = sequences_read_barred(&k->m->new_side.db, new_table->oid, s->oid, &ignored);
    if (barred != NULL) {
        log_line(&k->log, LOG_WARNING, "%s may insert into %s.%s, but not draw from %s", barred,
                 new_table->name.schema, new_table->name.name, s->name);
        log_line(&k->log, LOG_WARNING, "cure: GRANT USAGE ON SEQUENCE %s TO %s", s->name, barred);
    }
    free(barred);
}

/* Whose transactions hold what the statement locks. */
static void explain_wait(struct keeper *k, const struct sequence_step *step, struct err *err) {
    struct err ignored;
    if (!err_has_sqlstate(err, "55P03")) {
        return;
    }
    char *who = db_text(&side_of(k, step)->db, &ignored,
                        "SELECT string_agg(DISTINCT coalesce("
                        "           (SELECT " BLOCKER_PROCESS " FROM pg_stat_activity AS a"
                        "             WHERE a.pid = l.pid),"
                        "           (SELECT " BLOCKER_PREPARED " FROM pg_prepared_xacts AS p"
                        "             WHERE l.virtualtransaction = '-1/' || p.transaction)), '; ')"
                        "  FROM pg_locks AS l"
                        " WHERE l.relation = $1::regclass AND l.granted"
                        "   AND l.pid IS DISTINCT FROM pg_backend_pid()"
                        "   AND l.database = (SELECT oid FROM pg_database"
                        "                      WHERE datname = current_database())",
                        1, &step->object);
    if (who != NULL) {
        err_hint(err, "it waits for transactions that have used it and are open still: %s", who);
    }
    free(who);
}

/* Waiting for what makes a statement fail to pass. */
struct wait {
    unsigned tries;
    struct waiting waiting;
};

static bool wait_a_while(struct keeper *k, const struct sequence_step *step, struct wait *wait,
                         struct err *err) {
    usec_t now = usec_monotonic();
    bool first = wait->waiting.since == 0;
    if (waiting_is_due(&wait->waiting, now) || first) {
        explain_wait(k, step, err);
        log_err(&k->log, LOG_WARNING, err);
        log_line(&k->log, LOG_WARNING, "trying again until it succeeds, for %.0f s now",
                 waiting_seconds(&wait->waiting, now));
    }
    return loop_sleep(k->m->loop, backoff_delay(first_pause, longest_pause, wait->tries++), err);
}

/* one column */

/* The steps of a plan are run together or not at all, and in their order. */
static const struct sequence_step *choose_step(const struct sequence_plan *plan, bool advance) {
    if (sequences_are_barred(plan)) {
        return NULL;
    }
    if (plan->n_steps > 0) {
        return &plan->steps[0];
    }
    return advance && plan->advance.sql != NULL ? &plan->advance : NULL;
}

/* Until nothing is left that the role may do. A statement that fails for good is told
 * and left: going live will be refused. */
static bool settle_column(struct keeper *k, size_t table, size_t number, bool *is_there,
                          struct err *err) {
    struct wait wait = {0};
    for (int round = 0; round < ROUNDS_MAX;) {
        struct look look;
        if (!look_at(k, table, number, &look, err)) {
            return false;
        }
        *is_there = look.is_there;
        const struct sequence_step *step =
            look.is_there ? choose_step(&look.plan, k->advance) : NULL;
        if (step == NULL) {
            return true;
        }
        if (run_step(k, step, err)) {
            warn_barred(k, table, &look);
            if (step == &look.plan.advance) {
                return true; /* the old side's may have moved on: it need not be caught up with */
            }
            round++;
            continue;
        }
        if (k->m->loop->stopping || err->class == ERR_CLASS_PASSING) {
            return false; /* a service comes again, a command ends */
        }
        if (!err_passes(err)) {
            log_err(&k->log, LOG_WARNING, err);
            return true;
        }
        if (!wait_a_while(k, step, &wait, err)) {
            return false;
        }
    }
    return true;
}

static bool settle_all(struct keeper *k, struct err *err) {
    for (size_t table = 0; table < k->m->n_tables; table++) {
        bool is_there = true;
        for (size_t number = 0; is_there; number++) {
            if (!settle_column(k, table, number, &is_there, err)) {
                return err_context(err, "while looking after sequences");
            }
        }
    }
    return true;
}

/* what is left */

/* A new sequence that will be moved in time is not worth a word before. */
static bool is_left(const struct sequence_plan *plan) {
    return plan->collides && (plan->n_steps > 0 || plan->advance.sql == NULL || !plan->advance.may);
}

static void warn(struct keeper *k, size_t table, const struct look *look) {
    const struct sequence_plan *plan = &look->plan;
    log_line(&k->log, LOG_WARNING, "%s", sequences_describe(k->m, table, look->c, plan, &k->arena));
    log_line(&k->log, LOG_WARNING, "cure: %s", sequences_cure(look->c, plan, &k->arena));
}

static void refuse(struct keeper *k, size_t table, const struct look *look, struct err *err) {
    const char *cure = sequences_cure(look->c, &look->plan, &k->arena);
    err_set(err, ERR_NOT_READY, "%s",
            sequences_describe(k->m, table, look->c, &look->plan, &k->arena));
    if (strlen(cure) < ERR_HINT_SIZE) {
        err_hint(err, "%s", cure);
    } else {
        err_hint(err, "pgtandem check has the statements for the owner");
    }
}

/* Of each column that is left. `refusal`: the first becomes an error there. */
static bool tell_left(struct keeper *k, struct err *refusal, struct err *err) {
    for (size_t table = 0; table < k->m->n_tables; table++) {
        struct look look = {.is_there = true};
        for (size_t number = 0; look.is_there; number++) {
            if (!look_at(k, table, number, &look, err)) {
                return err_context(err, "while looking after sequences");
            }
            if (!look.is_there || !is_left(&look.plan)) {
                continue;
            }
            if (refusal != NULL && refusal->code == ERR_NONE) {
                refuse(k, table, &look, refusal);
            } else {
                warn(k, table, &look);
            }
        }
    }
    return true;
}

/* all of it */

static bool keep(struct migration *m, bool advance, struct err *refusal, struct err *err) {
    struct keeper k;
    keeper_init(&k, m, advance);
    bool ok = (m->config->sequences == SEQUENCES_LEAVE || settle_all(&k, err)) &&
              tell_left(&k, refusal, err);
    arena_fini(&k.arena);
    return ok;
}

bool sequences_manage(struct migration *m, struct err *err) {
    return keep(m, false, NULL, err);
}

bool sequences_advance(struct migration *m, struct err *err) {
    return keep(m, true, NULL, err);
}

bool sequences_gate(struct migration *m, struct err *err) {
    struct err refusal;
    err_clear(&refusal);
    bool leave = m->config->sequences == SEQUENCES_LEAVE;
    if (!keep(m, true, leave ? NULL : &refusal, err)) {
        return false;
    }
    if (refusal.code != ERR_NONE) {
        *err = refusal;
    }
    return refusal.code == ERR_NONE;
}
