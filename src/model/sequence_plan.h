/* sequence_plan.h - will two tables give away one number twice, and what is to be
 * done about it?
 *
 * Why: from live on applications insert on both sides. Where a column of the key
 *   is drawn from two sequences, each insert takes a number that the other side
 *   has given to another row, and one of the two rows is lost.
 * How: in one database the new table draws from the old one's sequence. In two
 *   databases both count by twice the larger of their increments, M: the old one in
 *   multiples of M, the new one half of M beside them. These places are fixed, so that
 *   each statement is right at whatever moment it is run and in whatever order, that what
 *   has been done already is known again, and that tables which share a sequence agree.
 * The new sequence also starts beyond all that either side has given away, which the last
 *   value of the old one tells even where sessions have numbers in store (CACHE): ALTER
 *   SEQUENCE waits for transactions that have drawn from it, what sessions have in store
 *   is void from then on, and was counted in the last value.
 * Applications may take an increment of 50 as 50 numbers at a time, around the one that
 *   they are given. So the distance is half of M and not one, and where M is more than two
 *   a step is left out at the start: such lots do not overlap.
 * START follows, or TRUNCATE ... RESTART IDENTITY would put a sequence into the other's
 *   place.
 * Statements that set a sequence up are of one transaction: the ALTER holds off everybody
 *   until the new position is set, which depends on the last value.
 * Pure. Not here: reading the facts (pg/sequences.h), running the statements
 *   (command/sequences.h).
 * Memory: statements are in the caller's arena. */
#ifndef PGTANDEM_MODEL_SEQUENCE_PLAN_H
#define PGTANDEM_MODEL_SEQUENCE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum sequence_side { SEQUENCE_OLD, SEQUENCE_NEW };

struct sequence {
    uint32_t oid;        /* 0: there is none, and nothing else counts */
    const char *name;    /* with its schema, quoted where need be */
    const char *literal; /* the name as an SQL literal, for nextval() */
    int64_t increment, min, max, start;
    bool caches, cycles;
    bool may_read, may_alter, may_set; /* the role that asked */
    int64_t last_value;                /* these two only where it may read */
    bool is_called;                    /* last_value was given away */
};

/* A column of one side, and the sequence that its default draws from. */
struct drawn_column {
    struct sequence sequence;
    const char *table, *column; /* quoted */
    bool is_identity;
    bool is_number;             /* an integer or a numeric */
    bool is_plain;              /* a number, and drawn by nextval() alone, if it is drawn */
    bool may_alter_table;       /* the role that asked */
    int64_t fits_min, fits_max; /* what the column's type holds */
    bool has_values;            /* there are rows, and they were looked at; then: */
    int64_t least, greatest;
};

struct sequence_facts {
    bool same_database;
    bool is_unique; /* of the key, or of a unique index: one number cannot be there twice */
    bool is_taken;  /* a row of either side has a number that the new sequence will give away */
    struct drawn_column sides[2]; /* by enum sequence_side */
};

#define SEQUENCE_VERDICTS(X)                                                                       \
    X(none)     /* no side draws the column from a sequence */                                     \
    X(shared)   /* both draw from one */                                                           \
    X(apart)    /* from two that never meet */                                                     \
    X(old_only) /* one side draws; all is well as long as the other brings its own numbers */      \
    X(new_only)                                                                                    \
    X(share)      /* the new table is to draw from the old one's */                                \
    X(interleave) /* both are to count beside each other */                                        \
    X(cycles)     /* cannot be: one of them starts over */                                         \
    X(full)       /* cannot be: too few numbers are left */                                        \
    X(hidden)     /* the role may not see where they stand */                                      \
    X(odd)        /* the default is more than nextval(), so nobody knows */                        \
    X(harmless)   /* they meet, and the column is not unique */

enum sequence_verdict {
#define SEQUENCE_VERDICT_ENUM(name) SEQUENCE_##name,
    SEQUENCE_VERDICTS(SEQUENCE_VERDICT_ENUM)
#undef SEQUENCE_VERDICT_ENUM
};
const char *sequence_verdict_name(enum sequence_verdict verdict);

/* Statements that belong in one transaction. */
struct sequence_step {
    enum sequence_side side; /* the database to run them in */
    const char *object;      /* what they change, and lock */
    const char *sql;         /* without a semicolon at the end */
    bool is_several;         /* more than one statement */
    bool may;                /* the role that asked may run them */
};
/* For people: with what makes one transaction of several. */
const char *sequence_step_text(const struct sequence_step *step, struct arena *arena);

struct sequence_plan {
    enum sequence_verdict verdict;
    bool collides; /* as it is now, or nobody can tell */
    struct sequence_step steps[2];
    size_t n_steps; /* of share and interleave */
    /* Moves the new sequence beyond what either side has given away; sql is NULL where
     * it is there already. For when the rows are there, before anybody else draws. */
    struct sequence_step advance;
};

/* So many numbers have to be left for a sequence to be made to count in larger steps. */
enum { SEQUENCE_ROOM = 1000 };

void sequence_plan_make(const struct sequence_facts *facts, struct arena *arena,
                        struct sequence_plan *plan);

/* What it gives away next; false: it has come to its end. */
bool sequence_find_next(const struct sequence *sequence, int64_t *next);

/* Does it count in that side's place already? */
bool sequence_is_placed(const struct sequence *sequence, enum sequence_side side);

/* How it counts in single steps again, when the other side is gone. The table has the
 * other side's numbers as well, so it goes on beyond them. */
struct sequence_step sequence_put_back(const struct drawn_column *column, enum sequence_side side,
                                       struct arena *arena);

#endif
