/* slot.h - replication slots and origins of a migration.
 *
 * Slots live in the source's database, origins in the server that is written
 * to. Rules (experiments): filter-origins takes numeric ids, which are reused
 * after a drop, so they are looked up at every start; creating a logical slot
 * waits for every transaction then in progress; an exported snapshot lives
 * until the next command of the connection that created the slot. */
#ifndef PGTANDEM_PG_SLOT_H
#define PGTANDEM_PG_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/lsn.h"
#include "pg/migration.h"

struct slot_info {
    bool exists;
    bool is_ours; /* logical, wal2json, of this database */
    bool lost;    /* wal_status = lost: the server dropped log it needed */
    bool active;
    int active_pid;
    lsn_t confirmed_flush;
    lsn_t server_lsn;    /* pg_current_wal_lsn() at the same time */
    char wal_status[16]; /* the server's word: reserved, extended, unreserved, lost */
    bool has_restart;    /* false once it is lost */
    int64_t retained;    /* log that the server keeps for it, in bytes */
    bool is_limited;     /* max_slot_wal_keep_size is set, and it is not lost */
    int64_t safe;        /* log that can be written until it may be lost, in bytes */
};

bool slot_read(struct migration *m, enum direction direction, struct slot_info *info,
               struct err *err) __attribute__((warn_unused_result));

/* The same on another connection to the source's database. */
bool slot_read_on(struct db *db, const char *slot, struct slot_info *info, struct err *err)
    __attribute__((warn_unused_result));

/* Creates the slot on `replication`, an open SESSION_REPLICATION of the
 * source. With `snapshot` (SLOT_SNAPSHOT_SIZE bytes) it exports one, valid
 * until the connection's next command. Logs who it waits for; *consistent is
 * where the slot begins. */
enum { SLOT_SNAPSHOT_SIZE = 64 };
bool slot_create(struct migration *m, enum direction direction, struct db *replication,
                 char *snapshot, lsn_t *consistent, struct err *err)
    __attribute__((warn_unused_result));

/* Drops it if it is there; a client that is still ending gets some seconds. */
bool slot_drop(struct migration *m, enum direction direction, bool *dropped, struct err *err)
    __attribute__((warn_unused_result));

/* The same for any slot in a side's database, and any origin in its server. */
bool slot_drop_named(struct side *side, const char *name, bool *dropped, struct err *err)
    __attribute__((warn_unused_result));
bool origin_drop_named(struct side *side, const char *name, bool *dropped, struct err *err)
    __attribute__((warn_unused_result));

/* Creates the origins that are missing: each link's, and its mends', in the
 * server that it writes to; the copy's in the new database's. */
bool origins_create(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* The numeric ids, in `side`'s server, of all this migration's origins: what a
 * slot of that side must filter. Sorted; in `arena`. */
struct origin_ids {
    uint32_t *ids;
    size_t count;
};
bool origins_read(struct migration *m, struct side *side, struct arena *arena,
                  struct origin_ids *ids, struct err *err) __attribute__((warn_unused_result));
bool origins_read_on(struct db *db, const char *migration, struct arena *arena,
                     struct origin_ids *ids, struct err *err) __attribute__((warn_unused_result));

#endif
