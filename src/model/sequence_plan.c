/* sequence_plan.c - see sequence_plan.h. Numbers are signed and may be anything that a
 * bigint holds; remainders are unsigned, and never negative. */
#include "model/sequence_plan.h"

#include <inttypes.h>

static const uint64_t modulus_max = UINT64_C(1) << 40;

const char *sequence_verdict_name(enum sequence_verdict verdict) {
    static const char *const names[] = {
#define SEQUENCE_VERDICT_NAME(name) #name,
        SEQUENCE_VERDICTS(SEQUENCE_VERDICT_NAME)
#undef SEQUENCE_VERDICT_NAME
    };
    return names[verdict];
}

/* arithmetic */

static uint64_t magnitude(int64_t n) {
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static uint64_t remainder_of(int64_t n, uint64_t modulus) {
    uint64_t rest = magnitude(n) % modulus;
    return n < 0 && rest != 0 ? modulus - rest : rest;
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct range {
    int64_t low, high; /* low > high: empty */
};

static struct range intersect(struct range a, struct range b) {
    return (struct range){a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
}

/* one sequence */

static bool descends(const struct sequence *s) {
    return s->increment < 0;
}

bool sequence_find_next(const struct sequence *s, int64_t *next) {
    *next = s->last_value;
    return !(s->is_called && __builtin_add_overflow(s->last_value, s->increment, next)) &&
           *next >= s->min && *next <= s->max;
}

/* What it can still give away. Sessions may hold values from before the last one. */
static struct range find_reach(const struct sequence *s) {
    struct range reach = {s->min, s->max};
    int64_t next;
    if (s->cycles || s->caches) {
        return reach;
    }
    if (!sequence_find_next(s, &next)) {
        return (struct range){1, 0};
    }
    *(descends(s) ? &reach.high : &reach.low) = next;
    return reach;
}

static bool are_apart(const struct sequence *a, const struct sequence *b) {
    struct range common = intersect(find_reach(a), find_reach(b));
    if (common.low > common.high) {
        return true;
    }
    uint64_t divisor = common_divisor(magnitude(a->increment), magnitude(b->increment));
    return !a->cycles && !b->cycles &&
           remainder_of(a->last_value, divisor) != remainder_of(b->last_value, divisor);
}

/* places */

static uint64_t find_place(enum sequence_side side, uint64_t modulus) {
    return side == SEQUENCE_OLD ? 0 : modulus / 2;
}

bool sequence_is_placed(const struct sequence *s, enum sequence_side side) {
    uint64_t modulus = magnitude(s->increment);
    return modulus % 2 == 0 && remainder_of(s->last_value, modulus) == find_place(side, modulus);
}

/* Is it in its place already, or was it not yet put there? */
static bool goes_with(const struct sequence *s, enum sequence_side side, uint64_t modulus) {
    uint64_t step = magnitude(s->increment);
    return step == modulus ? sequence_is_placed(s, side) : step <= modulus / 2;
}

static bool both_go_with(const struct sequence_facts *facts, uint64_t modulus) {
    return goes_with(&facts->sides[SEQUENCE_OLD].sequence, SEQUENCE_OLD, modulus) &&
           goes_with(&facts->sides[SEQUENCE_NEW].sequence, SEQUENCE_NEW, modulus);
}

static uint64_t find_larger_step(const struct sequence_facts *facts) {
    uint64_t a = magnitude(facts->sides[SEQUENCE_OLD].sequence.increment);
    uint64_t b = magnitude(facts->sides[SEQUENCE_NEW].sequence.increment);
    return a > b ? a : b;
}

/* What both are to count by: twice the larger increment, unless one of them does
 * already, since only the other one is left to be done. */
static uint64_t find_modulus(const struct sequence_facts *facts) {
    uint64_t larger = find_larger_step(facts);
    if (larger > modulus_max / 2) {
        return modulus_max + 1;
    }
    return both_go_with(facts, larger) ? larger : 2 * larger;
}

/* What a sequence may give away so that both tables can hold it. */
static struct range find_limits(const struct sequence_facts *facts, enum sequence_side side) {
    const struct sequence *s = &facts->sides[side].sequence;
    struct range limits = {s->min, s->max};
    for (int i = SEQUENCE_OLD; i <= SEQUENCE_NEW; i++) {
        const struct drawn_column *column = &facts->sides[i];
        limits = intersect(limits, (struct range){column->fits_min, column->fits_max});
    }
    return limits;
}

/* The first number from `from` on with that remainder, in the sequence's direction; false
 * where it is beyond the limits. */
static bool find_first(const struct sequence *s, int64_t from, uint64_t modulus, uint64_t rest,
                       struct range limits, int64_t *first) {
    bool down = descends(s);
    from =
        down ? (from < limits.high ? from : limits.high) : (from > limits.low ? from : limits.low);
    uint64_t here = remainder_of(from, modulus);
    int64_t gap =
        (int64_t)(down ? (here + modulus - rest) % modulus : (rest + modulus - here) % modulus);
    return !__builtin_add_overflow(from, down ? -gap : gap, first) && *first >= limits.low &&
           *first <= limits.high;
}

/* Is it worth going on from there? */
static bool has_room(const struct sequence *s, int64_t first, uint64_t modulus,
                     struct range limits) {
    uint64_t left = descends(s) ? (uint64_t)first - (uint64_t)limits.low
                                : (uint64_t)limits.high - (uint64_t)first;
    return left / modulus >= SEQUENCE_ROOM - 1;
}

/* In the place of that side, and with room. */
static bool find_placed(const struct sequence_facts *facts, enum sequence_side side, int64_t from,
                        uint64_t modulus, int64_t *first) {
    const struct sequence *s = &facts->sides[side].sequence;
    struct range limits = find_limits(facts, side);
    return find_first(s, from, modulus, find_place(side, modulus), limits, first) &&
           has_room(s, *first, modulus, limits);
}

/* How much is left out, for what is taken in lots; see the header. */
static uint64_t find_margin(uint64_t step) {
    return step > 2 ? step : 0;
}

/* Moves *from behind a number that is given away; false: there is nothing behind. */
static bool go_behind(int64_t number, bool down, int64_t *from) {
    int64_t next;
    if (__builtin_add_overflow(number, down ? -1 : 1, &next)) {
        return false;
    }
    if (down ? next < *from : next > *from) {
        *from = next;
    }
    return true;
}

/* Behind all that either side has given away, for a new sequence that counts by `step`.
 * The old one may have been set to a number that it has yet to give away, but what comes
 * before that may be out. */
static bool find_start(const struct sequence_facts *facts, uint64_t step, int64_t *from) {
    const struct sequence *old_one = &facts->sides[SEQUENCE_OLD].sequence;
    const struct sequence *new_one = &facts->sides[SEQUENCE_NEW].sequence;
    bool down = descends(new_one);
    *from = new_one->last_value;
    for (int i = SEQUENCE_OLD; i <= SEQUENCE_NEW; i++) {
        const struct drawn_column *column = &facts->sides[i];
        if (column->has_values && !go_behind(down ? column->least : column->greatest, down, from)) {
            return false;
        }
    }
    if ((new_one->is_called && !go_behind(new_one->last_value, down, from)) ||
        (old_one->oid != 0 && old_one->may_read && !go_behind(old_one->last_value, down, from))) {
        return false;
    }
    int64_t margin = (int64_t)find_margin(step);
    return !__builtin_add_overflow(*from, down ? -margin : margin, from);
}

/* statements */

static bool may_move(const struct sequence *s) {
    return s->may_alter && s->may_set && s->may_read;
}

/* A number of the place that is behind the last value, whatever that is by then. Division
 * rounds towards zero, hence one step more on the way down. */
static const char *behind_last(const struct sequence *s, uint64_t modulus, uint64_t rest,
                               struct arena *arena) {
    int steps = find_margin(modulus) > 0 ? 2 : 1;
    const char *number =
        arena_printf(arena, "(last_value / %" PRIu64 " %c %d) * %" PRIu64, modulus,
                     descends(s) ? '-' : '+', descends(s) ? steps + 1 : steps, modulus);
    return rest == 0 ? number : arena_printf(arena, "%s + %" PRIu64, number, rest);
}

/* What ALTER SEQUENCE is to say of the number that it starts over with; "" where there is
 * none in its place. */
static const char *start_in(const struct sequence *s, uint64_t modulus, uint64_t rest,
                            struct arena *arena) {
    int64_t start;
    return find_first(s, s->start, modulus, rest, (struct range){s->min, s->max}, &start)
               ? arena_printf(arena, " START WITH %" PRId64, start)
               : "";
}

static const char *put(const struct sequence *s, uint64_t modulus, uint64_t rest,
                       const char *number, struct arena *arena) {
    return arena_printf(arena,
                        "ALTER SEQUENCE %s INCREMENT BY %s%" PRIu64
                        "%s; SELECT setval(%s, %s, false) FROM %s",
                        s->name, descends(s) ? "-" : "", modulus, start_in(s, modulus, rest, arena),
                        s->literal, number, s->name);
}

const char *sequence_step_text(const struct sequence_step *step, struct arena *arena) {
    return step->is_several ? arena_printf(arena, "BEGIN; %s; COMMIT;", step->sql)
                            : arena_printf(arena, "%s;", step->sql);
}

static struct sequence_step put_old(const struct sequence *s, uint64_t modulus,
                                    struct arena *arena) {
    uint64_t rest = find_place(SEQUENCE_OLD, modulus);
    const char *sql = put(s, modulus, rest, behind_last(s, modulus, rest, arena), arena);
    return (struct sequence_step){SEQUENCE_OLD, s->name, sql, true, may_move(s)};
}

static struct sequence_step put_new(const struct sequence *s, uint64_t modulus, int64_t first,
                                    struct arena *arena) {
    uint64_t rest = find_place(SEQUENCE_NEW, modulus);
    const char *number =
        arena_printf(arena, "%s(%" PRId64 ", %s)", descends(s) ? "least" : "greatest", first,
                     behind_last(s, modulus, rest, arena));
    const char *sql = put(s, modulus, rest, number, arena);
    return (struct sequence_step){SEQUENCE_NEW, s->name, sql, true, may_move(s)};
}

/* Both sides in two databases. */
static void interleave(const struct sequence_facts *facts, struct arena *arena,
                       struct sequence_plan *plan) {
    const struct sequence *old_one = &facts->sides[SEQUENCE_OLD].sequence;
    const struct sequence *new_one = &facts->sides[SEQUENCE_NEW].sequence;
    uint64_t modulus = find_modulus(facts);
    int64_t old_first, new_first, from;
    if (modulus > modulus_max ||
        !find_placed(facts, SEQUENCE_OLD, old_one->last_value, modulus, &old_first) ||
        !find_start(facts, modulus, &from) ||
        !find_placed(facts, SEQUENCE_NEW, from, modulus, &new_first)) {
        plan->verdict = SEQUENCE_full;
        return;
    }
    plan->verdict = SEQUENCE_interleave;
    if (magnitude(old_one->increment) != modulus) {
        plan->steps[plan->n_steps++] = put_old(old_one, modulus, arena);
    }
    if (magnitude(new_one->increment) != modulus) {
        plan->steps[plan->n_steps++] = put_new(new_one, modulus, new_first, arena);
    }
}

static struct sequence_step share(const struct sequence_facts *facts, struct arena *arena) {
    const struct drawn_column *c = &facts->sides[SEQUENCE_NEW];
    const char *drop = "";
    if (c->is_identity) {
        drop = arena_printf(arena, "ALTER COLUMN %s DROP IDENTITY IF EXISTS, ", c->column);
    }
    const char *sql =
        arena_printf(arena, "ALTER TABLE %s %sALTER COLUMN %s SET DEFAULT nextval(%s)", c->table,
                     drop, c->column, facts->sides[SEQUENCE_OLD].sequence.literal);
    return (struct sequence_step){SEQUENCE_NEW, c->table, sql, false, c->may_alter_table};
}

/* judging */

/* Beyond what is given away, in the steps that it takes anyway, and never back. */
static void plan_advance(const struct sequence_facts *facts, struct arena *arena,
                         struct sequence_plan *plan) {
    const struct sequence *s = &facts->sides[SEQUENCE_NEW].sequence;
    uint64_t step = magnitude(s->increment);
    struct range limits = find_limits(facts, SEQUENCE_NEW);
    int64_t from, next, first;
    if (step > modulus_max || !find_start(facts, step, &from) ||
        (sequence_find_next(s, &next) && (descends(s) ? from >= next : from <= next)) ||
        !find_first(s, from, step, remainder_of(s->last_value, step), limits, &first) ||
        !has_room(s, first, step, limits)) {
        return;
    }
    const char *sql = arena_printf(
        arena, "SELECT setval(%s, %" PRId64 ", false) FROM %s WHERE last_value %c %" PRId64,
        s->literal, first, s->name, descends(s) ? '>' : '<', first);
    plan->advance =
        (struct sequence_step){SEQUENCE_NEW, s->name, sql, false, s->may_set && s->may_read};
}

/* Two that may meet, of a unique column. */
static void plan_two(const struct sequence_facts *facts, struct arena *arena,
                     struct sequence_plan *plan) {
    const struct drawn_column *old_one = &facts->sides[SEQUENCE_OLD];
    const struct drawn_column *new_one = &facts->sides[SEQUENCE_NEW];
    plan->collides = true;
    if (!old_one->is_plain || !new_one->is_plain) {
        plan->verdict = SEQUENCE_odd;
        plan->collides = false; /* as far as is known */
    } else if (facts->same_database) {
        plan->verdict = SEQUENCE_share;
        plan->steps[plan->n_steps++] = share(facts, arena);
    } else if (!old_one->sequence.may_read || !new_one->sequence.may_read) {
        plan->verdict = SEQUENCE_hidden;
    } else if (old_one->sequence.cycles || new_one->sequence.cycles) {
        plan->verdict = SEQUENCE_cycles;
    } else {
        interleave(facts, arena, plan);
    }
}

/* One of the two was put in its place and the other is left. Steps of 100 and of 50 may
 * never meet, but lots of 50 would overlap. */
static bool is_half_done(const struct sequence_facts *facts) {
    return !facts->same_database &&
           magnitude(facts->sides[SEQUENCE_OLD].sequence.increment) !=
               magnitude(facts->sides[SEQUENCE_NEW].sequence.increment) &&
           both_go_with(facts, find_larger_step(facts));
}

static enum sequence_verdict judge(const struct sequence_facts *facts) {
    const struct sequence *a = &facts->sides[SEQUENCE_OLD].sequence;
    const struct sequence *b = &facts->sides[SEQUENCE_NEW].sequence;
    if (a->oid == 0 || b->oid == 0) {
        return a->oid != 0 ? SEQUENCE_old_only : b->oid != 0 ? SEQUENCE_new_only : SEQUENCE_none;
    }
    if (facts->same_database && a->oid == b->oid) {
        return SEQUENCE_shared;
    }
    if (a->may_read && b->may_read && are_apart(a, b) && !is_half_done(facts)) {
        return SEQUENCE_apart;
    }
    return facts->is_unique ? SEQUENCE_interleave : SEQUENCE_harmless;
}

void sequence_plan_make(const struct sequence_facts *facts, struct arena *arena,
                        struct sequence_plan *plan) {
    *plan = (struct sequence_plan){.verdict = judge(facts)};
    if (plan->verdict == SEQUENCE_interleave) {
        plan_two(facts, arena, plan);
        return;
    }
    bool new_draws = plan->verdict == SEQUENCE_apart || plan->verdict == SEQUENCE_new_only;
    if (!facts->is_unique || !new_draws) {
        return;
    }
    if (!facts->sides[SEQUENCE_NEW].is_plain) {
        plan->verdict = plan->verdict == SEQUENCE_new_only ? SEQUENCE_odd : plan->verdict;
    } else if (!facts->sides[SEQUENCE_NEW].sequence.may_read) {
        plan->verdict = SEQUENCE_hidden;
        plan->collides = true;
    } else {
        plan->collides = facts->is_taken;
        plan_advance(facts, arena, plan);
    }
}

struct sequence_step sequence_put_back(const struct drawn_column *column, enum sequence_side side,
                                       struct arena *arena) {
    const struct sequence *s = &column->sequence;
    bool down = descends(s);
    const char *sql =
        arena_printf(arena,
                     "ALTER SEQUENCE %s INCREMENT BY %" PRId64
                     "; SELECT setval(%s, %s(last_value, (SELECT %s(%s)::bigint FROM %s))) FROM %s",
                     s->name, s->increment / 2, s->literal, down ? "least" : "greatest",
                     down ? "min" : "max", column->column, column->table, s->name);
    return (struct sequence_step){side, s->name, sql, true, may_move(s)};
}
