/* options.c - see options.h. */
#include "command/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option *find_in(const struct option *table, const char *name, size_t size) {
    for (const struct option *o = table; o != NULL && o->name != NULL; o++) {
        if (strlen(o->name) == size && memcmp(o->name, name, size) == 0) {
            return o;
        }
    }
    return NULL;
}

static size_t find_given(const struct options *options, const char *name) {
    size_t i = 0;
    while (i < options->count && strcmp(options->given[i].name, name) != 0) {
        i++;
    }
    return i;
}

static bool remember(struct options *options, const char *name, const char *value,
                     struct err *err) {
    size_t i = find_given(options, name);
    if (i == OPTIONS_MAX) {
        return err_set(err, ERR_USAGE, "too many options");
    }
    options->given[i].name = name;
    options->given[i].value = value;
    if (i == options->count) {
        options->count++;
    }
    return true;
}

/* The option's value: behind "=", or the next word. */
static bool take_value(const struct option *option, const char *equals, char *const *words,
                       int *next, const char **value, struct err *err) {
    if (option->argument == NULL) {
        *value = "";
        return equals == NULL ||
               err_set(err, ERR_USAGE, "option --%s takes no value", option->name);
    }
    if (equals != NULL) {
        *value = equals + 1;
        return true;
    }
    *value = words[*next];
    if (*value == NULL) {
        return err_set(err, ERR_USAGE, "option --%s wants a value: %s", option->name,
                       option->argument);
    }
    (*next)++;
    return true;
}

static bool parse_one(struct options *options, const struct option *table,
                      const struct option *more, char *const *words, int *next, struct err *err) {
    const char *word = words[(*next)++], *value;
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct option *option = find_in(table, name, size);
    if (option == NULL) {
        option = find_in(more, name, size);
    }
    if (option == NULL) {
        return err_set(err, ERR_USAGE, "unknown option \"--%.*s\"", (int)size, name);
    }
    return take_value(option, equals, words, next, &value, err) &&
           remember(options, option->name, value, err);
}

bool options_parse(struct options *options, const struct option *table, const struct option *more,
                   char *const *words, int *next, struct err *err) {
    while (!options->ended && words[*next] != NULL && words[*next][0] == '-') {
        const char *word = words[*next];
        if (strcmp(word, "--") == 0) {
            (*next)++;
            options->ended = true;
            return true;
        }
        if (word[1] != '-') {
            return err_set(err, ERR_USAGE, "unknown option \"%s\"", word);
        }
        if (!parse_one(options, table, more, words, next, err)) {
            return false;
        }
    }
    return true;
}

bool options_parse_all(struct options *options, const struct option *table,
                       const struct option *more, char **words, struct err *err) {
    int next = 0;
    options->arguments = words;
    options->n_arguments = 0;
    options->ended = false;
    while (options_parse(options, table, more, words, &next, err)) {
        if (words[next] == NULL) {
            return true;
        }
        words[options->n_arguments++] = words[next++];
    }
    return false;
}

bool options_has(const struct options *options, const char *name) {
    return find_given(options, name) < options->count;
}

const char *options_value(const struct options *options, const char *name) {
    size_t i = find_given(options, name);
    return i < options->count ? options->given[i].value : NULL;
}

bool options_number(const struct options *options, const char *name, int64_t *number,
                    struct err *err) {
    const char *text = options_value(options, name);
    if (text == NULL) {
        return true;
    }
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < 1) {
        return err_set(err, ERR_USAGE, "option --%s wants a whole number from 1 on, not \"%s\"",
                       name, text);
    }
    *number = n;
    return true;
}
