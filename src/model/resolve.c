/* resolve.c - see resolve.h, whose table this is. */
#include "model/resolve.h"

const char *action_name(enum action action) {
    static const char *const names[] = {
#define ACTION_NAME(name) #name,
        ACTIONS(ACTION_NAME)
#undef ACTION_NAME
    };
    return names[action];
}

const char *conflict_name(enum conflict conflict) {
    static const char *const names[] = {
#define CONFLICT_NAME(name) #name,
        CONFLICTS(CONFLICT_NAME)
#undef CONFLICT_NAME
    };
    return names[conflict];
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[] = {
#define OUTCOME_NAME(name) #name,
        OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
    };
    return names[outcome];
}

enum found resolve_found(const struct change *change, struct row_state row) {
    bool row_is_new_side = change->mapping->direction == FORWARD; /* whose target is new */
    switch (row.standing) {
        case STANDING_ABSENT:
            return FOUND_NOTHING;
        case STANDING_COPY:
            return FOUND_COPY;
        case STANDING_ORIGINAL:
            break;
    }
    return stamp_is_later(row.stamp, row_is_new_side, stamp_of_change(change)) ? FOUND_LATER
                                                                               : FOUND_EARLIER;
}

static struct decision plain(enum action action) {
    return (struct decision){.action = action};
}

static struct decision rechecked(enum action action) {
    return (struct decision){.action = action, .recheck = true};
}

static struct decision contested(enum action action, enum conflict conflict, enum outcome outcome) {
    return (struct decision){action, conflict, outcome, .recheck = true};
}

/* blind */

/* An insert needs every value. */
static enum action insert_or_ask(const struct change *change) {
    if (change->complete) {
        return ACTION_INSERT;
    }
    return change->source_gone ? ACTION_NOTHING : ACTION_READ_SOURCE;
}

static enum action blind_move(const struct change *change, bool at_key, bool at_new_key) {
    if (at_key) {
        return at_new_key ? ACTION_REPLACE : ACTION_MOVE;
    }
    return at_new_key ? ACTION_UPDATE_NEW_KEY : insert_or_ask(change);
}

static enum action resolve_blind(const struct change *change, bool at_key, bool at_new_key) {
    switch (change->op) {
        case CHANGE_insert:
            return at_key ? ACTION_UPDATE : insert_or_ask(change);
        case CHANGE_update:
            if (change->moves_key) {
                return blind_move(change, at_key, at_new_key);
            }
            return at_key ? ACTION_UPDATE : insert_or_ask(change);
        case CHANGE_delete:
            return at_key ? ACTION_DELETE : ACTION_NOTHING;
        case CHANGE_truncate:
            break;
    }
    return ACTION_NOTHING;
}

/* live */

static struct decision live_insert(const struct change *change, enum found at_key) {
    switch (at_key) {
        case FOUND_NOTHING:
            return plain(insert_or_ask(change));
        case FOUND_COPY:
            return plain(ACTION_UPDATE);
        case FOUND_EARLIER:
            return contested(ACTION_UPDATE, CONFLICT_insert_exists, OUTCOME_applied);
        case FOUND_LATER:
            break;
    }
    return contested(ACTION_NOTHING, CONFLICT_insert_exists, OUTCOME_kept);
}

static struct decision live_update(enum found at_key) {
    switch (at_key) {
        case FOUND_NOTHING:
            return contested(ACTION_NOTHING, CONFLICT_update_missing, OUTCOME_skipped);
        case FOUND_COPY:
            return plain(ACTION_UPDATE);
        case FOUND_EARLIER:
            return rechecked(ACTION_UPDATE);
        case FOUND_LATER:
            break;
    }
    return contested(ACTION_NOTHING, CONFLICT_update_origin_differs, OUTCOME_kept);
}

static struct decision live_delete(enum found at_key) {
    switch (at_key) {
        case FOUND_NOTHING:
            return contested(ACTION_NOTHING, CONFLICT_delete_missing, OUTCOME_skipped);
        case FOUND_COPY:
        case FOUND_EARLIER:
            return rechecked(ACTION_DELETE);
        case FOUND_LATER:
            break;
    }
    return contested(ACTION_NOTHING, CONFLICT_delete_origin_differs, OUTCOME_kept);
}

/* Nothing is at the old key. */
static struct decision live_move_of_nothing(const struct change *change, enum found at_new_key) {
    switch (at_new_key) {
        case FOUND_NOTHING:
            return change->complete
                       ? contested(ACTION_INSERT, CONFLICT_update_missing, OUTCOME_applied)
                       : contested(ACTION_NOTHING, CONFLICT_update_missing, OUTCOME_skipped);
        case FOUND_COPY:
        case FOUND_EARLIER:
            return contested(ACTION_UPDATE_NEW_KEY, CONFLICT_update_missing, OUTCOME_applied);
        case FOUND_LATER:
            break;
    }
    return contested(ACTION_NOTHING, CONFLICT_update_exists, OUTCOME_kept);
}

static struct decision live_move(const struct change *change, enum found at_key,
                                 enum found at_new_key) {
    if (at_key == FOUND_NOTHING) {
        return live_move_of_nothing(change, at_new_key);
    }
    switch (at_new_key) {
        case FOUND_NOTHING:
            return at_key == FOUND_LATER
                       ? contested(ACTION_MOVE, CONFLICT_update_origin_differs, OUTCOME_applied)
                       : rechecked(ACTION_MOVE);
        case FOUND_COPY:
            return rechecked(ACTION_REPLACE);
        case FOUND_EARLIER:
            return contested(ACTION_REPLACE, CONFLICT_update_exists, OUTCOME_applied);
        case FOUND_LATER:
            break;
    }
    return contested(ACTION_DELETE, CONFLICT_update_exists, OUTCOME_kept);
}

struct decision resolve(enum policy policy, const struct change *change, enum found at_key,
                        enum found at_new_key) {
    if (policy == POLICY_BLIND) {
        return plain(resolve_blind(change, at_key != FOUND_NOTHING, at_new_key != FOUND_NOTHING));
    }
    switch (change->op) {
        case CHANGE_insert:
            return live_insert(change, at_key);
        case CHANGE_update:
            return change->moves_key ? live_move(change, at_key, at_new_key) : live_update(at_key);
        case CHANGE_delete:
            return live_delete(at_key);
        case CHANGE_truncate:
            break;
    }
    return plain(ACTION_NOTHING);
}
