/* check_server.c - see check.h: how the server is set up, and what goes on there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command/check.h"
#include "command/format.h"
#include "command/policy.h"
#include "pg/sync_standby.h"

enum { VERSION_MIN = 150000, VERSION_TESTED_MAX = 159999 };

/* The setting's value for the caller to free, or NULL when the server does not
 * know it. */
static char *read_setting(struct check *check, const struct site *site, const char *name) {
    struct err err;
    char *value = db_text(&site->side->db, &err, "SELECT current_setting($1, true)", 1, &name);
    if (value == NULL && err.code != ERR_NONE) {
        findings_add_err(&check->findings, FINDING_error, name, &err);
    }
    return value;
}

static void check_version(struct check *check, const struct site *site) {
    char *text = read_setting(check, site, "server_version");
    char *number = read_setting(check, site, "server_version_num");
    long version = number != NULL ? strtol(number, NULL, 10) : 0;
    if (version < VERSION_MIN) {
        findings_add(&check->findings, FINDING_error, "version", "PostgreSQL %s is too old", text);
        findings_hint(&check->findings, "use version 15 or later");
    } else if (version > VERSION_TESTED_MAX) {
        findings_add(&check->findings, FINDING_warning, "version",
                     "PostgreSQL %s: pgtandem has been tested with version 15 only", text);
        findings_hint(&check->findings, "rehearse the migration on a copy of the database");
    } else {
        findings_add(&check->findings, FINDING_ok, "version", "PostgreSQL %s", text);
    }
    free(text);
    free(number);
}

/* One value is good; every other has one cure. */
static const struct wanted {
    const char *name, *value, *cure;
} wanted_settings[] = {
    {"server_encoding", "UTF8",
     "move the data to a database with ENCODING 'UTF8': decoded text comes in the database's "
     "encoding"},
    {"wal_level", "logical", "set wal_level = logical in postgresql.conf and restart the server"},
    {"in_hot_standby", "off", "name the primary server in the dsn: a standby takes no writes"},
};

static void check_wanted(struct check *check, const struct site *site,
                         const struct wanted *wanted) {
    char *value = read_setting(check, site, wanted->name);
    if (value == NULL) {
        return;
    }
    bool good = strcmp(value, wanted->value) == 0;
    findings_add(&check->findings, good ? FINDING_ok : FINDING_error, wanted->name, "%s is %s",
                 wanted->name, value);
    if (!good) {
        findings_hint(&check->findings, "%s", wanted->cure);
    }
    free(value);
}

static void check_policy(struct check *check, const struct site *site) {
    struct err err;
    err_clear(&err);
    if (!policy_is_usable_in(check->m, site->side, &err)) {
        findings_add_err(&check->findings, FINDING_error, "track_commit_timestamp", &err);
        return;
    }
    bool needed = check->m->config->conflicts.policy == POLICY_LAST_COMMIT_WINS;
    findings_add(&check->findings, FINDING_ok, "track_commit_timestamp",
                 "track_commit_timestamp is %s", needed ? "on" : "not needed");
}

static void check_synchronous_standby(struct check *check, const struct site *site) {
    struct err err;
    struct sync_standby standby;
    err_clear(&err);
    if (!sync_standby_read(&site->side->db, &standby, &err)) {
        findings_add_err(&check->findings, FINDING_error, "synchronous_standby", &err);
    } else if (sync_standby_is_absent(&standby)) {
        findings_add(&check->findings, FINDING_error, "synchronous_standby",
                     "every commit hangs, the application's and pgtandem's: it waits for %d of "
                     "synchronous_standby_names (%s), of which %d are there",
                     standby.wanted, standby.names, standby.present);
        findings_hint(&check->findings,
                      "bring the standby back, or take it out of synchronous_standby_names "
                      "and reload the server");
    } else if (standby.wanted > 0) {
        findings_add(&check->findings, FINDING_warning, "synchronous_standby",
                     "commits wait for a synchronous standby (%s), pgtandem's as well",
                     standby.names);
        findings_hint(&check->findings,
                      "see to it that the standby keeps up; when it is slow, so are both links");
    }
}

/* -1: no limit; else in megabytes */
static void check_kept_log(struct check *check, const struct site *site) {
    struct err err;
    int64_t megabytes, limit = check->m->config->limits.slot_wal;
    if (!db_int(&site->side->db, &err, &megabytes,
                "SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'", 0, NULL)) {
        findings_add_err(&check->findings, FINDING_error, "max_slot_wal_keep_size", &err);
        return;
    }
    int64_t bytes = megabytes * 1024 * 1024;
    if (megabytes < 0 || bytes >= limit) {
        findings_add(&check->findings, FINDING_ok, "max_slot_wal_keep_size",
                     "max_slot_wal_keep_size is %s, limits.slot_wal %s",
                     megabytes < 0 ? "unlimited" : format_bytes(bytes).text,
                     format_bytes(limit).text);
        return;
    }
    findings_add(&check->findings, FINDING_warning, "max_slot_wal_keep_size",
                 "the server drops log that a slot needs beyond %s, before limits.slot_wal (%s) "
                 "is reached: the slot would be lost",
                 format_bytes(bytes).text, format_bytes(limit).text);
    findings_hint(
        &check->findings,
        "raise max_slot_wal_keep_size to more than limits.slot_wal and reload the server");
}

/* A new slot waits for every transaction that has an xid, prepared ones too. */
static void check_transactions(struct check *check, const struct site *site) {
    struct err err;
    char *found = db_text(
        &site->side->db, &err,
        "SELECT string_agg(who, ', ') FROM ("
        "    SELECT 'pid ' || pid AS who FROM pg_stat_activity"
        "     WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
        "       AND xact_start < clock_timestamp() - interval '5 s'"
        "    UNION ALL"
        "    SELECT 'prepared transaction ' || quote_literal(gid) FROM pg_prepared_xacts) AS open",
        0, NULL);
    if (found != NULL) {
        findings_add(&check->findings, FINDING_warning, "transactions",
                     "setup would wait for transactions that have been open for long: %s", found);
        findings_hint(&check->findings,
                      "end them, or wait: a slot can be created when they are over");
    } else if (err.code != ERR_NONE) {
        findings_add_err(&check->findings, FINDING_error, "transactions", &err);
    } else {
        findings_add(&check->findings, FINDING_ok, "transactions",
                     "no transaction has been open for long");
    }
    free(found);
}

void check_server(struct check *check, const struct site *site) {
    check_version(check, site);
    for (size_t i = 0; i < sizeof wanted_settings / sizeof *wanted_settings; i++) {
        check_wanted(check, site, &wanted_settings[i]);
    }
    check_policy(check, site);
    check_synchronous_standby(check, site);
    check_kept_log(check, site);
    check_transactions(check, site);
}
