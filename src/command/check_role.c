/* check_role.c - see check.h: what the role that connects may do, apart from
 * the tables themselves. */
#include <stdlib.h>

#include "command/check.h"

static void check_attribute(struct check *check, const struct site *site) {
    struct err err;
    bool may;
    char *role = db_text(&site->side->db, &err, "SELECT current_user", 0, NULL);
    if (role == NULL || !db_bool(&site->side->db, &err, &may,
                                 "SELECT rolreplication OR rolsuper FROM pg_roles"
                                 " WHERE rolname = current_user",
                                 0, NULL)) {
        findings_add_err(&check->findings, FINDING_error, "replication_role", &err);
    } else if (may) {
        findings_add(&check->findings, FINDING_ok, "replication_role",
                     "role \"%s\" may use replication", role);
    } else {
        findings_add(&check->findings, FINDING_error, "replication_role",
                     "role \"%s\" has no REPLICATION attribute", role);
        findings_hint(&check->findings, "ALTER ROLE \"%s\" REPLICATION", role);
    }
    free(role);
}

/* Denied to everybody but superusers unless granted. */
static const char *const origin_functions_sql =
    "SELECT string_agg(f::regprocedure::text, ', ') FROM unnest(ARRAY["
    "    'pg_replication_origin_create(text)',"
    "    'pg_replication_origin_drop(text)',"
    "    'pg_replication_origin_progress(text, boolean)',"
    "    'pg_replication_origin_session_setup(text)',"
    "    'pg_replication_origin_session_reset()',"
    "    'pg_replication_origin_xact_setup(pg_lsn, timestamp with time zone)',"
    "    'pg_replication_origin_xact_reset()']) AS f"
    " WHERE NOT has_function_privilege(f, 'EXECUTE')";

static void check_origin_functions(struct check *check, const struct site *site) {
    struct err err;
    char *denied = db_text(&site->side->db, &err, origin_functions_sql, 0, NULL);
    if (denied != NULL) {
        findings_add(&check->findings, FINDING_error, "origin_functions",
                     "the role may not execute functions of replication origins: %s", denied);
        findings_hint(&check->findings, "GRANT EXECUTE ON FUNCTION %s TO the role", denied);
    } else if (err.code != ERR_NONE) {
        findings_add_err(&check->findings, FINDING_error, "origin_functions", &err);
    } else {
        findings_add(&check->findings, FINDING_ok, "origin_functions",
                     "replication origins can be used");
    }
    free(denied);
}

/* In the order of preference: use what is there, or make it. */
static const char *const state_schema_sql =
    "SELECT CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')"
    "            WHEN $1::bool THEN has_schema_privilege(n.oid, 'USAGE') AND"
    "                 (SELECT bool_and(has_table_privilege(c.oid, 'SELECT') AND"
    "                                  has_table_privilege(c.oid, 'INSERT') AND"
    "                                  has_table_privilege(c.oid, 'UPDATE') AND"
    "                                  has_table_privilege(c.oid, 'DELETE'))"
    "                    FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r')"
    "            ELSE has_schema_privilege(n.oid, 'USAGE') AND"
    "                 has_schema_privilege(n.oid, 'CREATE') END"
    "  FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = 'pgtandem'";

/* Only who owns a table can bring it up to date. */
static const char *const outdated_sql =
    "SELECT NOT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class"
    " WHERE relnamespace = to_regnamespace('pgtandem') AND relkind = 'r'";

static void check_age_of_schema(struct check *check, struct db *db) {
    struct err err;
    bool current, outdated = false;
    if (!state_schema_is_current(db, &current, &err) ||
        (!current && !db_bool(db, &err, &outdated, outdated_sql, 0, NULL))) {
        findings_add_err(&check->findings, FINDING_error, "state_schema", &err);
    } else if (outdated) {
        findings_add(&check->findings, FINDING_error, "state_schema",
                     "an earlier version has made the tables of the schema pgtandem, and the role "
                     "does not own them");
        findings_hint(&check->findings, "let their owner run sql/state.sql, or setup");
    }
}

static void check_state_schema(struct check *check, const struct site *site) {
    struct err err;
    bool exists, may;
    struct db *db = &site->side->db;
    if (!state_schema_exists(db, &exists, &err) ||
        !db_bool(db, &err, &may, state_schema_sql, 1, (const char *const[]){exists ? "t" : "f"})) {
        findings_add_err(&check->findings, FINDING_error, "state_schema", &err);
    } else if (may) {
        findings_add(&check->findings, FINDING_ok, "state_schema", "the schema pgtandem can be %s",
                     exists ? "used" : "created");
        if (exists) {
            check_age_of_schema(check, db);
        }
    } else {
        findings_add(&check->findings, FINDING_error, "state_schema",
                     "the role can neither use nor create the schema pgtandem");
        findings_hint(&check->findings,
                      "GRANT CREATE ON DATABASE ... TO the role, or create the schema from "
                      "sql/state.sql and grant it all privileges on the schema and its tables");
    }
}

void check_role(struct check *check, const struct site *site) {
    check_attribute(check, site);
    check_origin_functions(check, site);
    check_state_schema(check, site);
}
