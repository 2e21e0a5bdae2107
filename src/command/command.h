/* command.h - what every command is given, and the table of all commands.
 *
 * Why: the words of the command line, `--help` and what is run come from one
 *   table (commands.c); a new command is a function and an entry there.
 * Rules: a command prints its results to standard output and everything else
 *   to standard error, prints an error once, with command_fail(), and returns
 *   the exit status:
 *     0 done; 1 failed while running; 2 wrong usage or configuration; 3 not
 *     ready; 4 differences found; 5 timed out waiting. */
#ifndef PGTANDEM_COMMAND_COMMAND_H
#define PGTANDEM_COMMAND_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "command/options.h"
#include "config/config.h"
#include "pg/loop.h"

struct command;

struct invocation {
    const struct command *command;
    const struct options *options; /* what was given, of the command's and the common ones */
    struct config *config;         /* NULL, like the loop, where the command needs none */
    struct loop *loop;
};

struct command {
    const char *name;             /* of two words for one of a group, "conflicts list" */
    const char *summary;          /* one line */
    const char *text;             /* what --help says below the usage */
    const struct option *options; /* its own */
    const char *arguments;        /* what else it takes, as the help calls it; NULL: nothing */
    int (*run)(struct invocation *invocation); /* NULL: a group; its commands follow */
    bool needs_config;                         /* and the loop */
};

/* In the order in which a migration uses them; the last one has no name. */
extern const struct command commands[];

/* Options before or after the command's name, and before it only. */
extern const struct option common_options[];
extern const struct option program_options[];

/* The command that words[*next] names, with the word behind it where that is a
 * group; *next moves on. NULL: there is none; *err says what may have been meant. */
const struct command *command_find(char *const *words, int *next, struct err *err);
/* Is `command` one of the group? */
bool command_is_of(const struct command *command, const struct command *group);
/* Are these the arguments that it takes? A group wants one of its commands. */
bool command_takes(const struct command *command, const struct options *options, struct err *err)
    __attribute__((warn_unused_result));

/* Prints the error and its hint; returns the exit status it leads to. */
int command_fail(const struct err *err);
/* The same for wrong usage of a command (NULL: of the program), with the hint
 * to look at its help. */
int command_misuse(const struct command *command, struct err *err);

/* `--help` of the program, and of one command. */
void help_program(void);
void help_command(const struct command *command);

int command_check(struct invocation *invocation);
int command_setup(struct invocation *invocation);
int command_backfill(struct invocation *invocation);
int command_run(struct invocation *invocation);
int command_status(struct invocation *invocation);
int command_verify(struct invocation *invocation);
int command_conflicts_list(struct invocation *invocation);
int command_conflicts_retry(struct invocation *invocation);
int command_conflicts_discard(struct invocation *invocation);
int command_pause(struct invocation *invocation);
int command_resume(struct invocation *invocation);
int command_throttle(struct invocation *invocation);
int command_teardown(struct invocation *invocation);
int command_version(struct invocation *invocation);

#endif
