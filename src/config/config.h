/* config.h - what a person configured: one migration.
 *
 * Read from a YAML file and checked strictly; docs/configuration.md describes
 * every key. What needs no database is checked here; the rest when the
 * catalogs are known (model/mapping.h).
 *
 * Memory: everything belongs to the configuration until config_free(). */
#ifndef PGTANDEM_CONFIG_CONFIG_H
#define PGTANDEM_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/timestamp.h"
#include "model/spec.h"

/* A file that the configuration names, as written; see config_resolve_path(). */
struct config_file {
    const char *path;
    int line;
};

enum snapshot_mode { SNAPSHOT_EXPORTED, SNAPSHOT_CHUNKED };

struct config_backfill {
    int64_t jobs;
    int64_t chunk_rows;          /* of the first chunks */
    usec_t chunk_time;           /* what chunks are made to take; 0: chunk_rows always */
    int64_t max_rows_per_second; /* 0: no limit */
    usec_t warm_up;              /* until full speed */
    enum snapshot_mode snapshot;
    double max_parked;              /* part of all rows, 0 to 1 */
    struct config_file *after_copy; /* SQL files, in this order */
    size_t n_after_copy;
    int64_t index_jobs; /* statements at a time */
};

struct config_stream {
    int64_t batch_rows;
    bool truncate; /* apply a TRUNCATE; else it stops the link */
};

enum conflict_policy { POLICY_LAST_COMMIT_WINS, POLICY_VERSION_COLUMN };
enum on_row_error { ROW_ERROR_PARK, ROW_ERROR_STOP };

struct config_conflicts {
    enum conflict_policy policy;
    const char *version_column; /* never NULL with POLICY_VERSION_COLUMN, else of no use */
    enum on_row_error on_row_error;
    int64_t max_per_minute;      /* of each link; more stop it. 0: no limit */
    int64_t max_parked_in_a_row; /* of each link and worker, for one SQLSTATE; more stop it. 0: no
                                    limit */
};

struct config_verify {
    int64_t sample;      /* rows */
    double min_accuracy; /* 0 to 1 */
};

/* A number that somebody else measures. */
struct config_query {
    const char *sql; /* NULL: none */
    double max;
    bool on_new; /* asked on the new side; else on the old */
};

/* What keeps the two sides from giving away one number twice; see docs/configuration.md. */
enum sequence_handling { SEQUENCES_MANAGE, SEQUENCES_LEAVE };

struct config_limits {
    usec_t replica_lag; /* 0: no limit */
    usec_t lock_timeout;
    int64_t active_sessions; /* 0: no limit */
    int64_t slot_wal;        /* bytes */
    struct config_query query;
};

struct config {
    const char *path;      /* of the file, as it was given */
    const char *directory; /* the file's folder */
    const char *migration;
    const char *old_dsn, *new_dsn; /* may hold passwords: never print them */
    const char *new_ddl;           /* NULL: none */
    struct table_spec *tables;
    size_t n_tables;
    struct config_backfill backfill;
    struct config_stream stream;
    struct config_conflicts conflicts;
    struct config_verify verify;
    struct config_limits limits;
    enum sequence_handling sequences;
    struct arena arena;
};

/* Reads and checks a file. NULL with ERR_USAGE: the message names file and
 * line, the hint says what was expected. */
struct config *config_load(const char *path, struct err *err) __attribute__((warn_unused_result));
/* The same from memory; `path` is only named. */
struct config *config_parse(const char *path, const char *text, size_t size, struct err *err)
    __attribute__((warn_unused_result));
void config_free(struct config *config);

/* Where a path in the configuration leads: an absolute one to itself, any other
 * into the configuration's folder if it exists there, else into the current
 * one. Memory: the configuration's. */
const char *config_resolve_path(struct config *config, const char *path);

#endif
