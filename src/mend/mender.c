/* mender.c - see mender.h. When rounds are done; what they do is in the other files. */
#include "mend/mender.h"

#include <inttypes.h>
#include <string.h>

#include "base/backoff.h"
#include "mend/tidy.h"

static const usec_t round_pause = USEC_SECOND / 10, longest_pause = 2 * USEC_SECOND;
static const usec_t idle_pause = USEC_SECOND, trouble_pause = USEC_SECOND;
static const usec_t tidy_interval = 60 * USEC_SECOND;
enum { FRUITLESS_MAX = 10 };

bool mender_init(struct mender *mender, struct migration *m, const struct link *links,
                 barrier_watch_fn *watch, void *owner, struct err *err) {
    memset(mender, 0, sizeof *mender);
    mender->m = m;
    mender->log = (struct log_source){m->config->migration, "recheck", 0};
    mender->barrier = (struct barrier){m, links, mender->log, watch, owner};
    mender->pause = round_pause;
    mender->tidied_at = usec_monotonic() - tidy_interval; /* due at once */
    agenda_init(&mender->agenda);
    mender->n_collections = m->same_database ? 1 : 2;
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        site_init(&mender->sites[d], m, d);
        collection_init(&mender->collections[d], m, d, &mender->sites[d].db);
    }
    review_init(&mender->review, m, mender->sites);
    return site_prepare(&mender->sites[FORWARD], err) && site_prepare(&mender->sites[REVERSE], err);
}

void mender_fini(struct mender *mender) {
    if (mender->m == NULL) {
        return;
    }
    review_fini(&mender->review);
    agenda_fini(&mender->agenda);
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        collection_fini(&mender->collections[d]);
        site_fini(&mender->sites[d]);
    }
}

/* a round */

static bool open_sites(struct mender *mender, struct err *err) {
    return site_open(&mender->sites[FORWARD], err) && site_open(&mender->sites[REVERSE], err);
}

static bool collect(struct mender *mender, struct err *err) {
    agenda_begin(&mender->agenda);
    for (size_t i = 0; i < mender->n_collections; i++) {
        if (!collection_read(&mender->collections[i], &mender->agenda, err)) {
            return false;
        }
    }
    return true;
}

static bool close_collections(struct mender *mender, struct err *err) {
    bool mended = mender->review.counts.mended > 0;
    for (size_t i = 0; i < mender->n_collections; i++) {
        if (!collection_close(&mender->collections[i], &mender->agenda, err) ||
            (mended && !collection_hurry(&mender->collections[i], err))) {
            return false;
        }
    }
    return true;
}

static void add_counts(struct review_counts *totals, const struct review_counts *counts) {
    totals->equal += counts->equal;
    totals->mended += counts->mended;
    totals->parked += counts->parked;
}

/* What is written about a round stays true when the process is killed anywhere in it:
 * keys are taken off last. */
static bool do_round(struct mender *mender, struct err *err) {
    struct review_counts *counts = &mender->review.counts;
    *counts = (struct review_counts){0};
    if (!open_sites(mender, err) || !collect(mender, err)) {
        return false;
    }
    if (mender->agenda.count > 0 && (!barrier_pass(&mender->barrier, err) ||
                                     !review_agenda(&mender->review, &mender->agenda, err))) {
        return false;
    }
    if (!close_collections(mender, err)) {
        return false;
    }
    log_line(&mender->log, LOG_DEBUG, "%zu keys agree, %zu rows mended, %zu parked, %zu left",
             counts->equal, counts->mended, counts->parked, counts->open);
    add_counts(&mender->totals, counts);
    agenda_end(&mender->agenda);
    return true;
}

/* trouble */

/* Locks of others that last longer than limits.lock_timeout. */
static void tell_contended(struct mender *mender, const char *why) {
    usec_t now = usec_monotonic();
    if (waiting_is_due(&mender->contended, now)) {
        log_line(&mender->log, LOG_INFO,
                 "rechecks have waited %.0f s for others at the same rows: %s",
                 waiting_seconds(&mender->contended, now), why);
    }
}

/* True: again, later. */
static bool take_trouble(struct mender *mender, const struct err *err) {
    if (mender->m->loop->stopping || !err_passes(err)) {
        return false;
    }
    bool contended = err->class == ERR_CLASS_CONTENDED;
    if (contended) {
        tell_contended(mender, err->message);
    }
    if (!contended && !mender->said_trouble) {
        log_err(&mender->log, LOG_WARNING, err);
        log_line(&mender->log, LOG_WARNING, "rechecks are tried again until they succeed");
        mender->said_trouble = true;
    }
    site_close(&mender->sites[FORWARD]);
    site_close(&mender->sites[REVERSE]);
    mender->next_at = usec_monotonic() + trouble_pause;
    return true;
}

static void trouble_is_over(struct mender *mender) {
    if (mender->said_trouble) {
        log_line(&mender->log, LOG_INFO, "rechecks go on");
        mender->said_trouble = false;
    }
}

/* when */

/* Links have put something up: not before the pause between two rounds is over. */
static void listen_to_links(struct mender *mender) {
    const struct link *links = mender->barrier.links;
    uint64_t count = links[FORWARD].rechecks + links[REVERSE].rechecks;
    if (count != mender->heard && !mender->said_trouble) {
        usec_t at = mender->ended_at + mender->pause;
        mender->next_at = at < mender->next_at ? at : mender->next_at;
    }
    mender->heard = count;
}

static bool is_due(struct mender *mender, bool *due, struct err *err) {
    *due = false;
    for (size_t i = 0; i < mender->n_collections && !*due; i++) {
        if (!collection_is_due(&mender->collections[i], due, err)) {
            return false;
        }
    }
    return true;
}

/* Rows that are locked, or written without end, are not asked for all the time. */
static void choose_pause(struct mender *mender, bool quiet) {
    const struct review_counts *counts = &mender->review.counts;
    bool stuck = counts->open > 0 && counts->equal + counts->mended + counts->parked == 0;
    if (stuck && !quiet) {
        tell_contended(mender, "they are locked, or written all the time");
    } else {
        waiting_end(&mender->contended);
    }
    mender->pause = stuck ? backoff_delay(mender->pause, longest_pause, 1) : round_pause;
    mender->ended_at = usec_monotonic();
    mender->next_at = mender->ended_at + (quiet ? idle_pause : mender->pause);
}

static bool tidy_now_and_then(struct mender *mender, struct err *err) {
    usec_t now = usec_monotonic();
    if (now - mender->tidied_at < tidy_interval) {
        return true;
    }
    mender->tidied_at = now;
    struct review_counts *totals = &mender->totals;
    if (totals->mended + totals->parked > 0) {
        log_line(&mender->log, LOG_INFO,
                 "in the last minute %zu keys agreed, %zu rows were mended, %zu tries parked",
                 totals->equal, totals->mended, totals->parked);
    }
    *totals = (struct review_counts){0};
    for (size_t i = 0; i < mender->n_collections; i++) {
        if (!tidy(mender->collections[i].db, mender->m->config->migration, err)) {
            return false;
        }
    }
    return true;
}

static bool work(struct mender *mender, struct err *err) {
    bool due;
    if (!open_sites(mender, err) || !tidy_now_and_then(mender, err) || !is_due(mender, &due, err) ||
        (due && !do_round(mender, err))) {
        return false;
    }
    choose_pause(mender, !due);
    trouble_is_over(mender);
    return true;
}

bool mender_work(struct mender *mender, struct err *err) {
    listen_to_links(mender);
    return usec_monotonic() < mender->next_at || work(mender, err) || take_trouble(mender, err);
}

/* settling */

static bool mark_all(struct mender *mender, struct collection_mark *marks, struct err *err) {
    if (!open_sites(mender, err)) {
        return false;
    }
    for (size_t i = 0; i < mender->n_collections; i++) {
        if (!collection_mark(&mender->collections[i], &marks[i], err)) {
            return false;
        }
    }
    return true;
}

static bool settle_once(struct mender *mender, const struct collection_mark *marks, bool *left,
                        struct err *err) {
    bool any = false;
    if (!open_sites(mender, err)) {
        return false;
    }
    for (size_t i = 0; i < mender->n_collections && !any; i++) {
        if (!collection_is_left(&mender->collections[i], &marks[i], &any, err)) {
            return false;
        }
    }
    *left = any;
    return !any || do_round(mender, err);
}

static bool was_fruitless(const struct mender *mender) {
    const struct review_counts *counts = &mender->review.counts;
    return counts->equal + counts->mended + counts->parked == 0;
}

bool mender_settle(struct mender *mender, struct err *err) {
    struct collection_mark marks[2] = {{0}};
    struct loop *loop = mender->m->loop;
    while (!mark_all(mender, marks, err)) {
        if (!take_trouble(mender, err) || !loop_sleep(loop, trouble_pause, err)) {
            return false;
        }
    }
    int fruitless = 0;
    while (fruitless < FRUITLESS_MAX) {
        bool left = true;
        if (settle_once(mender, marks, &left, err)) {
            trouble_is_over(mender);
            fruitless = was_fruitless(mender) ? fruitless + 1 : 0;
        } else if (!take_trouble(mender, err)) {
            return false;
        }
        if (!left) {
            return true;
        }
        if (!loop_sleep(loop, round_pause, err)) {
            return false;
        }
    }
    log_line(&mender->log, LOG_WARNING,
             "some rows still differ: others are at the same rows all the time");
    return true;
}
