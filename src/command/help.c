/* help.c - what --help prints, made from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"

static void print_options(const struct option *table) {
    for (const struct option *o = table; o->name != NULL; o++) {
        char words[32];
        snprintf(words, sizeof words, "--%s%s%s", o->name, o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        printf("  %-22s %s\n", words, o->summary);
    }
}

/* NULL: those that are in no group, and groups */
static void print_commands(const struct command *group) {
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (group != NULL ? command_is_of(c, group) : strchr(c->name, ' ') == NULL) {
            printf("  %-*s %s\n", group != NULL ? 18 : 10, c->name, c->summary);
        }
    }
}

void help_program(void) {
    puts("pgtandem moves a live PostgreSQL table to a new shape without stopping the application.\n"
         "\n"
         "usage: pgtandem [--config FILE] [--log-level LEVEL] COMMAND [OPTIONS]\n"
         "\n"
         "commands, in the order of a migration:");
    print_commands(NULL);
    puts("\noptions:");
    print_options(common_options);
    print_options(program_options);
    puts("\n"
         "exit status: 0 done; 1 failed while running; 2 wrong usage or configuration;\n"
         "3 not ready; 4 differences found; 5 timed out waiting\n"
         "\n"
         "\"pgtandem COMMAND --help\" tells about one command.");
}

void help_command(const struct command *command) {
    printf("usage: pgtandem %s%s%s%s%s\n\n%s: %s\n", command->name,
           command->run == NULL ? " COMMAND" : "",
           command->options[0].name != NULL || command->run == NULL ? " [OPTIONS]" : "",
           command->arguments != NULL ? " " : "",
           command->arguments != NULL ? command->arguments : "", command->name, command->summary);
    if (command->text != NULL) {
        printf("\n%s\n", command->text);
    }
    if (command->run == NULL) {
        puts("\ncommands:");
        print_commands(command);
    }
    puts("\noptions:");
    print_options(command->options);
    print_options(common_options);
}
