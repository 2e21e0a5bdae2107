/* statement_progress.c - see statement_progress.h. */
#include "after/statement_progress.h"

#include <string.h>

#include "after/statement_record.h"
#include "pg/blockers.h"

/* reading */

/* A session at work holds the statement's lock; one that is idle has met with trouble that
 * passes. A build that waits says for whom, one at a time; of any other session the server
 * knows who is in its way. An earlier version's table has no column `object`. */
#define KEY_OF_A STATEMENT_LOCK_KEY("a.migration", "a.file", "a.number")
static const char running_sql[] =
    "SELECT a.file, a.number, a.statement, to_jsonb(a)->>'object',"
    "       (SELECT relname FROM pg_class WHERE oid = p.index_relid),"
    "       coalesce(p.phase, z.phase, CASE WHEN s.state = 'idle' THEN 'to be tried again' END),"
    "       CASE WHEN p.current_locker_pid > 0 THEN"
    "                 coalesce((SELECT " BLOCKER_PROCESS " FROM pg_stat_activity AS a"
    "                            WHERE a.pid = p.current_locker_pid),"
    "                          'process ' || p.current_locker_pid)"
    "            ELSE coalesce(" BLOCKERS_OF(
        "l.pid") ", '') END,"
                 "       coalesce(p.blocks_done, z.sample_blks_scanned),"
                 "       coalesce(p.blocks_total, z.sample_blks_total), p.tuples_done, "
                 "p.tuples_total"
                 "  FROM pgtandem.after_copy a"
                 "  JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
                 "   AND l.database = (SELECT oid FROM pg_database WHERE datname = "
                 "current_database())"
                 "   AND " KEY_OF_A " = l.classid::bigint << 32 | l.objid::bigint"
                 "  LEFT JOIN pg_stat_activity s ON s.pid = l.pid"
                 "  LEFT JOIN pg_stat_progress_create_index p ON p.pid = l.pid"
                 "  LEFT JOIN pg_stat_progress_analyze z ON z.pid = l.pid"
                 " WHERE a.migration = $1 AND a.started_at IS NOT NULL AND a.done_at IS NULL"
                 " ORDER BY a.started_at, a.file, a.number";

static const char *field(struct arena *arena, const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column)
               ? NULL
               : arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

static int64_t count(const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column) ? -1 : result_int(r, row, column);
}

static void fill(struct statement_progress *progress, const PGresult *r, int row,
                 struct arena *arena) {
    progress->file = field(arena, r, row, 0);
    progress->number = field(arena, r, row, 1);
    progress->statement = field(arena, r, row, 2);
    const char *object = field(arena, r, row, 3);
    const char *index = field(arena, r, row, 4);
    progress->phase = field(arena, r, row, 5);
    progress->waits_for = field(arena, r, row, 6);
    struct statement_counts counts = {count(r, row, 7), count(r, row, 8), count(r, row, 9),
                                      count(r, row, 10)};
    progress->percent = statement_progress_percent(&counts);
    struct ddl ddl = ddl_parse(progress->statement, strlen(progress->statement), arena);
    if (ddl.kind == DDL_CREATE_INDEX) {
        progress->index = index != NULL ? index : ddl.index != NULL ? ddl.index : object;
    } else if (object != NULL) {
        progress->validates = object;
        progress->phase = progress->phase != NULL ? progress->phase : "validating";
    }
}

static bool read_running(struct db *db, const char *migration, struct arena *arena,
                         struct statements_progress *progress, struct err *err) {
    PGresult *r = db_query(db, err, running_sql, 1, &migration);
    if (r == NULL) {
        return false;
    }
    progress->n_running = (size_t)PQntuples(r);
    progress->running = arena_zero(arena, progress->n_running, sizeof *progress->running);
    for (int i = 0; i < PQntuples(r); i++) {
        fill(&progress->running[i], r, i, arena);
    }
    PQclear(r);
    return true;
}

static bool read_totals(struct db *db, const char *migration, struct statements_progress *progress,
                        struct err *err) {
    PGresult *r = db_query(db, err,
                           "SELECT count(*), count(done_at) FROM pgtandem.after_copy"
                           " WHERE migration = $1 AND file <> ''",
                           1, &migration);
    if (r == NULL) {
        return false;
    }
    progress->total = result_int(r, 0, 0);
    progress->done = result_int(r, 0, 1);
    PQclear(r);
    return true;
}

bool statements_progress_read(struct db *db, const char *migration, struct arena *arena,
                              struct statements_progress *progress, struct err *err) {
    memset(progress, 0, sizeof *progress);
    return (read_totals(db, migration, progress, err) &&
            read_running(db, migration, arena, progress, err)) ||
           err_context(err, "while reading how far the statements after the copy are");
}

/* telling */

double statement_progress_percent(const struct statement_counts *counts) {
    if (counts->blocks_total > 0) {
        return 100.0 * (double)counts->blocks_done / (double)counts->blocks_total;
    }
    if (counts->tuples_total > 0) {
        return 100.0 * (double)counts->tuples_done / (double)counts->tuples_total;
    }
    return -1;
}

static void add_subject(struct buf *text, const struct statement_progress *progress) {
    if (progress->index != NULL) {
        buf_add_format(text, "building %s", progress->index);
    } else if (progress->validates != NULL) {
        buf_add_format(text, "constraint %s", progress->validates);
    } else if (progress->file[0] == '\0') {
        buf_add_text(text, progress->statement);
    } else {
        buf_add_format(text, "statement %s of %s", progress->number, progress->file);
    }
}

/* "building index: scanning table" is said of an index; that of a build's waiting names
 * what it waits for, but not whom. */
static void add_phase(struct buf *text, const struct statement_progress *progress) {
    static const char prefix[] = "building index: ";
    const char *phase = progress->phase;
    bool prefixed = phase != NULL && strncmp(phase, prefix, sizeof prefix - 1) == 0;
    bool waits = progress->waits_for != NULL && progress->waits_for[0] != '\0';
    if (phase != NULL) {
        buf_add_format(text, ": %s", prefixed ? phase + sizeof prefix - 1 : phase);
    }
    if (progress->percent >= 0) {
        buf_add_format(text, ", %.0f %%", progress->percent);
    }
    if (waits) {
        bool said = phase != NULL && strncmp(phase, "waiting for", 11) == 0;
        buf_add_format(text, "%s%s%s", phase != NULL ? ", " : ": ", said ? "" : "waiting for ",
                       progress->waits_for);
    } else if (phase == NULL) {
        buf_add_text(text, ": running");
    }
}

void statement_progress_add(struct buf *text, const struct statement_progress *progress) {
    add_subject(text, progress);
    add_phase(text, progress);
}
