/* plan.c - draws transactions. The steps of one are in the order of their keys, so
 * that writers of one side do not lock each other out in a circle. */
#include "plan.h"

#include <stddef.h>

#include "text.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- keys ---- */

static const struct {
    const char *name;
    int64_t first;
    int count;
} groups[] = {
#define GROUP_ROW(name, id, first, count) {#name, first, count},
    KEY_GROUPS(GROUP_ROW)
#undef GROUP_ROW
};

const char *group_name(enum key_group group) {
    return group == GROUP_NONE ? "none" : groups[group].name;
}

int64_t group_first(enum key_group group) {
    return groups[group].first;
}

int group_size(enum key_group group) {
    return groups[group].count;
}

enum key_group group_of(int64_t key) {
    int64_t place = key % KEYS_PER_ROUND;
    for (int i = 0; i < COUNT(groups); i++) {
        if (key >= KEYS_PER_ROUND && place >= groups[i].first &&
            place < groups[i].first + groups[i].count) {
            return (enum key_group)i;
        }
    }
    return GROUP_NONE;
}

/* ---- a plan in the making ---- */

struct draft {
    struct plan *plan;
    struct rng *rng;
    const struct writing *writing;
    struct arena *arena;
    const char *tag;
};

static int64_t draw_key(struct draft *d, enum key_group group) {
    return d->writing->base + group_first(group) + rng_below(d->rng, group_size(group));
}

static struct step *add_step(struct draft *d, enum step_kind kind, int64_t key) {
    if (d->plan->count == PLAN_STEPS) {
        return &d->plan->steps[PLAN_STEPS - 1]; /* more than were meant; the last is replaced */
    }
    struct step *step = &d->plan->steps[d->plan->count++];
    *step = (struct step){.kind = kind, .key = key, .other = key};
    step->pause = rng_chance(d->rng, 15) ? rng_between(d->rng, 1, 25) : 0;
    step->bump = d->writing->always_bump || rng_chance(d->rng, 75);
    return step;
}

/* Emails never clash, but in the group where they are to: there a row begins with
 * the one that belongs to its key. A row that moves away takes its email along. */
static const char *draw_email(struct draft *d, int64_t key) {
    switch (group_of(key)) {
        case GROUP_SWAPPED:
            return arena_printf(d->arena, "swapped-%ld@example.com", (long)key);
        case GROUP_MOVING:
        case GROUP_OWN_MOVING_OLD:
        case GROUP_OWN_MOVING_NEW:
            return arena_printf(d->arena, "%ld.%s@example.com", (long)key, d->tag);
        case GROUP_HOT:
        case GROUP_STEADY:
        case GROUP_OWN_OLD:
        case GROUP_OWN_NEW:
        case GROUP_BULK_OLD:
        case GROUP_BULK_NEW:
        case GROUP_NONE:
            break;
    }
    return arena_printf(d->arena, "user%ld+%d@example.com", (long)key, rng_below(d->rng, 4));
}

static void draw_values(struct draft *d, struct step *step) {
    step->email = draw_email(d, step->key);
    step->full_name = text_full_name(d->rng, d->arena, d->tag);
    step->first_name = text_name_part(d->rng, d->arena, d->tag);
    step->last_name = text_name_part(d->rng, d->arena, d->tag);
    step->bio = text_bio(d->rng, d->arena, d->tag);
}

static void add_insert(struct draft *d, int64_t key) {
    struct step *step = add_step(d, STEP_INSERT, key);
    step->set = ~0U;
    draw_values(d, step);
}

static unsigned draw_columns(struct draft *d) {
    static const int weights[] = {40, 12, 12, 8, 12, 8, 8};
    unsigned name = d->writing->side == OLD ? SET_FULL_NAME : SET_FIRST_NAME | SET_LAST_NAME;
    switch (rng_pick(d->rng, weights, COUNT(weights))) {
        case 0:
            return name;
        case 1:
            return d->writing->side == OLD ? SET_FULL_NAME : SET_LAST_NAME;
        case 2:
            return SET_BIO;
        case 3:
            return SET_EMAIL;
        case 4:
            return name | SET_BIO;
        case 5:
            return name | SET_BIO | SET_EMAIL;
        default:
            return 0; /* updated_at, or not even that */
    }
}

static void add_update(struct draft *d, int64_t key) {
    struct step *step = add_step(d, STEP_UPDATE, key);
    step->set = draw_columns(d);
    draw_values(d, step);
    if (group_of(key) == GROUP_SWAPPED) {
        step->set &= ~(unsigned)SET_EMAIL; /* where emails only change hands */
    }
}

/* One row's change, of those that every group knows. */
static void add_change(struct draft *d, int64_t key) {
    static const int weights[] = {58, 20, 12, 10}, steady[] = {1, 0, 0, 0};
    switch (rng_pick(d->rng, group_of(key) == GROUP_STEADY ? steady : weights, COUNT(weights))) {
        case 0:
            add_update(d, key);
            return;
        case 1:
            add_insert(d, key);
            return;
        case 2:
            add_step(d, STEP_DELETE, key);
            return;
        default:
            add_step(d, STEP_DELETE, key);
            add_insert(d, key);
    }
}

/* Up to `most` keys of a group, in order. */
static void add_changes(struct draft *d, enum key_group group, int most) {
    int left = rng_between(d->rng, 1, most);
    int64_t key = draw_key(d, group),
            end = d->writing->base + group_first(group) + group_size(group);
    for (; left > 0 && key < end; left--, key += rng_between(d->rng, 1, 3)) {
        add_change(d, key);
    }
}

/* ---- kinds of transactions ---- */

static enum key_group own(const struct draft *d) {
    return d->writing->side == OLD ? GROUP_OWN_OLD : GROUP_OWN_NEW;
}

static enum key_group own_moving(const struct draft *d) {
    return d->writing->side == OLD ? GROUP_OWN_MOVING_OLD : GROUP_OWN_MOVING_NEW;
}

static enum key_group own_bulk(const struct draft *d) {
    return d->writing->side == OLD ? GROUP_BULK_OLD : GROUP_BULK_NEW;
}

/* What both sides write, unless they are not to */
static enum key_group contested(const struct draft *d) {
    if (d->writing->disjoint) {
        return own(d);
    }
    return rng_chance(d->rng, 70) ? GROUP_HOT : GROUP_STEADY;
}

static void two_keys(struct draft *d, enum key_group group, int64_t *low, int64_t *high) {
    *low = draw_key(d, group);
    do {
        *high = draw_key(d, group);
    } while (*high == *low);
    if (*low > *high) {
        int64_t key = *low;
        *low = *high;
        *high = key;
    }
}

static void draw_moving(struct draft *d, enum key_group group) {
    int64_t from = 0, to = 0;
    if (rng_chance(d->rng, 40)) {
        add_changes(d, group, 2);
        return;
    }
    two_keys(d, group, &from, &to);
    bool down = rng_chance(d->rng, 50);
    struct step *step = add_step(d, STEP_MOVE, down ? to : from);
    step->other = down ? from : to;
    step->set = rng_chance(d->rng, 40) ? draw_columns(d) : 0;
    draw_values(d, step);
}

static void draw_swap(struct draft *d, enum key_group group) {
    if (group == GROUP_SWAPPED && rng_chance(d->rng, 40)) {
        add_changes(d, group, 2);
        return;
    }
    int64_t low = 0, high = 0;
    two_keys(d, group, &low, &high);
    struct step *step = add_step(d, STEP_SWAP, low);
    step->other = high;
    step->email = arena_printf(d->arena, "between.%s@example.com", d->tag);
}

static void draw_savepoint(struct draft *d) {
    add_changes(d, contested(d), 2);
    add_step(d, STEP_SAVEPOINT, 0);
    add_changes(d, own(d), 3);
    if (rng_chance(d->rng, 60)) {
        add_step(d, STEP_ROLL_BACK, 0);
        add_changes(d, own(d), 2);
    }
}

static void add_bulk(struct draft *d, enum key_group group) {
    static const enum step_kind kinds[] = {STEP_BULK_INSERT, STEP_BULK_UPDATE, STEP_BULK_DELETE};
    static const int weights[] = {50, 35, 15};
    int rows = rng_between(d->rng, 100, rng_chance(d->rng, 25) ? 3000 : 800);
    int64_t low = d->writing->base + group_first(group);
    low += rng_below(d->rng, group_size(group) - rows);
    struct step *step = add_step(d, kinds[rng_pick(d->rng, weights, COUNT(weights))], low);
    step->other = low + rows - 1;
    draw_values(d, step);
    step->email = "user";
}

static void draw_bulk(struct draft *d) {
    if (rng_chance(d->rng, 50)) {
        add_changes(d, contested(d), 3);
    }
    add_bulk(d, own_bulk(d));
    if (rng_chance(d->rng, 30)) {
        add_bulk(d, own_bulk(d));
    }
}

static void draw_kind(struct draft *d, int number) {
    static const int weights[] = {48, 20, 8, 9, 4, 3, 8};
    if (d->writing->bulk && d->writing->writer == 0 && number % 12 == 3) {
        draw_bulk(d);
        return;
    }
    switch (rng_pick(d->rng, weights, COUNT(weights))) {
        case 0:
            add_changes(d, contested(d), 3);
            return;
        case 1:
            add_changes(d, own(d), 4);
            return;
        case 2:
            draw_moving(d, d->writing->disjoint ? own_moving(d) : GROUP_MOVING);
            return;
        case 3:
            draw_swap(d, d->writing->disjoint ? own(d) : GROUP_SWAPPED);
            return;
        case 4:
            draw_moving(d, own_moving(d));
            return;
        case 5:
            draw_swap(d, own(d));
            return;
        default:
            draw_savepoint(d);
    }
}

void plan_draw(struct plan *plan, struct rng *rng, const struct writing *writing, int number,
               struct arena *arena) {
    struct draft d = {plan, rng, writing, arena, NULL};
    d.tag = arena_printf(arena, "%s%d-%d", side_name(writing->side), writing->writer, number);
    plan->count = 0;
    plan->gap = rng_below(rng, 2 * writing->mean_gap + 1);
    plan->commit = !rng_chance(rng, 6);
    draw_kind(&d, number);
}

/* ---- the first ---- */

static void insert_range(struct draft *d, enum key_group group, int count) {
    struct step *step = add_step(d, STEP_BULK_INSERT, d->writing->base + group_first(group));
    step->other = step->key + count - 1;
    draw_values(d, step);
    step->email = group == GROUP_SWAPPED ? "swapped-" : "user";
}

void plan_first(struct plan *plan, struct rng *rng, const struct writing *writing,
                struct arena *arena) {
    struct draft d = {plan, rng, writing, arena, NULL};
    d.tag = arena_printf(arena, "%s-first", side_name(writing->side));
    plan->count = 0;
    plan->gap = 0;
    plan->commit = true;
    if (writing->side == OLD) { /* in the order of their keys, as always */
        insert_range(&d, GROUP_HOT, 7);
        insert_range(&d, GROUP_STEADY, group_size(GROUP_STEADY));
        insert_range(&d, GROUP_MOVING, 4);
        insert_range(&d, GROUP_SWAPPED, 6);
    }
    insert_range(&d, own(&d), 30);
    insert_range(&d, own_moving(&d), 5);
}
