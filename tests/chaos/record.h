/* record.h - what the applications did: the truth that both sides are judged by.
 *
 * Each writer keeps a tape of its own transactions: per row what the statement
 * left there (RETURNING), and the transaction's id. When the writers have paused,
 * the server is asked for the outcome of commits without an answer and for the
 * time of each commit. The committed writes of all tapes, by key and in the
 * order of their commits, are the history.
 *
 * A key change is two writes: of the key that went and of the one that came.
 * Memory: of a tape's arena, until tape_reset(). A tape has one user at a time. */
#ifndef CHAOS_RECORD_H
#define CHAOS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "side.h"

enum outcome { OUTCOME_ABORTED, OUTCOME_COMMITTED, OUTCOME_UNKNOWN };

#define WRITE_KINDS(X)                                                                             \
    X(insert, WRITE_INSERT)                                                                        \
    X(update, WRITE_UPDATE)                                                                        \
    X(delete, WRITE_DELETE)                                                                        \
    X(moved_away, WRITE_MOVED_AWAY)                                                                \
    X(moved_here, WRITE_MOVED_HERE)

enum write_kind {
#define WRITE_ENUM(name, id) id,
    WRITE_KINDS(WRITE_ENUM)
#undef WRITE_ENUM
};
const char *write_kind_name(enum write_kind kind);

struct write {
    int64_t key;
    enum write_kind kind;
    bool present;       /* is there a row afterwards? */
    struct image image; /* the row as the statement left it */
    struct txn *txn;
    size_t number; /* within the transaction */
};

struct txn {
    struct txn *next;
    enum side side;
    int writer, number; /* the writer's how many-th */
    uint64_t xid;       /* 0: none, nothing was written */
    enum outcome outcome;
    int64_t committed_at; /* microseconds since 1970, by the server's record */
    int64_t gave_up_at;   /* of an unknown outcome: when the client saw the connection lost */
    struct write *writes; /* in the order of the statements */
    size_t n_writes, capacity;
};

struct tape {
    struct arena arena;
    struct txn *first, **end;
};

void tape_init(struct tape *tape);
void tape_fini(struct tape *tape);
void tape_reset(struct tape *tape);

/* A transaction begins; it counts as aborted until something else is known. */
struct txn *tape_begin(struct tape *tape, enum side side, int writer, int number);
/* Its next write; the caller fills in `present` and `image`. */
struct write *tape_write(struct tape *tape, struct txn *txn, enum write_kind kind, int64_t key);
/* Forgets all but the first `n_writes`: a savepoint was rolled back to. */
void txn_roll_back_to(struct txn *txn, size_t n_writes);
/* Row changes as logical decoding sees them: a key change is one. */
size_t txn_changes(const struct txn *txn);

struct history {
    struct write **writes; /* by key, then time, then side and place in the transaction */
    size_t count;
    size_t transactions[SIDES], changes[SIDES]; /* that were committed */
};

/* Committed writes of the tapes. What it holds is of the tapes' arenas, but for
 * the array itself. */
void history_init(struct history *history, struct tape *const *tapes, size_t n_tapes);
void history_fini(struct history *history);

#endif
