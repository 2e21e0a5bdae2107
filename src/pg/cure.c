/* cure.c - see cure.h. */
#include "pg/cure.h"

#include <stddef.h>
#include <string.h>

/* A role whose replication connection stands has the REPLICATION attribute already. */
static const char library[] =
    "add wal2json to output_plugin_libraries in postgresql.conf "
    "(output_plugin_libraries = 'pgoutput, test_decoding, wal2json') and reload the server";

static const char too_large[] =
    "the server could not decode a change: if memory is not short there, a row of the configured "
    "tables takes more than 1 GB as text, which no retry mends: make it smaller, run teardown "
    "--all and begin again";

static const struct cure {
    enum cure_topic topic;
    const char *sqlstate, *hint;
} cures[] = {
    {CURE_SLOT, "42501", library},
    {CURE_SLOT, "58P01",
     "install wal2json on the database server (Debian: postgresql-15-wal2json)"},
    {CURE_SLOT, "55000", "set wal_level = logical in postgresql.conf and restart the server"},
    {CURE_SLOT, "53400", "raise max_replication_slots and restart the server"},
    {CURE_STREAM, "42501", library},
    {CURE_STREAM, "58P01",
     "install wal2json on the database server (Debian: postgresql-15-wal2json)"},
    {CURE_STREAM, "55000",
     "the server dropped log that the slot needed (max_slot_wal_keep_size): run teardown --all, "
     "empty the new table and begin again with a new backfill"},
    {CURE_STREAM, "55006",
     "another client is using the slot, or an earlier one is still ending: end it, or wait"},
    {CURE_STREAM, "42704", "the slot is gone; run teardown --all and begin again"},
    {CURE_STREAM, "53200", too_large},
    {CURE_STREAM, "XX000", too_large},
    {CURE_STREAM, "54000", too_large},
    {CURE_DROP, "42501",
     "the role needs the REPLICATION attribute, and EXECUTE on pg_drop_replication_slot(name)"},
    {CURE_DROP, "55006",
     "another client is using the slot, or an earlier one is still ending: end it, or wait"},
    {CURE_ORIGIN, "42501",
     "grant the role EXECUTE on the pg_replication_origin_* functions; the guide lists the grants"},
    {CURE_ORIGIN, "53400",
     "raise max_replication_slots (from version 18: max_active_replication_origins) and restart "
     "the server"},
    {CURE_ORIGIN, "55006",
     "another session is using the origin, or an earlier one is still ending: end it, or wait"},
    {CURE_ORIGIN, "42704", "the origin is gone: run setup"},
    {CURE_ANY, "42501", "grant the role what it lacks; the guide lists the grants it needs"},
    {CURE_ANY, "53100",
     "make room on the database server's disk; pgtandem goes on when there is some"},
    {CURE_ANY, "53200",
     "the server's process ran out of memory: see its log, and lower work_mem, max_connections or "
     "what else fills the machine"},
    {CURE_ANY, "53300", "raise max_connections or max_wal_senders, or close other connections"},
    {CURE_ANY, "57P03", "the server is starting up or shutting down; try again when it is up"},
};

bool cure_add(struct err *err, enum cure_topic topic) {
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++) {
        if (cures[i].topic == topic && strcmp(cures[i].sqlstate, err->sqlstate) == 0) {
            return err_hint(err, "%s", cures[i].hint);
        }
    }
    return false;
}
