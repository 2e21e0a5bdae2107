/* commands.c - the table of commands: names, options, and what --help says. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/suggest.h"
#include "command/command.h"

enum { COMMANDS_MAX = 32, NAME_MAX_SIZE = 64 };

const struct option common_options[] = {
    {"config", "FILE", "the configuration (else $PGTANDEM_CONFIG, else pgtandem.yaml)"},
    {"log-level", "LEVEL", "error, warning, info or debug (else info)"},
    {"help", NULL, "this text"},
    {0},
};

const struct option program_options[] = {
    {"version", NULL, "the version"},
    {0},
};

static const struct option no_options[] = {{0}};

static const struct option check_options[] = {{"json", NULL, "print JSON"}, {0}};

static const struct option run_options[] = {
    {"once", NULL, "apply what both sides have committed by now, mend what crossed, then end"},
    {"no-backfill", NULL, "copy nothing: the new table already holds what it should"},
    {0},
};

static const struct option status_options[] = {
    {"json", NULL, "print JSON"},
    {"watch", NULL, "show it again every second, until a signal"},
    {"values", NULL, "show what a link's last error says of a row's key and values, too"},
    {0},
};

static const struct option verify_options[] = {
    {"sample", "N", "compare N random rows (else verify.sample of the configuration)"},
    {"full", NULL, "compare all rows"},
    {"repair", NULL, "mend what differs, then compare it again"},
    {"values", NULL, "show keys that are not mere numbers, too"},
    {"json", NULL, "print JSON"},
    {0},
};

static const struct option conflicts_list_options[] = {
    {"all", NULL, "those that are settled, too"},
    {"limit", "N", "the latest N of each kind (else 100)"},
    {"values", NULL, "show values of rows and what servers said of them, and all keys"},
    {"json", NULL, "print JSON"},
    {0},
};

static const struct option conflicts_retry_options[] = {
    {"all", NULL, "all that are open"},
    {0},
};

static const struct option conflicts_discard_options[] = {
    {"all", NULL, "all, settled or open"},
    {0},
};

static const struct option throttle_options[] = {
    {"rows-per-second", "N", "of all jobs together"},
    {"replica-lag", "TIME", "of any standby, such as 5s"},
    {"active-sessions", "N", "of others, on either server"},
    {"slot-wal", "SIZE", "that the forward slot keeps, such as 10GB"},
    {"query-max", "X", "what the result of limits.query may be"},
    {"reset", NULL, "everything as it is configured"},
    {"json", NULL, "print JSON"},
    {0},
};

static const struct option teardown_options[] = {
    {"forward", NULL, "the forward link's slot and origin"},
    {"reverse", NULL, "the reverse link's slot and origin"},
    {"all", NULL, "everything of this migration: slots, origins, state"},
    {0},
};

const struct command commands[] = {
    {"check", "find everything that would make the migration fail or lose data",
     "Looks at both databases and at the mapping, reports every problem with its cure, and\n"
     "changes nothing. Exit status 3 when something must be mended first.",
     check_options, NULL, command_check, true},
    {"setup", "create the state schema, the new table, origins and the forward slot",
     "The new table is made from new.ddl where it is missing, and sequences are kept from\n"
     "giving away one number on both sides. Safe to repeat.",
     no_options, NULL, command_setup, true},
    {"backfill", "copy the old table once",
     "Ends when all rows are copied and the statements of backfill.after_copy are done. Goes\n"
     "on where it was stopped. Progress goes to standard error.",
     no_options, NULL, command_backfill, true},
    {"run", "keep both sides current until SIGTERM",
     "The service: does what is left of setup, backfill and catching up, then streams changes\n"
     "both ways.",
     run_options, NULL, command_run, true},
    {"status", "show phase, progress and the lag of both links",
     "Works whether or not the service runs, from any host that reaches the databases. With\n"
     "one of them away it shows what the other one tells, names it, and ends with status 1.",
     status_options, NULL, command_status, true},
    {"pause", "let the copy wait",
     "Chunks, and statements after the copy, that are under way are finished; nothing else is\n"
     "begun until \"pgtandem resume\", also when it is stopped and started again. Links go on.",
     no_options, NULL, command_pause, true},
    {"resume", "let the copy go on", "It speeds up gently, as at its start.", no_options, NULL,
     command_resume, true},
    {"throttle", "show or change the limits of the copy while it runs",
     "Each limit takes \"none\", or \"default\" for what the configuration says. A running copy\n"
     "takes them over within a second or so. Without one of them it shows what is in force.",
     throttle_options, NULL, command_throttle, true},
    {"verify", "compare both sides under the mapping while writes go on",
     "A row that differs is read again before it counts, so that a change on its way is not\n"
     "taken for a difference. Exit status 4 when rows differ or are missing. With --repair\n"
     "they are mended by the rules of conflicts; this wants both links.",
     verify_options, NULL, command_verify, true},
    {"conflicts", "list, retry or discard conflicts and parked rows",
     "A conflict is a change that met what the other side's application had done to the same\n"
     "row, and how that was decided; a parked row could not be written. Either is settled when\n"
     "both sides have been seen to agree again.",
     no_options, NULL, NULL, false},
    {"conflicts list", "show them, the latest first",
     "Shows what is open. The letters of an id tell what it is: f and r are conflicts that the\n"
     "forward and the reverse link met, pf, pr and pc rows that these links or the copy parked.",
     conflicts_list_options, NULL, command_conflicts_list, true},
    {"conflicts retry", "try to settle them now",
     "Both sides' rows are compared and mended by the running service; without one, by this\n"
     "command, which then applies what both sides have committed, like run --once. Exit status\n"
     "1 when a row cannot be written still.",
     conflicts_retry_options, "[ID...]", command_conflicts_retry, true},
    {"conflicts discard", "forget them",
     "Only the record is deleted: where the rows of a parked one differ, they go on differing\n"
     "until somebody changes the row.",
     conflicts_discard_options, "[ID...]", command_conflicts_discard, true},
    {"teardown", "remove slots, origins and state; never the application's tables",
     "One of the options is needed. Finds what earlier, broken attempts left behind. Tells, with\n"
     "--all, how sequences count in single steps again. Safe to repeat.",
     teardown_options, NULL, command_teardown, true},
    {"version", "show the version, and those of the libraries in use", NULL, no_options, NULL,
     command_version, false},
    {0},
};

static const struct command *find(const char *name) {
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

bool command_is_of(const struct command *command, const struct command *group) {
    size_t n = strlen(group->name);
    return strncmp(command->name, group->name, n) == 0 && command->name[n] == ' ';
}

static void say_unknown(const char *name, struct err *err) {
    const char *names[COMMANDS_MAX];
    size_t n = 0;
    for (const struct command *c = commands; c->name != NULL && n < COMMANDS_MAX; c++) {
        names[n++] = c->name;
    }
    const char *meant = suggest_closest(name, names, n);
    if (meant != NULL) {
        err_set(err, ERR_USAGE, "unknown command \"%s\"; did you mean %s?", name, meant);
    } else {
        err_set(err, ERR_USAGE, "unknown command \"%s\"", name);
    }
}

const struct command *command_find(char *const *words, int *next, struct err *err) {
    char name[NAME_MAX_SIZE];
    const char *first = words[*next], *second = words[*next + 1];
    const struct command *command = find(first);
    if (command == NULL) {
        say_unknown(first, err);
        return NULL;
    }
    ++*next;
    if (command->run != NULL || second == NULL || second[0] == '-') {
        return command;
    }
    snprintf(name, sizeof name, "%s %s", first, second);
    command = find(name);
    if (command == NULL) {
        say_unknown(name, err);
    }
    ++*next;
    return command;
}

bool command_takes(const struct command *command, const struct options *options, struct err *err) {
    if (options_has(options, "help")) {
        return true;
    }
    if (command->run == NULL) {
        return err_set(err, ERR_USAGE, "%s wants one of its commands", command->name);
    }
    return options->n_arguments == 0 || command->arguments != NULL ||
           err_set(err, ERR_USAGE, "%s takes no argument \"%s\"", command->name,
                   options->arguments[0]);
}

int command_fail(const struct err *err) {
    fflush(stdout); /* in the order in which it happened, in one file, too */
    fprintf(stderr, "pgtandem: %s\n", err->message);
    if (err->hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", err->hint);
    }
    if (err->server[0] != '\0' && log_enabled(LOG_DEBUG)) {
        fprintf(stderr, "with values: %s\n", err->server);
    }
    return (int)err->code;
}

int command_misuse(const struct command *command, struct err *err) {
    err_hint(err, "see pgtandem %s%s--help", command != NULL ? command->name : "",
             command != NULL ? " " : "");
    return command_fail(err);
}
