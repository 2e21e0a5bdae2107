/* todo.c - keeps the program linking until these commands arrive. */
#include "command/command.h"

#define NOT_YET(function)                                                                          \
    __attribute__((weak)) int function(struct invocation *invocation) {                            \
        (void)invocation;                                                                          \
        struct err err;                                                                            \
        err_set(&err, ERR_FAILED, "this command is not there yet");                                \
        return command_fail(&err);                                                                 \
    }

NOT_YET(command_check)
