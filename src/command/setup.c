/* setup.c - the command of that name. */
#include <stdio.h>

#include "command/command.h"
#include "command/preparation.h"

int command_setup(struct invocation *invocation) {
    struct migration m;
    struct preparation preparation;
    struct err err;
    migration_init(&m, invocation->config, invocation->loop);
    int status = 0;
    if (!prepare(&m, &preparation, false, false, &err)) {
        status = command_fail(&err);
    } else {
        printf("setup of %s is done; phase %s\n", m.config->migration,
               phase_name(preparation.state.phase));
    }
    preparation_fini(&preparation);
    migration_fini(&m);
    return status;
}
