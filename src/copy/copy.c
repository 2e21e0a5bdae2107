/* copy.c - see copy.h: the sequential part, which plans, opens connections and
 * shows progress while workers are driven by the loop. */
#include "copy/copy.h"

#include <stdlib.h>

#include "base/mem.h"
#include "copy/estimate.h"
#include "copy/governor.h"
#include "copy/ledger.h"
#include "copy/planner.h"
#include "copy/show.h"
#include "copy/worker.h"
#include "pg/state.h"
#include "pg/writer.h"

static const usec_t patience = USEC_SECOND / 10; /* between two looks at everything */

struct copy {
    struct job job;
    struct planner planner;
    struct worker *workers;
    size_t n_workers;
    struct show show;
    struct governor governor;
    usec_t plan_at; /* not before: the planner had trouble */
    unsigned attempts;
};

static int64_t rows_running(const struct copy *copy) {
    int64_t rows = 0;
    for (size_t i = 0; i < copy->n_workers; i++) {
        rows += copy->workers[i].chunk != NULL ? copy->workers[i].rows_read : 0;
    }
    return rows;
}

static bool is_complete(const struct copy *copy) {
    return planner_is_done(&copy->planner) && copy->job.first == NULL && copy->job.n_running == 0;
}

/* One chunk ahead of each worker is enough: planning takes a fraction of the
 * time that copying does. */
static bool wants_planning(const struct copy *copy) {
    return copy->job.n_queued < copy->n_workers && !planner_is_done(&copy->planner);
}

static bool try_to_plan(struct copy *copy, struct err *err) {
    return planner_open(&copy->planner, err) &&
           (!wants_planning(copy) || planner_next(&copy->planner, err));
}

static void plan(struct copy *copy) {
    struct err err;
    err_clear(&err);
    if (usec_monotonic() < copy->plan_at) {
        return;
    }
    if (try_to_plan(copy, &err)) {
        if (copy->attempts > 0) {
            copy->attempts = 0;
            job_recovered(&copy->job);
        }
        copy->job.woken |= wants_planning(copy);
        return;
    }
    if (copy->job.m->loop->stopping) {
        return;
    }
    if (!copy->planner.stale && err_passes(&err)) {
        copy->plan_at = usec_monotonic() + job_trouble(&copy->job, &err, copy->attempts++);
    } else {
        job_fail(&copy->job, &err);
    }
}

/* A snapshot is needed only as long as there is something to be read. */
static void look_after_workers(struct copy *copy) {
    for (size_t i = 0; i < copy->n_workers && !copy->job.failed; i++) {
        struct worker *worker = &copy->workers[i];
        bool may_import = copy->planner.holds_snapshot && !copy->job.snapshot_gone;
        if (worker->state == WORKER_down && may_import) {
            worker_connect(worker);
        } else if (copy->job.first != NULL) {
            worker_wake(worker);
        }
    }
}

/* To people on the terminal and in the log, to `status`; and what they say to that. */
static void report(struct copy *copy) {
    int64_t rows = rows_running(copy);
    show_progress(&copy->show, rows);
    struct progress progress = {rows, copy->show.speed, show_seconds_left(&copy->show, rows)};
    governor_turn(&copy->governor, &progress);
}

/* The service has found a reason to end: another one has its lock, a table was altered. */
static void heed_service(struct job *job) {
    const struct err *fatal = job->m->fatal;
    if (fatal != NULL && fatal->code != ERR_NONE) {
        job_fail(job, fatal);
    }
}

static bool work(struct copy *copy, struct err *err) {
    struct job *job = &copy->job;
    struct loop *loop = job->m->loop;
    pedal_start(&job->pedal, job->pedal.warm_up, usec_monotonic());
    if (!governor_begin(&copy->governor, err)) {
        return false;
    }
    while (!job->failed && !is_complete(copy)) {
        job->woken = false;
        heed_service(job);
        plan(copy);
        look_after_workers(copy);
        report(copy);
        struct err ended;
        if (!loop_wait(loop, &job->woken, patience, "the copy", &ended) &&
            ended.code != ERR_TIMEOUT) {
            *err = ended;
            return false;
        }
    }
    if (job->failed) {
        *err = job->error;
    }
    return !job->failed;
}

static void log_start(const struct copy *copy) {
    const struct planner *planner = &copy->planner;
    struct buf text;
    buf_init(&text);
    if (planner->chunks_before > 0) {
        buf_add_text(&text, "going on with the copy: ");
        rate_add_count(&text, planner->rows_before);
        buf_add_format(&text, " rows in %lld chunks are there already, of about ",
                       (long long)planner->chunks_before);
    } else {
        buf_add_text(&text, "copying about ");
    }
    rate_add_count(&text, copy->show.total);
    buf_add_format(&text, " rows with %zu worker%s", copy->n_workers,
                   copy->n_workers == 1 ? "" : "s");
    log_line(&copy->job.log, LOG_INFO, "%s", text.data);
    buf_fini(&text);
}

static int major_version(const struct side *side) {
    return PQserverVersion(side->db.session.conn) / 10000;
}

static bool prepare(struct copy *copy, struct err *err) {
    struct migration *m = copy->job.m;
    int64_t total;
    if (!planner_load(&copy->planner, err)) {
        return false;
    }
    show_begin(&copy->show, &copy->job, 0, copy->planner.rows_before);
    if (is_complete(copy)) {
        return true;
    }
    if (!estimate_rows(m, &total, err) || !state_set_estimate(m, total, err) ||
        !writer_settings(m, FORWARD, &copy->job.writer_settings, err)) {
        return false;
    }
    copy->show.total = copy->job.rows_estimated = total;
    copy->job.one_version = major_version(&m->old_side) == major_version(&m->new_side);
    copy->job.one_server =
        m->old_side.identity.system_identifier == m->new_side.identity.system_identifier;
    return true;
}

static void start_workers(struct copy *copy) {
    copy->n_workers = (size_t)copy->job.m->config->backfill.jobs;
    copy->workers = mem_zero(copy->n_workers, sizeof *copy->workers);
    for (size_t i = 0; i < copy->n_workers; i++) {
        worker_init(&copy->workers[i], &copy->job, (int)i);
    }
}

static void end(struct copy *copy) {
    for (size_t i = 0; i < copy->n_workers; i++) {
        worker_fini(&copy->workers[i]);
    }
    free(copy->workers);
    governor_fini(&copy->governor);
    planner_fini(&copy->planner);
    job_fini(&copy->job);
}

bool copy_run(struct migration *m, const char *snapshot, struct err *err) {
    struct copy copy = {.n_workers = 0};
    job_init(&copy.job, m);
    planner_init(&copy.planner, &copy.job, snapshot);
    governor_init(&copy.governor, &copy.job);
    bool ok = prepare(&copy, err);
    if (ok && is_complete(&copy)) {
        log_line(&copy.job.log, LOG_INFO, "the copy is complete already");
    } else if (ok) {
        start_workers(&copy);
        log_start(&copy);
        ok = work(&copy, err);
        show_end(&copy.show, ok);
    }
    end(&copy);
    return ok;
}

bool copy_snapshot_count(struct migration *m, int64_t *count, struct err *err) {
    return ledger_count_snapshots(m, count, err);
}
