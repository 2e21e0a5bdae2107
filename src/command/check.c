/* check.c - `pgtandem check`: the preflight. It reaches both databases, has the
 * parts look at everything, and prints what they found. Nothing is changed: a
 * temporary slot, dropped at once, is all that it makes. */
#include "command/check.h"

#include <string.h>

#include "command/command.h"

static void reach(struct check *check, struct side *side, const char *where) {
    struct err err;
    err_clear(&err);
    check->findings.where = where;
    if (!migration_connect_side(check->m, side, &err)) {
        findings_add_err(&check->findings, FINDING_error, "connection", &err);
    }
}

static struct site *add_site(struct check *check, struct side *side, const char *where) {
    struct site *site = &check->sites[check->n_sites++];
    memset(site, 0, sizeof *site);
    site->side = side;
    site->where = where;
    site->is_reached = session_is_open(&side->db.session);
    site->counts_server = true;
    return site;
}

static void add_roles(struct site *site, bool is_old, bool is_new) {
    site->is_source[FORWARD] = site->is_target[REVERSE] = is_old;
    site->is_source[REVERSE] = site->is_target[FORWARD] = is_new;
}

/* One database is one site only where both sides come to it in the same way:
 * with two roles there are two lists of privileges. */
static void find_sites(struct check *check) {
    struct migration *m = check->m;
    if (m->same_database && strcmp(m->old_side.dsn, m->new_side.dsn) == 0) {
        struct site *both = add_site(check, &m->old_side, "database");
        add_roles(both, true, true);
        both->is_one_server = true;
        return;
    }
    struct site *old_site = add_site(check, &m->old_side, "old database");
    struct site *new_site = add_site(check, &m->new_side, "new database");
    add_roles(old_site, true, false);
    add_roles(new_site, false, true);
    if (old_site->is_reached && new_site->is_reached &&
        m->old_side.identity.system_identifier == m->new_side.identity.system_identifier) {
        old_site->is_one_server = true;
        new_site->counts_server = false;
    }
}

static void read_state(struct check *check) {
    struct err err;
    err_clear(&err);
    /* of a schema that is refused the look at the role tells */
    if (!state_read(check->m, &check->state, &err) && err.code != ERR_NOT_READY) {
        findings_add_err(&check->findings, FINDING_error, "state", &err);
    }
}

static void look_at_everything(struct check *check) {
    struct migration *m = check->m;
    reach(check, &m->old_side, "old database");
    reach(check, &m->new_side, "new database");
    find_sites(check);
    if (session_is_open(&m->new_side.db.session)) {
        check->findings.where = check->sites[check->n_sites - 1].where;
        read_state(check);
    }
    for (size_t i = 0; i < check->n_sites; i++) {
        const struct site *site = &check->sites[i];
        if (site->is_reached) {
            check->findings.where = site->where;
            check_server(check, site);
            check_role(check, site);
            check_replication(check, site);
            check_sessions(check, site);
            check_visibility(check, site);
        }
    }
    if (session_is_open(&m->old_side.db.session) && session_is_open(&m->new_side.db.session)) {
        if (check->n_sites > 1 && !check->sites[0].is_one_server) {
            check->findings.where = "databases";
            check_clocks(check);
        }
        check->findings.where = "tables";
        check_tables(check);
        check_query(check);
        check_log_of_copy(check);
    }
}

int command_check(struct invocation *invocation) {
    struct migration m;
    struct check check = {.m = &m};
    migration_init(&m, invocation->config, invocation->loop);
    findings_init(&check.findings);
    look_at_everything(&check);
    if (options_has(invocation->options, "json")) {
        findings_print_json(&check.findings);
    } else {
        findings_print(&check.findings);
    }
    int status = findings_count(&check.findings, FINDING_error) > 0 ? ERR_NOT_READY : 0;
    findings_fini(&check.findings);
    migration_fini(&m);
    return status;
}
