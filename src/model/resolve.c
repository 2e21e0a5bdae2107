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

static struct decision decide(enum policy policy, enum action action, enum conflict conflict) {
    return (struct decision){action, policy == POLICY_LIVE ? conflict : CONFLICT_NONE};
}

/* An insert needs every value. */
static enum action insert_or_ask(const struct change *change) {
    if (change->complete) {
        return ACTION_INSERT;
    }
    return change->source_gone ? ACTION_NOTHING : ACTION_READ_SOURCE;
}

static struct decision resolve_move(enum policy policy, const struct change *change, bool at_key,
                                    bool at_new_key) {
    if (at_key) {
        return at_new_key ? decide(policy, ACTION_REPLACE, CONFLICT_ROW_EXISTS)
                          : decide(policy, ACTION_MOVE, CONFLICT_NONE);
    }
    return decide(policy, at_new_key ? ACTION_UPDATE_NEW_KEY : insert_or_ask(change),
                  CONFLICT_ROW_MISSING);
}

static struct decision resolve_update(enum policy policy, const struct change *change,
                                      bool at_key) {
    if (at_key) {
        return decide(policy, ACTION_UPDATE, CONFLICT_NONE);
    }
    return decide(policy, policy == POLICY_BLIND ? insert_or_ask(change) : ACTION_NOTHING,
                  CONFLICT_ROW_MISSING);
}

struct decision resolve(enum policy policy, const struct change *change, bool at_key,
                        bool at_new_key) {
    switch (change->op) {
        case CHANGE_insert:
            return at_key ? decide(policy, ACTION_UPDATE, CONFLICT_ROW_EXISTS)
                          : decide(policy, insert_or_ask(change), CONFLICT_NONE);
        case CHANGE_update:
            return change->moves_key ? resolve_move(policy, change, at_key, at_new_key)
                                     : resolve_update(policy, change, at_key);
        case CHANGE_delete:
            return at_key ? decide(policy, ACTION_DELETE, CONFLICT_NONE)
                          : decide(policy, ACTION_NOTHING, CONFLICT_ROW_MISSING);
        case CHANGE_truncate:
            break;
    }
    return decide(policy, ACTION_NOTHING, CONFLICT_NONE);
}
