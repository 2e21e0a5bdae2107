/* check_sequences.c - see check.h: will the two sides give away one number twice? What
 * setup will do about it by itself is no error. */
#include <stdlib.h>

#include "command/check.h"
#include "command/sequences.h"

static enum finding_level level_of(const struct sequence_plan *plan, bool leave) {
    if (plan->verdict == SEQUENCE_odd || plan->verdict == SEQUENCE_harmless) {
        return FINDING_warning;
    }
    if (!plan->collides) {
        return FINDING_ok;
    }
    if (leave) {
        return FINDING_warning;
    }
    bool can_be_settled = plan->n_steps > 0 || plan->advance.sql != NULL;
    return can_be_settled && !sequences_are_barred(plan) ? FINDING_ok : FINDING_error;
}

static void add_plan(struct check *check, size_t table, const struct sequence_case *c,
                     const struct sequence_plan *plan) {
    struct arena *arena = &check->findings.arena;
    const char *message = sequences_describe(check->m, table, c, plan, arena);
    enum finding_level level = level_of(plan, check->m->config->sequences == SEQUENCES_LEAVE);
    if (level == FINDING_ok && plan->n_steps > 0) {
        findings_add(&check->findings, level, "sequences", "%s; setup will run, %s", message,
                     sequences_list_steps(c, plan, arena));
    } else {
        findings_add(&check->findings, level, "sequences", "%s", message);
    }
    if (level != FINDING_ok) {
        findings_hint(&check->findings, "%s", sequences_cure(c, plan, arena));
    }
}

/* An identity asks for no right on its sequence; nextval() of another table's does. */
static void check_barred(struct check *check, size_t table, const struct sequence_case *c) {
    struct migration *m = check->m;
    const struct sequence *s = &c->facts.sides[SEQUENCE_OLD].sequence;
    struct err err;
    err_clear(&err);
    char *barred = sequences_read_barred(&m->new_side.db, m->new_tables[table]->oid, s->oid, &err);
    if (barred != NULL) {
        findings_add(&check->findings, FINDING_warning, "sequences",
                     "%s may insert into %s.%s, but not draw from %s", barred,
                     m->new_tables[table]->name.schema, m->new_tables[table]->name.name, s->name);
        findings_hint(&check->findings, "GRANT USAGE ON SEQUENCE %s TO %s", s->name, barred);
    } else if (err.code != ERR_NONE) {
        findings_add_err(&check->findings, FINDING_error, "sequences", &err);
    }
    free(barred);
}

void check_sequences(struct check *check, size_t table) {
    struct sequence_cases cases;
    struct arena arena;
    struct err err;
    err_clear(&err);
    arena_init(&arena);
    if (!sequences_read(check->m, table, true, &arena, &cases, &err)) {
        findings_add_err(&check->findings, FINDING_error, "sequences", &err);
        cases.count = 0;
    }
    for (size_t i = 0; i < cases.count; i++) {
        struct sequence_plan plan;
        sequence_plan_make(&cases.items[i].facts, &arena, &plan);
        add_plan(check, table, &cases.items[i], &plan);
        if (plan.verdict == SEQUENCE_shared || plan.verdict == SEQUENCE_share) {
            check_barred(check, table, &cases.items[i]);
        }
    }
    arena_fini(&arena);
}
