/* sequences_text.c - see sequences.h: what is said of sequences, by check and in the log. */
#include "command/sequences.h"

static const char *where(const struct sequence_case *c, enum sequence_side side) {
    if (c->facts.same_database) {
        return "the database";
    }
    return side == SEQUENCE_OLD ? "the old database" : "the new database";
}

bool sequences_are_barred(const struct sequence_plan *plan) {
    for (size_t i = 0; i < plan->n_steps; i++) {
        if (!plan->steps[i].may) {
            return true;
        }
    }
    return plan->n_steps == 0 && plan->advance.sql != NULL && !plan->advance.may;
}

const char *sequences_list_steps(const struct sequence_case *c, const struct sequence_plan *plan,
                                 struct arena *arena) {
    const struct sequence_step *steps = plan->n_steps > 0 ? plan->steps : &plan->advance;
    size_t n = plan->n_steps > 0 ? plan->n_steps : plan->advance.sql != NULL;
    const char *list = "";
    for (size_t i = 0; i < n; i++) {
        list = arena_printf(arena, "%s%sin %s: %s", list, i > 0 ? " and " : "",
                            where(c, steps[i].side), sequence_step_text(&steps[i], arena));
    }
    return list;
}

/* The statement that lets the role see where a sequence stands; "" where it does. */
static const char *grant(const struct sequence_case *c, enum sequence_side side,
                         struct arena *arena) {
    const struct sequence *s = &c->facts.sides[side].sequence;
    if (s->oid == 0 || s->may_read) {
        return "";
    }
    return arena_printf(arena, "; in %s: GRANT %s ON SEQUENCE %s TO the role", where(c, side),
                        side == SEQUENCE_OLD ? "SELECT" : "SELECT, UPDATE", s->name);
}

const char *sequences_cure(const struct sequence_case *c, const struct sequence_plan *plan,
                           struct arena *arena) {
    switch (plan->verdict) {
        case SEQUENCE_none:
        case SEQUENCE_shared:
        case SEQUENCE_old_only:
            return "";
        case SEQUENCE_apart:
        case SEQUENCE_new_only:
            if (plan->collides && plan->advance.sql == NULL) {
                return "too few numbers are left behind those: let the new table draw from "
                       "another sequence";
            }
            if (!plan->collides) {
                return "";
            }
            break;
        case SEQUENCE_share:
        case SEQUENCE_interleave:
            break;
        case SEQUENCE_cycles:
            return "take CYCLE from them (ALTER SEQUENCE ... NO CYCLE)";
        case SEQUENCE_full:
            return "make room: let both columns be bigint, and the sequences too (ALTER SEQUENCE "
                   "... AS bigint), with the MAXVALUE or MINVALUE that this takes";
        case SEQUENCE_hidden:
            return arena_printf(arena, "let the role use their schemas and read them%s%s",
                                grant(c, SEQUENCE_OLD, arena), grant(c, SEQUENCE_NEW, arena));
        case SEQUENCE_odd:
        case SEQUENCE_harmless:
            return "see to it, before the application writes to both tables, that this is as "
                   "it should be";
    }
    return arena_printf(arena, "let the owner run, %s", sequences_list_steps(c, plan, arena));
}

/* "... is drawn from a in the old database and from b in the new one" */
static const char *describe_two(const char *subject, const struct sequence_case *c,
                                const char *rest, struct arena *arena) {
    const struct sequence_facts *facts = &c->facts;
    return arena_printf(arena, "%s is drawn from %s on the old side and from %s on the new one%s",
                        subject, facts->sides[SEQUENCE_OLD].sequence.name,
                        facts->sides[SEQUENCE_NEW].sequence.name, rest);
}

static const char *describe_one(const char *subject, const struct sequence_case *c,
                                enum sequence_side side, const struct table_name *other,
                                struct arena *arena) {
    return arena_printf(arena,
                        "%s is drawn from %s on the %s side alone: what inserts into %s.%s has to "
                        "bring numbers that this sequence does not give away",
                        subject, c->facts.sides[side].sequence.name,
                        side == SEQUENCE_OLD ? "old" : "new", other->schema, other->name);
}

static const char *describe_subject(const struct migration *m, size_t table,
                                    const struct sequence_case *c, struct arena *arena) {
    const struct table_spec *spec = &m->config->tables[table];
    return arena_printf(arena, "\"%s\" of %s.%s and %s.%s", c->column, spec->old_table.schema,
                        spec->old_table.name, spec->new_table.schema, spec->new_table.name);
}

/* The new sequence's way, where rows are in it. */
static const char *describe_taken(const char *said, const struct sequence_case *c,
                                  const struct sequence_plan *plan, struct arena *arena) {
    if (plan->advance.sql == NULL && !plan->collides) {
        return said;
    }
    const char *name = c->facts.sides[SEQUENCE_NEW].sequence.name;
    return arena_printf(arena, "%s; %s %s", said, name,
                        plan->advance.may ? "will be moved behind the numbers that are there"
                        : plan->collides  ? "will give away numbers that rows have already"
                                          : "stands before numbers that are there");
}

const char *sequences_describe(const struct migration *m, size_t table,
                               const struct sequence_case *c, const struct sequence_plan *plan,
                               struct arena *arena) {
    const struct table_spec *spec = &m->config->tables[table];
    const char *subject = describe_subject(m, table, c, arena);
    const char *name = c->facts.sides[SEQUENCE_OLD].sequence.name;
    switch (plan->verdict) {
        case SEQUENCE_none:
            return arena_printf(arena, "%s is not drawn from a sequence", subject);
        case SEQUENCE_shared:
            return arena_printf(arena, "%s is drawn from %s on both sides", subject, name);
        case SEQUENCE_apart:
            return describe_taken(
                describe_two(subject, c, ", which never give away the same number", arena), c, plan,
                arena);
        case SEQUENCE_old_only:
            return describe_one(subject, c, SEQUENCE_OLD, &spec->new_table, arena);
        case SEQUENCE_new_only:
            return describe_taken(describe_one(subject, c, SEQUENCE_NEW, &spec->old_table, arena),
                                  c, plan, arena);
        case SEQUENCE_share:
        case SEQUENCE_interleave:
            return describe_two(subject, c, ", which give away the same numbers", arena);
        case SEQUENCE_cycles:
            return describe_two(
                subject, c, ", and where one of them starts over (CYCLE) nothing keeps them apart",
                arena);
        case SEQUENCE_full:
            return describe_two(subject, c, ", in which too few numbers are left for both sides",
                                arena);
        case SEQUENCE_hidden:
            return arena_printf(arena,
                                "%s is drawn from sequences of which the role may not see where "
                                "they stand",
                                subject);
        case SEQUENCE_odd:
            return arena_printf(arena,
                                "%s has a default of which nextval() is only a part: whether both "
                                "sides give it the same values cannot be told",
                                subject);
        case SEQUENCE_harmless:
            return describe_two(subject, c,
                                ", which give away the same numbers; no unique index minds", arena);
    }
    return subject;
}
