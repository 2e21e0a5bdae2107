/* ddl.h - what the head of an SQL statement says: what it makes, and on which table.
 *
 * Why: statements after the copy are the user's own. Which of them may run at the same
 *   time, what one that was interrupted has left behind, and how a constraint is added
 *   without a long lock depends on little more than their first words.
 * Rules: PostgreSQL's grammar (CREATE INDEX, ALTER TABLE) as far as it matters here.
 *   What is not understood is DDL_OTHER, or has no table: whoever asks does then what is
 *   right for any statement. Whether it is right at all, the server will say.
 * Names are as the catalog has them: without quotes, folded, cut to 63 bytes. Pure. */
#ifndef PGTANDEM_MODEL_DDL_H
#define PGTANDEM_MODEL_DDL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/spec.h"

enum ddl_kind {
    DDL_OTHER,
    DDL_CREATE_INDEX,
    DDL_ALTER_TABLE,
    DDL_SETTING,     /* SET, RESET: holds for the session, not for the database */
    DDL_TRANSACTION, /* BEGIN, COMMIT and their kin */
};

enum ddl_constraint {
    DDL_NO_CONSTRAINT,
    DDL_CHECK,
    DDL_FOREIGN_KEY,
    DDL_UNIQUE,
    DDL_PRIMARY_KEY,
    DDL_EXCLUDE,
};

/* What an index is over, or a constraint: SQL expressions over the table's columns. */
struct ddl_keys {
    const char **items;
    size_t count;          /* 0: it cannot be told, or means another equality than usual */
    const char *predicate; /* only of rows for which this holds; NULL: of all */
    bool nulls_not_distinct;
};

struct ddl {
    enum ddl_kind kind;
    bool concurrently;       /* whatever it is: nobody waits for its locks */
    bool transactional;      /* it can be sent together with others, as one transaction, as
                                far as is known: not VACUUM, or a DO that says COMMIT */
    struct table_name table; /* schema NULL: none is given; name NULL: it cannot be told */
    struct ddl_keys keys;    /* of an index, UNIQUE or PRIMARY KEY */

    /* CREATE INDEX */
    bool unique, if_not_exists;
    const char *index; /* NULL: none is given */
    size_t name_at;    /* where in the text it then belongs; 0: that cannot be told */

    /* ALTER TABLE */
    size_t n_actions;
    enum ddl_constraint adds; /* by its one action; of several: by none */
    bool not_valid;           /* and in these words */
    bool checks_rows;         /* some action adds a CHECK or FOREIGN KEY that holds at once */
    bool builds_index;        /* some action makes an index: UNIQUE, PRIMARY KEY, EXCLUDE */
};

/* Memory: `arena`. */
struct ddl ddl_parse(const char *text, size_t size, struct arena *arena);

#endif
