/* options.h - the words of a command line, read by tables.
 *
 * Why: parser, help and error messages come from the same table, so that none
 *   of them can be forgotten when an option is added.
 * Rules: "--name", "--name value" or "--name=value"; of an option given twice
 *   the later counts; "--" ends the options. Every other word is an argument.
 * Memory: names and values are borrowed from tables and words.
 * Errors: ERR_USAGE, naming the word. */
#ifndef PGTANDEM_COMMAND_OPTIONS_H
#define PGTANDEM_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Tables end with an option without a name. */
struct option {
    const char *name;     /* without its dashes */
    const char *argument; /* what it takes, as the help calls it; NULL: nothing */
    const char *summary;  /* for the help; lines after the first are indented there */
};

enum { OPTIONS_MAX = 16 }; /* different ones on a command line */

struct options {
    struct {
        const char *name, *value; /* value: "" where the option takes none */
    } given[OPTIONS_MAX];
    size_t count;
    bool ended;             /* by "--" */
    char *const *arguments; /* only from options_parse_all() */
    size_t n_arguments;
};

/* Adds the options at words[*next] and after, and leaves *next at the first
 * word that is none. Either table may be NULL. */
bool options_parse(struct options *options, const struct option *table, const struct option *more,
                   char *const *words, int *next, struct err *err)
    __attribute__((warn_unused_result));

/* The words up to their end, options and arguments in any order. The arguments
 * are moved to where the words began. */
bool options_parse_all(struct options *options, const struct option *table,
                       const struct option *more, char **words, struct err *err)
    __attribute__((warn_unused_result));

bool options_has(const struct options *options, const char *name);
/* NULL when it was not given */
const char *options_value(const struct options *options, const char *name);
/* *number keeps its value when the option was not given; else a whole number
 * from 1 on. */
bool options_number(const struct options *options, const char *name, int64_t *number,
                    struct err *err) __attribute__((warn_unused_result));

#endif
