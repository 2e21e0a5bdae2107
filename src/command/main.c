/* main.c - from the command line to a command's function, and back to an exit
 * status. What the words mean is in commands.c and options.c. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "command/command.h"
#include "command/wait_show.h"
#include "pg/dsn.h"

static bool find_command(char *const *words, int *next, const struct command **command,
                         struct err *err) {
    *command = command_find(words, next, err);
    return *command != NULL;
}

/* `pgtandem --version`, or `--help` with NULL */
static bool without_command(const struct options *options, const struct command **command,
                            struct err *err) {
    static char version[] = "version";
    int next = 0;
    if (options_has(options, "version")) {
        return find_command((char *const[]){version, NULL}, &next, command, err);
    }
    return options_has(options, "help") || err_set(err, ERR_USAGE, "no command given");
}

/* Which command, with which options. NULL: none, and help was asked for. */
static bool parse_words(char **words, const struct command **command, struct options *options,
                        struct err *err) {
    int next = 1;
    *command = NULL;
    if (!options_parse(options, common_options, program_options, words, &next, err)) {
        return false;
    }
    if (words[next] == NULL) {
        return without_command(options, command, err);
    }
    return find_command(words, &next, command, err) &&
           options_parse_all(options, (*command)->options, common_options, &words[next], err) &&
           command_takes(*command, options, err);
}

static bool set_log_level(const struct options *options, struct err *err) {
    const char *name = options_value(options, "log-level");
    enum log_level level = LOG_INFO;
    if (name != NULL && !log_level_from_name(name, &level)) {
        return err_set(err, ERR_USAGE,
                       "option --log-level wants error, warning, info or debug, not \"%s\"", name);
    }
    log_set_level(level);
    return true;
}

static const char *config_path(const struct options *options) {
    const char *path = options_value(options, "config");
    if (path == NULL) {
        path = getenv("PGTANDEM_CONFIG");
    }
    return path != NULL && path[0] != '\0' ? path : "pgtandem.yaml";
}

/* What is larger than a mebibyte goes back to the system as soon as it is freed, and a row that
 * takes hundreds of them leaves nothing behind; smaller memory is used again. */
static void set_up_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
}

static int run_in_loop(struct invocation *invocation) {
    struct loop loop;
    struct wait_show show;
    struct err err;
    err_clear(&err);
    if (!loop_init(&loop, &err)) {
        return command_fail(&err);
    }
    invocation->loop = &loop;
    wait_show_begin(&show, &loop, invocation->config->migration, invocation->command->name);
    int status = invocation->command->run(invocation);
    loop_fini(&loop);
    return status;
}

/* Configurations are read without libpq. */
static bool check_dsns(const struct config *config, struct err *err) {
    return (dsn_check(config->old_dsn, "old.dsn", err) &&
            dsn_check(config->new_dsn, "new.dsn", err)) ||
           err_context(err, "%s", config->path);
}

static int run_command(struct invocation *invocation) {
    if (!invocation->command->needs_config) {
        return invocation->command->run(invocation);
    }
    struct err err;
    err_clear(&err);
    invocation->config = config_load(config_path(invocation->options), &err);
    if (invocation->config == NULL) {
        return command_fail(&err);
    }
    int status =
        check_dsns(invocation->config, &err) ? run_in_loop(invocation) : command_fail(&err);
    config_free(invocation->config);
    return status;
}

int main(int argc, char **argv) {
    (void)argc;
    struct options options = {0};
    struct invocation invocation = {.options = &options};
    struct err err;
    set_up_memory();
    err_clear(&err);
    if (!parse_words(argv, &invocation.command, &options, &err) || !set_log_level(&options, &err)) {
        return command_misuse(invocation.command, &err);
    }
    if (invocation.command == NULL) {
        help_program();
        return 0;
    }
    if (options_has(&options, "help")) {
        help_command(invocation.command);
        return 0;
    }
    return run_command(&invocation);
}
