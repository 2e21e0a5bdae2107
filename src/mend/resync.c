/* resync.c - see resync.h. */
#include "mend/resync.h"

#include <stdlib.h>
#include <string.h>

#include "apply/statement.h"
#include "base/mem.h"
#include "mend/bundle.h"

enum { CONTENDED_MAX = 3, UNTANGLED_MAX = 200 };

static void add_group(void *owner, const struct write *const *writes, size_t n) {
    bundle_add(owner, writes, n);
}

/* In the order in which values become free. */
static bool write_all(struct site *site, const struct write *const *writes, size_t n,
                      struct err *err) {
    static const enum write_kind order[] = {WRITE_DELETE, WRITE_MOVE, WRITE_UPDATE, WRITE_INSERT};
    struct bundle bundle;
    size_t failed;
    bundle_init(&bundle, writes[0]->mapping, n);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        statement_group(writes, n, order[k], add_group, &bundle);
    }
    bool ok = bundle_send(&bundle, site, &failed, err);
    bundle_fini(&bundle);
    return ok;
}

/* outcomes */

/* False: the error is not about a row. What would be fatal for a link is no reason to stop
 * all others' rechecks and both links: the row waits among those that are parked. */
static bool blame_row(struct mend *mend, const struct err *err, struct arena *arena) {
    switch (err->class) {
        case ERR_CLASS_ROW:
            mend_set_outcome(mend, err_has_sqlstate(err, "23505") ? MEND_blocked : MEND_refused,
                             err, arena);
            return true;
        case ERR_CLASS_CONTENDED:
            mend_set_outcome(mend, MEND_contended, err, arena);
            return true;
        case ERR_CLASS_FATAL:
            mend_set_outcome(mend, MEND_refused, err, arena);
            return true;
        case ERR_CLASS_PASSING:
            break;
    }
    return false;
}

static bool write_one(struct site *site, struct mend *mend, struct arena *arena, struct err *err) {
    const struct write *write = &mend->write;
    if (write_all(site, &write, 1, err)) {
        mend->outcome = MEND_done;
        return true;
    }
    return blame_row(mend, err, arena);
}

/* Every locked row costs a lock timeout: after some of them the rest waits. */
static bool write_by_rows(struct site *site, struct mend **mends, size_t n, size_t turn,
                          struct arena *arena, struct err *err) {
    size_t contended = 0;
    for (size_t i = 0; i < n; i++) {
        struct mend *mend = mends[(turn + i) % n];
        if (contended == CONTENDED_MAX) {
            mend->outcome = MEND_contended;
        } else if (!write_one(site, mend, arena, err)) {
            return false;
        }
        contended += mend->outcome == MEND_contended && contended < CONTENDED_MAX;
    }
    return true;
}

static size_t select_mends(struct mend *mends, size_t n, enum mend_outcome outcome,
                           struct mend **selected) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (mends[i].outcome == outcome) {
            selected[count++] = &mends[i];
        }
    }
    return count;
}

static bool write_together(struct site *site, struct mend **mends, size_t n, struct err *err) {
    const struct write **writes = mem_zero(n, sizeof(const struct write *));
    for (size_t i = 0; i < n; i++) {
        writes[i] = &mends[i]->write;
    }
    bool ok = write_all(site, writes, n, err);
    free(writes);
    for (size_t i = 0; ok && i < n; i++) {
        mends[i]->outcome = MEND_done;
    }
    return ok;
}

bool resync_write(struct site *site, struct mend *mends, size_t n, size_t turn, struct arena *arena,
                  struct err *err) {
    struct mend **planned = mem_zero(n + 1, sizeof(struct mend *));
    size_t count = select_mends(mends, n, MEND_planned, planned);
    bool ok = count == 0 || write_together(site, planned, count, err);
    if (!ok && err->class != ERR_CLASS_PASSING) {
        ok = write_by_rows(site, planned, count, turn, arena, err);
    }
    free(planned);
    return ok;
}

/* untangling */

/* Does the link write all there is of a row? What it does not write would be lost
 * with a row that is deleted and inserted anew. */
static bool is_written_whole(const struct mapping *mapping) {
    size_t written = 0, all = 0;
    for (size_t i = 0; i < mapping->target->n_columns; i++) {
        all += !mapping->target->columns[i].generated;
    }
    for (size_t i = 0; i < mapping->n_columns; i++) {
        written += !mapping->target->columns[mapping->columns[i].target].generated;
    }
    return written == all;
}

/* The rows that are there, in one statement. */
static void add_deletes(struct bundle *bundle, struct mend **mends, size_t n) {
    struct write *deletes = mem_zero(n, sizeof *deletes);
    const struct write **list = mem_zero(n, sizeof(const struct write *));
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (mends[i]->write.kind != WRITE_INSERT) {
            deletes[count] = mends[i]->write;
            deletes[count].kind = WRITE_DELETE;
            list[count] = &deletes[count];
            count++;
        }
    }
    if (count > 0) {
        bundle_add(bundle, list, count);
    }
    free(deletes);
    free(list);
}

static void add_insert(struct bundle *bundle, const struct mend *mend) {
    struct write insert = mend->write;
    const struct write *list = &insert;
    insert.kind = WRITE_INSERT;
    insert.values = mend->whole;
    insert.guard = "";
    bundle_add(bundle, &list, 1);
}

/* *culprit: the row that could not be inserted, or NULL. */
static bool replace_all(struct site *site, struct mend **mends, size_t n, struct mend **culprit,
                        struct err *err) {
    struct bundle bundle;
    size_t failed;
    bundle_init(&bundle, mends[0]->write.mapping, n + 1);
    add_deletes(&bundle, mends, n);
    size_t before = bundle.n;
    for (size_t i = 0; i < n; i++) {
        add_insert(&bundle, mends[i]);
    }
    bool ok = bundle_send(&bundle, site, &failed, err);
    *culprit = !ok && failed >= before && failed < bundle.n ? mends[failed - before] : NULL;
    bundle_fini(&bundle);
    return ok;
}

static size_t leave_out(struct mend **mends, size_t n, const struct mend *culprit) {
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (mends[i] != culprit) {
            mends[left++] = mends[i];
        }
    }
    return left;
}

/* The row that fails is left out, as one that somebody else blocks, and the others
 * tried again without it. */
static bool replace(struct site *site, struct mend **mends, size_t n, struct arena *arena,
                    struct err *err) {
    struct mend *culprit;
    while (n > 1) {
        if (replace_all(site, mends, n, &culprit, err)) {
            for (size_t i = 0; i < n; i++) {
                mends[i]->outcome = MEND_done;
            }
            return true;
        }
        if (err->class == ERR_CLASS_PASSING) {
            return false;
        }
        if (culprit == NULL || err->class == ERR_CLASS_CONTENDED ||
            !blame_row(culprit, err, arena)) {
            return true;
        }
        n = leave_out(mends, n, culprit);
    }
    return true;
}

bool resync_untangle(struct site *site, struct mend *mends, size_t n, struct arena *arena,
                     struct err *err) {
    struct mend **blocked = mem_zero(n + 1, sizeof(struct mend *));
    size_t count = select_mends(mends, n, MEND_blocked, blocked), before;
    bool ok = true;
    do {
        before = count;
        ok = write_by_rows(site, blocked, count, 0, arena, err);
        count = select_mends(mends, n, MEND_blocked, blocked);
    } while (ok && count > 0 && count < before);
    count = count < UNTANGLED_MAX ? count : UNTANGLED_MAX;
    if (ok && count > 1 && site->is_quiet && is_written_whole(blocked[0]->write.mapping)) {
        ok = replace(site, blocked, count, arena, err);
    }
    free(blocked);
    return ok;
}
