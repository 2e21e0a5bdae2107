/* judge.c - the rules, key by key. */
#include "judge.h"

#include <string.h>

#include "base/timestamp.h"
#include "plan.h"

/* The key's story is told with the first complaint about it. */
static void accuse(const struct judge *j, const struct key_case *c, const char *what) {
    if (complain(j->complaints, "key %lld (%s): %s", (long long)c->key,
                 group_name(group_of(c->key)), what)) {
        report_case(j->reporter, c);
    }
}

static bool agree(const struct key_case *c) {
    return images_agree(OLD, c->rows[OLD], NEW, c->rows[NEW]);
}

/* ---- 1: agreement ---- */

/* Does another row of the side hold the email? */
static bool email_is_taken(const struct cases *cases, enum side side, const char *email,
                           int64_t key) {
    for (size_t i = 0; i < cases->count; i++) {
        const struct key_case *other = &cases->list[i];
        if (other->key != key && other->rows[side] != NULL &&
            strcmp(other->rows[side]->column[COLUMN_EMAIL], email) == 0) {
            return true;
        }
    }
    return false;
}

/* Is there a reason why a row of one side cannot be written to the other? */
static bool is_in_the_way(const struct cases *cases, const struct key_case *c) {
    for (enum side source = OLD; source < SIDES; source++) {
        enum side target = source == OLD ? NEW : OLD;
        if (c->parked[source] && c->rows[source] != NULL &&
            email_is_taken(cases, target, c->rows[source]->column[COLUMN_EMAIL], c->key)) {
            return true;
        }
    }
    return false;
}

static bool is_parked(const struct key_case *c) {
    return c->parked[OLD] || c->parked[NEW];
}

bool judge_awaits_retry(const struct cases *cases) {
    for (size_t i = 0; i < cases->count; i++) {
        const struct key_case *c = &cases->list[i];
        if (is_parked(c) && !agree(c) && !is_in_the_way(cases, c)) {
            return true;
        }
    }
    return false;
}

static void judge_agreement(const struct judge *j, const struct key_case *c, struct verdict *v) {
    v->keys++;
    v->parked += is_parked(c) ? 1 : 0;
    if (agree(c)) {
        return;
    }
    if (!is_parked(c)) {
        accuse(j, c, "the two sides differ");
    } else if (!is_in_the_way(j->cases, c)) {
        accuse(j, c, "parked, but no unique value is in its way");
    }
}

/* ---- 2 and 3: the right row ---- */

/* By what the policy compares: a delete has no version, its commit's time serves. */
static int64_t weight(const struct write *write, bool by_version) {
    const char *version = write->image.column[COLUMN_UPDATED_AT];
    usec_t usec = 0;
    if (by_version && write->present && usec_parse(version, strlen(version), &usec)) {
        return usec;
    }
    return write->txn->committed_at;
}

/* Of writes of equal weight a later one of its side, or one of the new side. */
static bool beats(const struct write *a, const struct write *b, bool by_version) {
    int64_t x = weight(a, by_version), y = weight(b, by_version);
    return x != y ? x > y : a->txn->side >= b->txn->side;
}

static const struct write *winner(const struct key_case *c, bool by_version) {
    const struct write *best = NULL;
    for (size_t i = 0; i < c->n_writes; i++) {
        if (best == NULL || beats(c->writes[i], best, by_version)) {
            best = c->writes[i];
        }
    }
    return best;
}

static bool holds(const struct key_case *c, const struct write *write) {
    const struct image *row = c->rows[write->txn->side];
    if (row == NULL || !write->present) {
        return row == NULL && !write->present;
    }
    return image_same(write->txn->side, row, &write->image);
}

/* Where emails change hands, one row that cannot be written leads to others. */
static bool group_was_parked(const struct judge *j, const struct key_case *c) {
    enum key_group group = group_of(c->key);
    for (size_t i = 0; group == GROUP_SWAPPED && i < j->cases->count; i++) {
        if (group_of(j->cases->list[i].key) == group && j->cases->list[i].was_parked) {
            return true;
        }
    }
    return false;
}

static void judge_row(const struct judge *j, const struct key_case *c, struct verdict *v) {
    bool contested = c->written[OLD] && c->written[NEW];
    if (c->n_writes == 0 || c->moved || c->was_parked || group_was_parked(j, c)) {
        return;
    }
    const struct write *last = winner(c, false);
    if (contested && j->by_version && last != winner(c, true)) {
        return; /* versions and commits say different things: too fine a question */
    }
    v->alone += contested ? 0 : 1;
    v->contested += contested ? 1 : 0;
    if (!holds(c, last)) {
        accuse(j, c,
               contested ? "the later commit did not win"
                         : "a write that nobody contested is lost");
    }
}

/* ---- 4: conflicts ---- */

static const struct write *last_within(const struct key_case *c, enum side side,
                                       const struct absence *absence) {
    const struct write *last = NULL;
    for (size_t i = 0; i < c->n_writes; i++) {
        const struct txn *txn = c->writes[i]->txn;
        if (txn->side == side && txn->committed_at > absence->from &&
            txn->committed_at < absence->to) {
            last = c->writes[i];
        }
    }
    return last;
}

/* Did both sides leave different rows there while pgtandem was away? Neither can
 * then have been written over before it was back, and one of them met the other.
 * Not where a delete may have hidden it. */
static bool crossed_for_certain(const struct judge *j, const struct key_case *c) {
    for (size_t i = 0; i < j->service->n_absences && !c->deleted && !c->moved; i++) {
        const struct write *old_write = last_within(c, OLD, &j->service->absences[i]);
        const struct write *new_write = last_within(c, NEW, &j->service->absences[i]);
        if (old_write != NULL && new_write != NULL &&
            !image_agree(&old_write->image, &new_write->image)) {
            return true;
        }
    }
    return false;
}

static void judge_conflicts(const struct judge *j, const struct key_case *c, struct verdict *v) {
    bool possible = (c->written[OLD] && c->written[NEW]) || c->moved || c->deleted || c->was_parked;
    bool crossed = crossed_for_certain(j, c);
    v->conflicts += (size_t)c->conflicts;
    v->crossed += crossed ? 1 : 0;
    if (c->conflicts > 0 && !possible) {
        accuse(j, c, "a conflict is recorded, but only one side has written the row");
    }
    if (c->open_conflicts > 0 && !is_parked(c)) {
        accuse(j, c, "a conflict is not settled");
    }
    if (crossed && c->conflicts == 0 && !c->was_parked) {
        accuse(j, c, "both sides wrote while pgtandem was away, but no conflict is recorded");
    }
}

void judge_cases(const struct judge *j, struct verdict *v) {
    for (size_t i = 0; i < j->cases->count; i++) {
        const struct key_case *c = &j->cases->list[i];
        judge_agreement(j, c, v);
        if (c->key >= j->base) {
            judge_row(j, c, v);
            judge_conflicts(j, c, v);
        }
    }
}
