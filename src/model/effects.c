/* effects.c - see effects.h.
 *
 * Each key met has a target_row: whether the target has it, as far as the
 * changes so far have left it there, and what is pending for it in the segment
 * under way. */
#include "model/effects.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <uthash.h>

enum pending { PENDING_NONE, PENDING_UPSERT, PENDING_INSERT, PENDING_UPDATE, PENDING_DELETE };

struct target_row {
    UT_hash_handle hh;
    char *bytes; /* mapping's number and the key, length by length */
    unsigned n_bytes;
    const struct mapping *mapping;
    const struct value *key;
    struct target_row *same; /* the row that this other spelling of its key stands for */
    struct row_state state;
    bool put_up;           /* for recheck */
    struct value *current; /* transforms' outputs as they would be now; NULL when unknown */

    enum pending pending;
    struct value *values;
    struct target_row *next_touched;
    bool is_touched;
};

void effects_init(struct effects *effects, struct arena *arena, enum policy policy) {
    memset(effects, 0, sizeof *effects);
    effects->arena = arena;
    effects->policy = policy;
}

void effects_fini(struct effects *effects) {
    HASH_CLEAR(hh, effects->rows);
    free(effects->writes);
    free(effects->rechecks);
    free(effects->contests);
    memset(effects, 0, sizeof *effects);
}

/* keys */

static char *key_bytes(struct arena *arena, const struct mapping *mapping, const struct value *key,
                       unsigned *size) {
    size_t total = sizeof mapping->number;
    for (size_t i = 0; i < mapping->n_key; i++) {
        total += sizeof key[i].size + key[i].size;
    }
    char *bytes = arena_alloc(arena, total), *p = bytes;
    memcpy(p, &mapping->number, sizeof mapping->number);
    p += sizeof mapping->number;
    for (size_t i = 0; i < mapping->n_key; i++) {
        memcpy(p, &key[i].size, sizeof key[i].size);
        p += sizeof key[i].size;
        if (key[i].size > 0) {
            memcpy(p, key[i].data, key[i].size);
            p += key[i].size;
        }
    }
    *size = (unsigned)total;
    return bytes;
}

/* The row of that key; *is_new tells whether it was added now. */
static struct target_row *find_row(struct effects *effects, const struct mapping *mapping,
                                   const struct value *key, bool *is_new) {
    unsigned size;
    char *bytes = key_bytes(effects->arena, mapping, key, &size);
    struct target_row *row = NULL;
    HASH_FIND(hh, effects->rows, bytes, size, row);
    *is_new = row == NULL;
    if (row == NULL) {
        row = arena_zero(effects->arena, 1, sizeof *row);
        row->mapping = mapping;
        row->key = key;
        row->bytes = bytes;
        row->n_bytes = size;
        HASH_ADD_KEYPTR(hh, effects->rows, row->bytes, row->n_bytes, row);
    }
    return row;
}
#pragma GCC diagnostic pop

static struct target_row *row_of(struct effects *effects, const struct mapping *mapping,
                                 const struct value *key) {
    bool is_new;
    struct target_row *row = find_row(effects, mapping, key, &is_new);
    return row->same != NULL ? row->same : row;
}

static void set_absent(struct target_row *row) {
    row->state = (struct row_state){STANDING_ABSENT, STAMP_UNKNOWN};
    row->current = NULL;
}

/* What pgtandem writes is a copy. */
static void set_copy(struct target_row *row) {
    row->state = (struct row_state){STANDING_COPY, STAMP_UNKNOWN};
}

/* lists */

/* Room for one more of `size` bytes each. */
static void *reserve(void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 64 : mem_mul(*capacity, 2);
    return mem_grow(items, mem_mul(*capacity, size));
}

static void put_up(struct effects *effects, struct target_row *row) {
    if (row->put_up || MUTANT_IS(no_rechecks)) {
        return;
    }
    row->put_up = true;
    effects->rechecks = reserve(effects->rechecks, effects->n_rechecks, &effects->recheck_capacity,
                                sizeof *effects->rechecks);
    effects->rechecks[effects->n_rechecks++] = (struct recheck){row->mapping, row->key};
}

static void put_on_record(struct effects *effects, const struct change *change,
                          const struct target_row *row, const struct decision *decision) {
    if (decision->conflict == CONFLICT_none) {
        return;
    }
    effects->contests = reserve(effects->contests, effects->n_contests, &effects->contest_capacity,
                                sizeof *effects->contests);
    effects->contests[effects->n_contests++] =
        (struct contest){change, row->key, decision->conflict, decision->outcome, row->state};
}

/* segments */

static void add_write(struct effects *effects, enum write_kind kind, const struct mapping *mapping,
                      const struct value *key, const struct value *values) {
    effects->writes =
        reserve(effects->writes, effects->n_writes, &effects->capacity, sizeof *effects->writes);
    effects->writes[effects->n_writes++] = (struct write){.kind = kind,
                                                          .mapping = mapping,
                                                          .key = key,
                                                          .values = values,
                                                          .segment = effects->segment};
}

/* More than the key, which an update only looks for. */
static bool has_values(const struct target_row *row) {
    for (size_t i = 0; i < row->mapping->n_columns; i++) {
        if (row->values[i].kind != VALUE_ABSENT && !row->mapping->columns[i].is_key) {
            return true;
        }
    }
    return false;
}

static void write_pending(struct effects *effects, const struct target_row *row) {
    switch (row->pending) {
        case PENDING_NONE:
            break;
        case PENDING_UPSERT:
            add_write(effects, WRITE_UPSERT, row->mapping, row->key, row->values);
            break;
        case PENDING_INSERT:
            add_write(effects, WRITE_INSERT, row->mapping, row->key, row->values);
            break;
        case PENDING_UPDATE:
            if (has_values(row)) {
                add_write(effects, WRITE_UPDATE, row->mapping, row->key, row->values);
            }
            break;
        case PENDING_DELETE:
            add_write(effects, WRITE_DELETE, row->mapping, row->key, NULL);
            break;
    }
}

/* The list of touched rows is last first; writes are to be first first. */
static struct target_row *reversed(struct target_row *list) {
    struct target_row *head = NULL;
    while (list != NULL) {
        struct target_row *next = list->next_touched;
        list->next_touched = head;
        head = list;
        list = next;
    }
    return head;
}

void effects_finish(struct effects *effects) {
    for (struct target_row *row = reversed(effects->touched), *next; row != NULL; row = next) {
        next = row->next_touched;
        write_pending(effects, row);
        row->pending = PENDING_NONE;
        row->values = NULL;
        row->next_touched = NULL;
        row->is_touched = false;
    }
    effects->touched = NULL;
    effects->segment++;
}

static void touch(struct effects *effects, struct target_row *row, enum pending pending) {
    row->pending = pending;
    if (!row->is_touched) {
        row->is_touched = true;
        row->next_touched = effects->touched;
        effects->touched = row;
    }
}

/* values */

static struct value *copy_values(struct effects *effects, const struct mapping *mapping,
                                 const struct value *values) {
    struct value *copy = arena_zero(effects->arena, mapping->n_columns, sizeof *copy);
    memcpy(copy, values, mapping->n_columns * sizeof *copy);
    return copy;
}

static void merge(struct value *into, const struct value *from, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (from[i].kind != VALUE_ABSENT) {
            into[i] = from[i];
        }
    }
}

static void remember(struct effects *effects, struct target_row *row, const struct value *values) {
    if (row->current == NULL) {
        row->current = arena_zero(effects->arena, row->mapping->n_columns, sizeof *values);
    }
    merge(row->current, values, row->mapping->n_columns);
}

static void put_insert(struct effects *effects, struct target_row *row,
                       const struct value *values) {
    if (row->pending == PENDING_DELETE) {
        effects_finish(effects);
    }
    row->values = copy_values(effects, row->mapping, values);
    set_copy(row);
    row->current = NULL;
    remember(effects, row, values);
    touch(effects, row, PENDING_INSERT);
}

static void put_update(struct effects *effects, struct target_row *row,
                       const struct value *values) {
    if (row->pending == PENDING_NONE) {
        row->values = copy_values(effects, row->mapping, values);
        touch(effects, row, PENDING_UPDATE);
    } else {
        merge(row->values, values, row->mapping->n_columns);
    }
    set_copy(row);
    remember(effects, row, values);
}

static void put_delete(struct effects *effects, struct target_row *row) {
    touch(effects, row, row->pending == PENDING_INSERT ? PENDING_NONE : PENDING_DELETE);
    set_absent(row);
}

static void put_move(struct effects *effects, struct target_row *from, struct target_row *to,
                     const struct value *values) {
    effects_finish(effects);
    add_write(effects, WRITE_MOVE, from->mapping, from->key, values);
    effects->segment++;
    if (from != to) {
        to->current = from->current;
        set_absent(from);
    }
    set_copy(to);
    remember(effects, to, values);
}

/* blind */

bool effects_can_fold(const struct change *change) {
    switch (change->op) {
        case CHANGE_insert:
        case CHANGE_update:
            return change->complete && !change->moves_key;
        case CHANGE_delete:
        case CHANGE_truncate:
            return true;
    }
    return false;
}

/* One statement may empty several tables, which foreign keys among them demand, and the
 * stream tells of each by itself: truncates in a row are one write. */
static bool follows_truncate(const struct effects *effects) {
    return effects->touched == NULL && effects->n_writes > 0 &&
           effects->writes[effects->n_writes - 1].kind == WRITE_TRUNCATE;
}

static void put_truncate(struct effects *effects, const struct mapping *mapping) {
    bool joins = follows_truncate(effects);
    if (!joins) {
        effects_finish(effects);
    }
    add_write(effects, WRITE_TRUNCATE, mapping, NULL, NULL);
    if (joins) {
        struct write *last = &effects->writes[effects->n_writes - 1];
        last->segment = last[-1].segment;
    } else {
        effects->segment++;
    }
    for (struct target_row *row = effects->rows; row != NULL; row = row->hh.next) {
        if (row->mapping->number == mapping->number) {
            set_absent(row);
        }
    }
}

void effects_fold(struct effects *effects, const struct change *change) {
    if (change->op == CHANGE_truncate) {
        put_truncate(effects, change->mapping);
        return;
    }
    struct target_row *row = row_of(effects, change->mapping, change->key);
    if (change->op == CHANGE_delete) {
        touch(effects, row, PENDING_DELETE);
        return;
    }
    row->values = change->target; /* complete: nothing of earlier changes is left */
    touch(effects, row, PENDING_UPSERT);
}

/* careful */

void effects_want(struct effects *effects, const struct change *change, effects_want_fn *want,
                  void *owner) {
    if (change->op == CHANGE_truncate) {
        return;
    }
    bool is_new;
    find_row(effects, change->mapping, change->key, &is_new);
    if (is_new) {
        want(owner, change->mapping, change->key);
    }
    if (change->moves_key) {
        const struct value *key = change_new_key(change, effects->arena);
        find_row(effects, change->mapping, key, &is_new);
        if (is_new) {
            want(owner, change->mapping, key);
        }
    }
}

/* The key that the row itself has. */
static const struct value *own_key(struct effects *effects, const struct mapping *mapping,
                                   const struct value *current) {
    struct value *key = arena_zero(effects->arena, mapping->n_key, sizeof *key);
    for (size_t i = 0; i < mapping->n_key; i++) {
        key[i] = current[mapping->key[i]];
    }
    return key;
}

void effects_row(struct effects *effects, const struct mapping *mapping, const struct value *key,
                 const struct value *current, struct row_state state) {
    bool is_new;
    struct target_row *asked = find_row(effects, mapping, key, &is_new);
    struct target_row *row = row_of(effects, mapping, own_key(effects, mapping, current));
    if (asked != row) {
        asked->same = row;
    }
    row->state = state;
    row->current = NULL;
    remember(effects, row, current);
}

/* The change's values, less the outputs that are to be kept as they are. */
static const struct value *values_for(struct effects *effects, const struct change *change,
                                      const struct target_row *row) {
    const struct mapping *mapping = change->mapping;
    if (effects->policy == POLICY_BLIND || mapping->n_transforms == 0 || row->current == NULL) {
        return change->target;
    }
    struct value *values = copy_values(effects, mapping, change->target);
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        const struct mapping_transform *t = &mapping->transforms[i];
        if (mapping_keeps(mapping, t, change->source, row->current, effects->arena)) {
            for (size_t j = 0; j < t->n_outputs; j++) {
                values[t->outputs[j]] = value_absent();
            }
        }
    }
    return values;
}

static void carry_out(struct effects *effects, struct change *change, enum action action,
                      struct target_row *row, struct target_row *to) {
    switch (action) {
        case ACTION_NOTHING:
            break;
        case ACTION_INSERT:
            put_insert(effects, change->moves_key ? to : row, change->target);
            break;
        case ACTION_UPDATE:
            put_update(effects, row, values_for(effects, change, row));
            break;
        case ACTION_DELETE:
            put_delete(effects, row);
            break;
        case ACTION_MOVE:
            put_move(effects, row, to, values_for(effects, change, row));
            break;
        case ACTION_REPLACE:
            put_delete(effects, row);
            put_update(effects, to, values_for(effects, change, to));
            break;
        case ACTION_UPDATE_NEW_KEY:
            put_update(effects, to, values_for(effects, change, to));
            break;
        case ACTION_READ_SOURCE:
            change->wants_source = true;
            effects->n_wanting++;
            break;
    }
}

void effects_decide(struct effects *effects, struct change *change) {
    if (change->op == CHANGE_truncate) {
        put_truncate(effects, change->mapping);
        return;
    }
    struct target_row *row = row_of(effects, change->mapping, change->key);
    struct target_row *to = row;
    if (change->moves_key) {
        to = row_of(effects, change->mapping, change_new_key(change, effects->arena));
    }
    struct row_state nothing = {STANDING_ABSENT, STAMP_UNKNOWN};
    enum found at_new_key = resolve_found(change, to != row ? to->state : nothing);
    struct decision d =
        resolve(effects->policy, change, resolve_found(change, row->state), at_new_key);
    if (d.recheck) {
        put_up(effects, row);
        put_up(effects, to);
    }
    put_on_record(effects, change, at_new_key != FOUND_NOTHING ? to : row, &d);
    carry_out(effects, change, d.action, row, to);
}
