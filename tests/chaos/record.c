/* record.c - tapes, and the history that they add up to. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *write_kind_name(enum write_kind kind) {
    switch (kind) {
#define WRITE_NAME(name, id)                                                                       \
    case id:                                                                                       \
        return #name;
        WRITE_KINDS(WRITE_NAME)
#undef WRITE_NAME
    }
    return "";
}

void tape_init(struct tape *tape) {
    arena_init(&tape->arena);
    tape->first = NULL;
    tape->end = &tape->first;
}

void tape_fini(struct tape *tape) {
    arena_fini(&tape->arena);
}

void tape_reset(struct tape *tape) {
    arena_reset(&tape->arena);
    tape->first = NULL;
    tape->end = &tape->first;
}

struct txn *tape_begin(struct tape *tape, enum side side, int writer, int number) {
    struct txn *txn = arena_zero(&tape->arena, 1, sizeof *txn);
    txn->side = side;
    txn->writer = writer;
    txn->number = number;
    txn->outcome = OUTCOME_ABORTED;
    *tape->end = txn;
    tape->end = &txn->next;
    return txn;
}

struct write *tape_write(struct tape *tape, struct txn *txn, enum write_kind kind, int64_t key) {
    if (txn->n_writes == txn->capacity) {
        size_t capacity = txn->capacity == 0 ? 4 : mem_mul(txn->capacity, 4);
        struct write *grown = arena_zero(&tape->arena, capacity, sizeof *grown);
        if (txn->n_writes > 0) {
            memcpy(grown, txn->writes, mem_mul(txn->n_writes, sizeof *grown));
        }
        txn->writes = grown;
        txn->capacity = capacity;
    }
    struct write *write = &txn->writes[txn->n_writes];
    *write = (struct write){.key = key, .kind = kind, .txn = txn, .number = txn->n_writes++};
    return write;
}

void txn_roll_back_to(struct txn *txn, size_t n_writes) {
    txn->n_writes = n_writes;
}

size_t txn_changes(const struct txn *txn) {
    size_t changes = 0;
    for (size_t i = 0; i < txn->n_writes; i++) {
        changes += txn->writes[i].kind != WRITE_MOVED_AWAY;
    }
    return changes;
}

/* ---- history ---- */

static int compare(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_writes(const void *a, const void *b) {
    const struct write *x = *(struct write *const *)a, *y = *(struct write *const *)b;
    int order = compare(x->key, y->key);
    order = order != 0 ? order : compare(x->txn->committed_at, y->txn->committed_at);
    order = order != 0 ? order : compare(x->txn->side, y->txn->side);
    order = order != 0 ? order : compare((int64_t)x->txn->xid, (int64_t)y->txn->xid);
    return order != 0 ? order : compare((int64_t)x->number, (int64_t)y->number);
}

static void count(struct history *history, const struct txn *txn) {
    size_t changes = txn_changes(txn);
    history->count += txn->n_writes;
    history->changes[txn->side] += changes;
    history->transactions[txn->side] += changes > 0;
}

static void gather(struct history *history, struct txn *txn) {
    for (size_t i = 0; i < txn->n_writes; i++) {
        history->writes[history->count++] = &txn->writes[i];
    }
}

void history_init(struct history *history, struct tape *const *tapes, size_t n_tapes) {
    *history = (struct history){0};
    for (size_t i = 0; i < n_tapes; i++) {
        for (struct txn *txn = tapes[i]->first; txn != NULL; txn = txn->next) {
            if (txn->outcome == OUTCOME_COMMITTED) {
                count(history, txn);
            }
        }
    }
    history->writes = mem_zero(mem_add(history->count, 1), sizeof(struct write *));
    history->count = 0;
    for (size_t i = 0; i < n_tapes; i++) {
        for (struct txn *txn = tapes[i]->first; txn != NULL; txn = txn->next) {
            if (txn->outcome == OUTCOME_COMMITTED) {
                gather(history, txn);
            }
        }
    }
    qsort(history->writes, history->count, sizeof(struct write *), compare_writes);
}

void history_fini(struct history *history) {
    free(history->writes);
}
