/* run.c - the commands run and backfill: which steps of a service, in which
 * order. The steps are in service.c. */
#include <stdio.h>

#include "command/command.h"
#include "command/service.h"

static bool run_to_live(struct service *service, bool no_backfill, struct err *err) {
    return (no_backfill ? service_skip_copy(service, err) : service_copy(service, err)) &&
           service_catch_up(service, err) && service_go_live(service, err);
}

/* One moment of the old table, with its indexes. The forward link goes on from
 * there when `run` is started. */
static bool copy_once(struct service *service, struct err *err) {
    if (!service_copy(service, err)) {
        return false;
    }
    bool ok = service->single_snapshot ? service_after_copy(service, err)
                                       : service_catch_up(service, err);
    return ok && service_advance_sequences(service, err);
}

static int finish(struct service *service, bool ok, bool stopping_is_fine, struct err *err) {
    bool stopped = service->m.loop->stopping;
    service->ended_for = ok || stopped ? NULL : err;
    service_end(service);
    if (ok || (stopped && stopping_is_fine)) {
        return 0;
    }
    if (stopped) {
        err_set(err, ERR_FAILED, "stopped by a signal before the copy was complete");
        err_hint(err, "start it again: it goes on where it was stopped");
    }
    return command_fail(err);
}

int command_run(struct invocation *invocation) {
    struct service service;
    struct err err;
    bool once = options_has(invocation->options, "once");
    struct service_manner manner = {.two_sided = true, .patient = !once};
    bool ok = service_begin(&service, invocation->config, invocation->loop, &manner, &err) &&
              run_to_live(&service, options_has(invocation->options, "no-backfill"), &err) &&
              (once ? service_drain(&service, &err) : service_stream(&service, &err));
    return finish(&service, ok, true, &err);
}

int command_backfill(struct invocation *invocation) {
    struct service service;
    struct err err;
    struct service_manner manner = {.patient = true};
    bool ok = service_begin(&service, invocation->config, invocation->loop, &manner, &err) &&
              copy_once(&service, &err);
    return finish(&service, ok, false, &err);
}
