/* service.c - see service.h. The phases; the chore is in service_chore.c. */
#include "command/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "after/after_copy.h"
#include "base/backoff.h"
#include "base/waiting.h"
#include "command/sequences.h"
#include "command/service_chore.h"
#include "copy/copy.h"
#include "pg/writer.h"
#include "stream/prove.h"
#include "verify/parked.h"

static const usec_t stop_patience = 3 * USEC_SECOND;
static const usec_t first_pause = USEC_SECOND / 10, longest_pause = 5 * USEC_SECOND;

/* repeating */

typedef bool step_fn(struct service *service, struct err *err);

/* At once, and then at intervals that grow: what it waits for may have become another. */
static void tell_trouble(struct service *service, struct waiting *waiting, const struct err *err) {
    usec_t now = usec_monotonic();
    bool first = waiting->since == 0;
    if (waiting_is_due(waiting, now) || first) {
        log_err(&service->log, LOG_WARNING, err);
        log_line(&service->log, LOG_WARNING, "trying again until it succeeds, for %.0f s now",
                 waiting_seconds(waiting, now));
    }
}

/* Does a step until it succeeds, or fails for a reason that does not pass. */
static bool persist(struct service *service, step_fn *step, struct err *err) {
    struct waiting waiting = {0};
    for (unsigned tries = 0;; tries++) {
        err_clear(err);
        if (step(service, err)) {
            if (tries > 0) {
                log_line(&service->log, LOG_INFO, "going on");
            }
            return true;
        }
        if (service->m.loop->stopping || service->fatal.code != ERR_NONE || !err_passes(err)) {
            return false;
        }
        tell_trouble(service, &waiting, err);
        if (!loop_sleep(service->m.loop, backoff_delay(first_pause, longest_pause, tries), err)) {
            return false;
        }
    }
}

/* waiting for links */

static bool link_is_well(struct service *service, enum direction direction, struct err *err) {
    struct link *link = &service->links[direction];
    if (service->fatal.code != ERR_NONE) {
        *err = service->fatal;
        return false;
    }
    if (service->running[direction] && link->state == LINK_failed) {
        *err = link->error;
        return err_context(err, "the %s link has failed", direction_name(direction));
    }
    return true;
}

static bool look_until_passed(struct service *service, enum direction direction, lsn_t lsn,
                              struct err *err) {
    while (!link_has_passed(&service->links[direction], lsn)) {
        if (!link_is_well(service, FORWARD, err) || !link_is_well(service, REVERSE, err) ||
            !loop_sleep(service->m.loop, USEC_SECOND / 50, err)) {
            return false;
        }
    }
    return true;
}

static bool wait_until_passed(struct service *service, enum direction direction, lsn_t lsn,
                              struct err *err) {
    struct loop_wait wait;
    char what[80];
    snprintf(what, sizeof what, "the %s link to come to %s", direction_name(direction),
             lsn_format(lsn).text);
    loop_wait_begin(service->m.loop, &wait, what);
    bool ok = look_until_passed(service, direction, lsn, err);
    loop_wait_end(service->m.loop, &wait);
    return ok;
}

/* Writes a marker on the link's source and waits until the link is past it. */
static bool pass_marker(struct service *service, enum direction direction, struct err *err) {
    lsn_t lsn;
    return marker_write(&migration_source(&service->m, direction)->db, &lsn, err) &&
           wait_until_passed(service, direction, lsn, err);
}

static bool start_link(struct service *service, enum direction direction, enum policy policy,
                       struct err *err) {
    struct link *link = &service->links[direction];
    if (service->running[direction]) {
        return true;
    }
    buf_reset(&link->writer_settings);
    if (!writer_settings(&service->m, direction, &link->writer_settings, err)) {
        return false;
    }
    link_set_policy(link, policy);
    service->running[direction] = true;
    if (!link_connect(link, err) && link->state == LINK_failed) {
        return false;
    }
    log_line(&link->log, LOG_INFO, "streaming from %s", lsn_format(link->durable).text);
    return !service->m.loop->stopping || err_set(err, ERR_FAILED, "stopped by a signal");
}

/* beginning and ending */

static bool prove_existing(struct service *service, enum direction direction, struct err *err) {
    struct slot_info slot;
    return slot_read(&service->m, direction, &slot, err) &&
           (!slot.exists || prove_filter(&service->m, direction, err));
}

static bool prove_existing_forward(struct service *service, struct err *err) {
    return prove_existing(service, FORWARD, err);
}

static bool prove_existing_reverse(struct service *service, struct err *err) {
    return prove_existing(service, REVERSE, err);
}

static bool reach_servers(struct service *service, struct err *err) {
    return migration_connect(&service->m, err);
}

/* From the beginning each time: what a session held (the lock, an exported snapshot) has
 * gone with it, and what was made is found there. */
static bool prepare_all(struct service *service, struct err *err) {
    const struct config *config = service->m.config;
    /* a snapshot that nobody reads from would only hold vacuum back */
    bool exported = config->backfill.snapshot == SNAPSHOT_EXPORTED;
    preparation_fini(&service->preparation);
    return prepare(&service->m, &service->preparation, exported, service->two_sided, err);
}

static bool begin(struct service *service, bool patient, struct err *err) {
    return (patient ? persist(service, reach_servers, err) : reach_servers(service, err)) &&
           persist(service, prepare_all, err) && persist(service, chore_begin, err) &&
           persist(service, prove_existing_forward, err) &&
           persist(service, prove_existing_reverse, err);
}

bool service_begin(struct service *service, struct config *config, struct loop *loop,
                   const struct service_manner *manner, struct err *err) {
    memset(service, 0, sizeof *service);
    arena_init(&service->lasting);
    service->log = (struct log_source){config->migration, "service", 0};
    migration_init(&service->m, config, loop);
    service->m.fatal = &service->fatal;
    service->two_sided = manner->two_sided;
    chore_init(service);
    link_init(&service->links[FORWARD], &service->m, FORWARD);
    link_init(&service->links[REVERSE], &service->m, REVERSE);
    return begin(service, manner->patient, err);
}

void service_end(struct service *service) {
    service->m.loop->shielded = true; /* the last words are said although we are stopping */
    service->m.loop->chore = NULL;
    for (int direction = FORWARD; direction <= REVERSE; direction++) {
        link_stop(&service->links[direction], stop_patience);
    }
    chore_end(service);
    mender_fini(&service->mender);
    for (int direction = FORWARD; direction <= REVERSE; direction++) {
        link_fini(&service->links[direction]);
    }
    preparation_fini(&service->preparation);
    migration_fini(&service->m);
    arena_fini(&service->lasting);
}

/* the copy */

static bool begin_copy(struct service *service, struct err *err) {
    return state_set_phase(&service->m, PHASE_backfill, err) &&
           state_set_backfill(&service->m, BACKFILL_running, err);
}

static bool end_copy(struct service *service, struct err *err) {
    return state_set_backfill(&service->m, BACKFILL_copied, err) &&
           state_set_phase(&service->m, PHASE_catchup, err) &&
           state_read(&service->m, &service->preparation.state, err);
}

static bool copy_all(struct service *service, struct err *err) {
    const char *snapshot = service->preparation.snapshot;
    return copy_run(&service->m, snapshot[0] != '\0' ? snapshot : NULL, err);
}

static bool count_snapshots(struct service *service, struct err *err) {
    return copy_snapshot_count(&service->m, &service->n_snapshots, err);
}

static bool check_after_copy(struct service *service, struct err *err) {
    return after_copy_check(&service->m, err);
}

bool service_copy(struct service *service, struct err *err) {
    enum backfill backfill = service->preparation.state.backfill;
    if (backfill != BACKFILL_pending && backfill != BACKFILL_running) {
        return true;
    }
    bool exported = service->preparation.snapshot[0] != '\0';
    if (!persist(service, check_after_copy, err) || !persist(service, begin_copy, err) ||
        !persist(service, copy_all, err) || !persist(service, count_snapshots, err)) {
        return false;
    }
    service->single_snapshot = exported && service->n_snapshots <= 1;
    preparation_fini(&service->preparation); /* no snapshot is held back any longer */
    return persist(service, end_copy, err);
}

static bool skip_copy(struct service *service, struct err *err) {
    return state_set_backfill(&service->m, BACKFILL_skipped, err) &&
           state_set_phase(&service->m, PHASE_catchup, err) &&
           state_read(&service->m, &service->preparation.state, err);
}

bool service_skip_copy(struct service *service, struct err *err) {
    if (service->preparation.state.backfill == BACKFILL_skipped) {
        return true;
    }
    if (service->preparation.state.backfill != BACKFILL_pending) {
        err_set(err, ERR_USAGE, "a backfill has already begun, so it cannot be left out");
        return err_hint(err, "run without --no-backfill to finish it");
    }
    preparation_fini(&service->preparation);
    return persist(service, skip_copy, err);
}

/* catching up */

static bool run_after_copy(struct service *service, struct err *err) {
    return after_copy_run(&service->m, err);
}

static bool end_backfill(struct service *service, struct err *err) {
    return state_set_backfill(&service->m, BACKFILL_done, err) &&
           state_read(&service->m, &service->preparation.state, err);
}

/* A statement may have altered a new table: what the link writes from now on is for the
 * table as it has become. It is remembered first: what is altered later is noticed. */
static bool look_again(struct service *service, struct err *err) {
    struct migration *m = &service->m;
    if (service->running[FORWARD]) {
        link_stop(&service->links[FORWARD], stop_patience);
        service->running[FORWARD] = false;
        service->outdated = true;
    }
    if (!chore_look_again(service, err)) {
        return false;
    }
    if (service->outdated && migration_read_catalogs(m, err) && migration_build_mappings(m, err)) {
        service->outdated = false;
    }
    return !service->outdated;
}

bool service_after_copy(struct service *service, struct err *err) {
    if (service->preparation.state.backfill != BACKFILL_copied) {
        return true;
    }
    service->runs_statements = true;
    bool ok = persist(service, run_after_copy, err) && persist(service, look_again, err);
    service->runs_statements = false;
    return ok && persist(service, end_backfill, err);
}

static bool start_forward(struct service *service, struct err *err) {
    bool live = service->preparation.state.phase >= PHASE_live;
    return start_link(service, FORWARD, live ? POLICY_LIVE : POLICY_BLIND, err);
}

static bool settle_parked(struct service *service, struct err *err) {
    int64_t settled = 0;
    if (!parked_settle(&service->m, &settled, err)) {
        return false;
    }
    if (settled > 0) {
        log_line(&service->log, LOG_INFO, "%" PRId64 " parked rows have found their place",
                 settled);
    }
    return true;
}

static bool catch_up_once(struct service *service, struct err *err) {
    return pass_marker(service, FORWARD, err);
}

bool service_catch_up(struct service *service, struct err *err) {
    if (!persist(service, start_forward, err)) {
        return false;
    }
    if (service->preparation.state.phase >= PHASE_live) {
        return true;
    }
    log_line(&service->log, LOG_INFO, "catching up");
    return persist(service, catch_up_once, err) && service_after_copy(service, err) &&
           persist(service, start_forward, err) && persist(service, catch_up_once, err) &&
           persist(service, settle_parked, err);
}

static bool advance_sequences(struct service *service, struct err *err) {
    return sequences_advance(&service->m, err);
}

bool service_advance_sequences(struct service *service, struct err *err) {
    return persist(service, advance_sequences, err);
}

/* live */

/* Before anybody may insert on the new side: one number on both sides would cost a row. */
static bool pass_sequence_gate(struct service *service, struct err *err) {
    return sequences_gate(&service->m, err);
}

static bool make_reverse_slot(struct service *service, struct err *err) {
    return prepare_slot(&service->m, REVERSE, err);
}

/* The proof writes under the forward link's origin, which has one user at a
 * time: the link rests meanwhile. */
static bool prove_reverse(struct service *service, struct err *err) {
    link_stop(&service->links[FORWARD], stop_patience);
    service->running[FORWARD] = false;
    return prove_filter(&service->m, REVERSE, err);
}

/* Before anybody is told that he may write to the new side: no batch that does not
 * look is under way by then. */
static bool start_forward_live(struct service *service, struct err *err) {
    return start_link(service, FORWARD, POLICY_LIVE, err);
}

static bool start_reverse(struct service *service, struct err *err) {
    return start_link(service, REVERSE, POLICY_LIVE, err);
}

static bool announce_live(struct service *service, struct err *err) {
    return state_set_phase(&service->m, PHASE_live, err) &&
           state_read(&service->m, &service->preparation.state, err);
}

static bool watch_links(void *owner, struct err *err) {
    struct service *service = owner;
    return link_is_well(service, FORWARD, err) && link_is_well(service, REVERSE, err);
}

static bool start_mender(struct service *service, struct err *err) {
    mender_fini(&service->mender);
    return mender_init(&service->mender, &service->m, service->links, watch_links, service, err);
}

bool service_go_live(struct service *service, struct err *err) {
    if (service->preparation.state.phase >= PHASE_live) {
        return persist(service, start_reverse, err) && persist(service, start_mender, err);
    }
    if (!persist(service, pass_sequence_gate, err) || !persist(service, make_reverse_slot, err) ||
        !persist(service, prove_reverse, err) || !persist(service, start_forward_live, err) ||
        !persist(service, start_reverse, err) || !persist(service, announce_live, err) ||
        !persist(service, start_mender, err)) {
        return false;
    }
    log_line(&service->log, LOG_INFO, "live: both sides are kept current");
    return true;
}

bool service_stream(struct service *service, struct err *err) {
    while (watch_links(service, err) && mender_work(&service->mender, err)) {
        if (!loop_sleep(service->m.loop, USEC_SECOND / 20, err)) {
            break;
        }
    }
    return service->m.loop->stopping;
}

bool service_settle(struct service *service, struct err *err) {
    return mender_settle(&service->mender, err);
}

static bool drain_both(struct service *service, struct err *err) {
    lsn_t old_lsn, new_lsn;
    return marker_write(&service->m.old_side.db, &old_lsn, err) &&
           marker_write(&service->m.new_side.db, &new_lsn, err) &&
           wait_until_passed(service, FORWARD, old_lsn, err) &&
           wait_until_passed(service, REVERSE, new_lsn, err);
}

bool service_drain(struct service *service, struct err *err) {
    return persist(service, drain_both, err) && service_settle(service, err);
}
