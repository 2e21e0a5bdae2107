/* plan_tables.c - see plan.h: tables that no mapping can be made for. */
#include "model/plan.h"

/* What a pg_class.relkind is, and what to do instead; NULL: a table that will do. */
static const char *refused_kind(char kind, const char **hint) {
    *hint = "name an ordinary table";
    switch (kind) {
        case 'r':
            return NULL;
        case 'p':
            *hint = "name its partitions instead, each as a table of its own: changes of their "
                    "rows are decoded under their names";
            return "is partitioned";
        case 'v':
            *hint = "name the table behind it";
            return "is a view";
        case 'm':
            *hint = "name the table behind it";
            return "is a materialized view";
        case 'f':
            *hint = "name the table on the server where it lives";
            return "is a foreign table";
        default:
            return "is not a table";
    }
}

static bool check_table(struct plan *plan, const struct plan_side *side) {
    size_t before = plan->problems->count;
    int line = plan->spec->line;
    const char *hint;
    const char *kind = refused_kind(side->table->kind, &hint);
    if (kind != NULL) {
        problem_add(plan->problems, line, "%s %s", side->label, kind);
        problem_hint(plan->problems, "%s", hint);
    }
    if (side->table->unlogged) {
        problem_add(plan->problems, line, "%s is unlogged: its changes are not in the log",
                    side->label);
        problem_hint(plan->problems, "ALTER TABLE ... SET LOGGED");
    }
    if (kind == NULL && side->table->has_children) {
        problem_add(plan->problems, line,
                    "%s has tables that inherit from it: it shows their rows as its own, but "
                    "their changes are decoded under their names",
                    side->label);
        problem_hint(plan->problems, "ALTER TABLE child NO INHERIT parent, and name each of them "
                                     "as a table of its own");
    }
    if (kind == NULL && side->table->has_rules) {
        problem_add(plan->problems, line,
                    "%s has rules for INSERT, UPDATE or DELETE: the server refuses what a link has "
                    "to write there, or does something else",
                    side->label);
        problem_hint(plan->problems, "DROP RULE, or replace it by a trigger");
    }
    return plan->problems->count == before;
}

/* A role that row level security applies to does not see all rows. */
static void check_row_security(struct plan *plan, const struct plan_side *side) {
    if (side->table->row_security) {
        problem_add(plan->problems, plan->spec->line,
                    "row level security hides rows of %s from the role that connects", side->label);
        problem_hint(plan->problems,
                     "connect as the owner of the table or as a role with BYPASSRLS");
    }
}

bool plan_tables(struct plan *plan) {
    bool usable = true;
    for (size_t i = 0; i < SIDES; i++) {
        usable = check_table(plan, &plan->sides[i]) && usable;
        check_row_security(plan, &plan->sides[i]);
    }
    return usable;
}
