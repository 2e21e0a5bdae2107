/* sqlsplit.h - an SQL file as single statements.
 *
 * Why: CREATE INDEX CONCURRENTLY must be sent by itself, outside a transaction.
 * Rules: those of sqltoken.h. What is not closed lasts to the file's end; the
 *   server says so better than a message from here could.
 * Not here: semicolons within BEGIN ATOMIC bodies, psql's commands. */
#ifndef PGTANDEM_MODEL_SQLSPLIT_H
#define PGTANDEM_MODEL_SQLSPLIT_H

#include <stddef.h>

#include "base/arena.h"

struct sql_statement {
    const char *text; /* from its first word to its last, without the semicolon */
    size_t size;      /* bytes; there is a NUL behind them */
    int line;         /* of its first word, from 1 */
};

struct sql_statements {
    struct sql_statement *items;
    size_t count;
};

/* Statements that are empty or only comments are left out. Memory: `arena`. */
struct sql_statements sqlsplit(const char *text, size_t size, struct arena *arena);

#endif
