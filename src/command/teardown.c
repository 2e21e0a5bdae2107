/* teardown.c - `pgtandem teardown`: takes away what pgtandem put into servers.
 *
 * Slots, origins and state rows; nothing else, and never a table or a sequence of
 * the application. Whatever cannot be removed, or reached, is named, and the rest
 * is removed all the same, so that the command can be repeated until nothing
 * is left. The migration's lock is held meanwhile: no service starts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "pg/migration.h"
#include "pg/sequences.h"
#include "pg/slot.h"
#include "pg/state.h"

struct teardown {
    struct migration m;
    size_t removed, left;
    bool refused; /* something is left until a person has acted */
};

/* One line of the report: "removed    slot "x" in the old database" */
static void report(const char *outcome, const char *what, const char *name,
                   const struct side *side) {
    if (name[0] != '\0') {
        printf("%-10s %s \"%s\" in %s\n", outcome, what, name, side->label);
    } else {
        printf("%-10s %s in %s\n", outcome, what, side->label);
    }
}

static void report_left(struct teardown *t, const char *what, const char *name,
                        const struct side *side, const struct err *err) {
    t->left++;
    report("left", what, name, side);
    if (err != NULL) {
        t->refused |= err->code == ERR_NOT_READY;
        command_fail(err);
    }
}

typedef bool drop_fn(struct side *side, const char *name, bool *dropped, struct err *err);

static void drop(struct teardown *t, struct side *side, drop_fn *function, const char *what,
                 const char *name) {
    struct err err;
    err_clear(&err);
    bool dropped;
    if (!session_is_open(&side->db.session)) {
        report_left(t, what, name, side, NULL);
    } else if (!function(side, name, &dropped, &err)) {
        report_left(t, what, name, side, &err);
    } else {
        t->removed += dropped;
        report(dropped ? "removed" : "not there", what, name, side);
    }
}

/* A link's slot is where it reads, its origins where it writes. */
static void remove_link(struct teardown *t, enum direction direction) {
    drop(t, migration_source(&t->m, direction), slot_drop_named, "slot",
         migration_slot(&t->m, direction).text);
    drop(t, migration_target(&t->m, direction), origin_drop_named, "origin",
         migration_origin(&t->m, direction).text);
    drop(t, migration_target(&t->m, direction), origin_drop_named, "origin",
         migration_mend_origin(&t->m, direction).text);
}

/* What bears this migration's name, wherever it came from. The names are
 * matched whole: "users" must not find what "users_split" has. */
static void remove_strays(struct teardown *t, struct side *side, drop_fn *function,
                          const char *what, const char *sql) {
    if (!session_is_open(&side->db.session)) {
        return; /* what should be there was named already */
    }
    struct err err;
    err_clear(&err);
    struct name_pattern pattern = migration_name_pattern(t->m.config->migration);
    PGresult *r = db_query(&side->db, &err, sql, 1, (const char *const[]){pattern.text});
    if (r == NULL) {
        report_left(t, what, pattern.text, side, &err);
        return;
    }
    for (int i = 0; i < PQntuples(r); i++) {
        drop(t, side, function, what, PQgetvalue(r, i, 0));
    }
    PQclear(r);
}

static void remove_all_strays(struct teardown *t, struct side *side) {
    remove_strays(t, side, slot_drop_named, "slot",
                  "SELECT slot_name FROM pg_replication_slots"
                  " WHERE slot_name ~ $1 AND database = current_database() ORDER BY 1");
    remove_strays(t, side, origin_drop_named, "origin",
                  "SELECT roname FROM pg_replication_origin WHERE roname ~ $1 ORDER BY 1");
}

static void remove_state(struct teardown *t, struct side *side) {
    struct err err;
    err_clear(&err);
    enum state_removal removal;
    if (!session_is_open(&side->db.session)) {
        report_left(t, "state", "", side, NULL);
    } else if (!state_remove(&t->m, side, &removal, &err)) {
        report_left(t, "state", "", side, &err);
    } else {
        t->removed += removal != STATE_WAS_NOT_THERE;
        report(removal == STATE_WAS_NOT_THERE ? "not there" : "removed",
               removal == STATE_SCHEMA_REMOVED ? "state and schema pgtandem" : "state", "", side);
    }
}

/* The application's sequences are its own: left as they are, and told of. */
static void tell_sequence(const struct drawn_column *column, enum sequence_side side,
                          const char *label, struct arena *arena) {
    const struct sequence *s = &column->sequence;
    if (!column->is_plain || !s->may_read || !sequence_is_placed(s, side)) {
        return;
    }
    struct sequence_step back = sequence_put_back(column, side, arena);
    printf("%-10s sequence %s in %s counts by %" PRId64 "; to put it back, run there: %s\n", "note",
           s->name, label, s->increment, sequence_step_text(&back, arena));
}

static void tell_sequences(struct teardown *t, struct side *db_side, enum sequence_side side) {
    struct arena arena;
    struct err err;
    err_clear(&err);
    arena_init(&arena);
    const struct config *config = t->m.config;
    for (size_t i = 0; session_is_open(&db_side->db.session) && i < config->n_tables; i++) {
        const struct table_spec *spec = &config->tables[i];
        struct drawn_columns list;
        if (!sequences_read_table(&db_side->db,
                                  side == SEQUENCE_OLD ? &spec->old_table : &spec->new_table,
                                  &arena, &list, &err)) {
            command_fail(&err); /* nothing that is to be removed depends on it */
            break;
        }
        for (size_t k = 0; k < list.count; k++) {
            tell_sequence(&list.items[k], side, db_side->label, &arena);
        }
    }
    arena_fini(&arena);
}

static void remove_everything(struct teardown *t) {
    remove_link(t, FORWARD);
    remove_link(t, REVERSE);
    remove_all_strays(t, &t->m.old_side);
    remove_all_strays(t, &t->m.new_side);
    remove_state(t, &t->m.new_side);
    if (!t->m.same_database) {
        remove_state(t, &t->m.old_side);
        tell_sequences(t, &t->m.old_side, SEQUENCE_OLD);
        tell_sequences(t, &t->m.new_side, SEQUENCE_NEW);
    }
}

/* A side that cannot be reached is told once; what it holds is left. */
static bool reach(struct teardown *t, struct side *side) {
    struct err err;
    err_clear(&err);
    if (!migration_connect_side(&t->m, side, &err)) {
        command_fail(&err);
        return false;
    }
    return true;
}

/* The lock is in the new database; where that cannot be reached, a service that is at work
 * all the same is known by the sign of life that it gives in the old one. */
static bool refuse_presence(struct teardown *t, struct err *err) {
    bool seen;
    if (!state_sees_presence(&t->m, &seen, err) || !seen) {
        return err->code == ERR_NONE;
    }
    err_set(err, ERR_FAILED, "a pgtandem is at work on the migration \"%s\", seen in %s",
            t->m.config->migration, t->m.old_side.label);
    return err_hint(err, "stop it first (SIGTERM)");
}

/* False when a service is at work. */
static bool reach_both(struct teardown *t, struct err *err) {
    bool old_reached = reach(t, &t->m.old_side), new_reached = reach(t, &t->m.new_side);
    return (!new_reached || state_lock(&t->m, err)) &&
           (!old_reached || new_reached || refuse_presence(t, err));
}

static int remove_chosen(struct teardown *t, const struct options *options) {
    if (options_has(options, "all")) {
        remove_everything(t);
    } else {
        if (options_has(options, "forward")) {
            remove_link(t, FORWARD);
        }
        if (options_has(options, "reverse")) {
            remove_link(t, REVERSE);
        }
    }
    if (t->left == 0) {
        return 0;
    }
    struct err err;
    err_set(&err, t->refused ? ERR_NOT_READY : ERR_FAILED,
            "%zu of the things to remove are left; they are listed above", t->left);
    err_hint(&err, "mend what is in the way and run teardown again");
    return command_fail(&err);
}

int command_teardown(struct invocation *invocation) {
    const struct options *options = invocation->options;
    struct err err;
    err_clear(&err);
    if (!options_has(options, "forward") && !options_has(options, "reverse") &&
        !options_has(options, "all")) {
        err_set(&err, ERR_USAGE, "teardown wants --forward, --reverse or --all");
        return command_misuse(invocation->command, &err);
    }
    struct teardown t = {0};
    migration_init(&t.m, invocation->config, invocation->loop);
    int status = reach_both(&t, &err) ? remove_chosen(&t, options) : command_fail(&err);
    migration_fini(&t.m);
    return status;
}
