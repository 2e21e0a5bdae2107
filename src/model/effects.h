/* effects.h - from changes, and what the target holds, to what must be written.
 *
 * Why: within a batch the last state of a key is enough, so the changes of a
 *   key are decided one after the other (resolve.h) and written once. Pure:
 *   rows that were read come in, writes go out; no SQL here.
 *
 * Two ways:
 *   - blind (effects_fold): nothing was read; every change carries all values
 *     and none moves a key. Rows are upserted and deleted.
 *   - careful (effects_decide): the rows under all keys of the slice were read
 *     first and told with effects_row().
 *
 * Writes come in segments. Within one, a key is written at most once, so that
 * a writer may group: all deletes, then all updates, then all inserts. A key
 * that moves, and truncates in a row, are a segment of their own; so is what follows a
 * delete of the same key.
 *
 * Corrections survive: in a careful update under POLICY_LIVE a transform's
 * outputs are left alone where the target's own already map back to the
 * incoming inputs. Until live there is nobody whose correction it could be.
 *
 * What a slice has written itself is a copy for the changes that follow in it;
 * what it left alone stays what it was. Besides writes there are keys to be put
 * up for recheck, and contests to be put on record, in the same transaction.
 *
 * Memory: everything in the arena that effects_init was given, but for the
 * table of keys, which effects_fini frees. */
#ifndef PGTANDEM_MODEL_EFFECTS_H
#define PGTANDEM_MODEL_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/change.h"
#include "model/resolve.h"

enum write_kind {
    WRITE_UPSERT, /* all values; whether the row is there is not known */
    WRITE_INSERT, /* all values; the row is not there */
    WRITE_UPDATE, /* the values that are not absent; the row is there */
    WRITE_DELETE,
    WRITE_MOVE,    /* as update, and the key among the values is a new one */
    WRITE_TRUNCATE /* the whole table */
};

struct write {
    enum write_kind kind;
    const struct mapping *mapping;
    const struct value *key;    /* n_key values: the row to be found; not for truncate */
    const struct value *values; /* parallel to mapping->columns; not for delete, truncate */
    unsigned segment;
    /* NULL: none. For an update or a delete the xmin that the row must still
     * have; for an insert "": only if there is no row with that key. */
    const char *guard;
};

/* One row of the target, under one of the slice's keys. */
struct target_row;

/* A key to be put up for recheck. */
struct recheck {
    const struct mapping *mapping;
    const struct value *key;
};

/* A conflict, for the record. */
struct contest {
    const struct change *change;
    const struct value *key; /* where the change met something, or nothing */
    enum conflict conflict;
    enum outcome outcome;
    struct row_state met;
};

struct effects {
    struct arena *arena;
    enum policy policy;
    struct target_row *rows;    /* every key met so far */
    struct target_row *touched; /* those with something pending in this segment */
    unsigned segment;

    struct write *writes;
    size_t n_writes, capacity;
    struct recheck *rechecks; /* each key once */
    size_t n_rechecks, recheck_capacity;
    struct contest *contests;
    size_t n_contests, contest_capacity;
    /* changes that must be completed from the source before anything of the
     * slice can be written; their wants_source is set */
    size_t n_wanting;
};

void effects_init(struct effects *effects, struct arena *arena, enum policy policy);
void effects_fini(struct effects *effects);

/* True when the blind way is open to the change. */
bool effects_can_fold(const struct change *change);
void effects_fold(struct effects *effects, const struct change *change);

/* The keys to read for a change: its own and, when it moves, the new one. Adds
 * a row for each that is not known yet and calls `want` for it. */
typedef void effects_want_fn(void *owner, const struct mapping *mapping, const struct value *key);
void effects_want(struct effects *effects, const struct change *change, effects_want_fn *want,
                  void *owner);

/* Tells that the target has a row under this key, and whose it is. `current` runs
 * parallel to mapping->columns: the row's own key and transforms' outputs matter,
 * others may be absent. The row's own key may be spelled in another way than the key it was
 * asked by ("a" and "A" where case does not count, 1.0 and 1.00): two keys that
 * lead to one row are the same row from then on. */
void effects_row(struct effects *effects, const struct mapping *mapping, const struct value *key,
                 const struct value *current, struct row_state state);

/* Decides a change in the light of the rows told and the changes before it. */
void effects_decide(struct effects *effects, struct change *change);

/* Ends the last segment: `writes` is complete. */
void effects_finish(struct effects *effects);

#endif
