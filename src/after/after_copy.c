/* after_copy.c - see after_copy.h: the sequential part, which gives tasks to runners, waits for
 * all of them at once, and shows how far they are. */
#include "after/after_copy.h"

#include <stdlib.h>

#include "after/order.h"
#include "after/statement_run.h"
#include "after/statement_show.h"
#include "after/task.h"
#include "base/mem.h"
#include "pg/control.h"

static const usec_t patience = USEC_SECOND / 10; /* between two looks at everything */
static const usec_t cancel_patience = 3 * USEC_SECOND;
static const usec_t connect_interval = USEC_SECOND, pause_interval = USEC_SECOND;

struct after_copy {
    struct migration *m;
    struct log_source log;
    struct task_list tasks;
    struct order_item *order; /* parallel to the tasks */
    size_t n_looked_up;       /* of the tasks, from the first */
    usec_t connect_at;        /* not before: there was trouble */
    usec_t asked_at;          /* whether it is to pause */
    bool paused;
    struct runner *runners;
    size_t n_runners;
    struct statement_show show;
    bool bell;        /* some runner's answer is there */
    bool failed;      /* nothing new is to be begun */
    struct err error; /* the first */
    bool told_trouble;
};

/* deciding */

static void fail(struct after_copy *a, const struct err *err) {
    if (a->failed) {
        log_err(&a->log, LOG_ERROR, err); /* the first is told by whoever called */
    } else {
        a->failed = true;
        a->error = *err;
    }
}

/* Of a runner that has no task yet: the others go on. */
static void take_trouble(struct after_copy *a, const struct err *err) {
    if (a->m->loop->stopping) {
        return;
    }
    if (!err_passes(err)) {
        fail(a, err);
        return;
    }
    a->connect_at = usec_monotonic() + connect_interval;
    if (!a->told_trouble) {
        a->told_trouble = true;
        log_err(&a->log, LOG_WARNING, err);
    }
}

/* A statement that is not done may make, drop or rename the tables of those behind it: they
 * are looked up when it is. */
static bool may_look_up(const struct after_copy *a) {
    for (size_t i = 0; i < a->n_looked_up; i++) {
        if (a->order[i].class == ORDER_ALONE && a->order[i].state != ORDER_DONE) {
            return false;
        }
    }
    return a->n_looked_up < a->tasks.count;
}

static bool look_up(struct after_copy *a, struct runner *runner, struct err *err) {
    while (may_look_up(a)) {
        struct task *task = &a->tasks.items[a->n_looked_up];
        struct order_item *item = &a->order[a->n_looked_up];
        if (!task->done && !runner_look_up(runner, task, err)) {
            return false;
        }
        item->class = task_order_class(task);
        item->table = task->table.oid;
        item->state = task->done ? ORDER_DONE : ORDER_WAITING;
        a->n_looked_up++;
    }
    return true;
}

/* working */

/* Statements that are under way go on; what cannot be read just now stays as it was. */
static bool is_paused(struct after_copy *a) {
    struct control control;
    struct err ignored;
    usec_t now = usec_monotonic();
    if (a->asked_at != 0 && now - a->asked_at < pause_interval) {
        return a->paused;
    }
    a->asked_at = now;
    if (control_read(a->m, &control, &ignored) && control.paused != a->paused) {
        a->paused = control.paused;
        log_line(&a->log, LOG_INFO, "%s",
                 a->paused ? "the statements wait for pgtandem resume" : "the statements go on");
    }
    return a->paused;
}

/* Statements that run alone all get the first runner: what one leaves in its session (a
 * temporary table) is there for the next. */
static void start_next(struct after_copy *a, struct runner *runner) {
    struct err err;
    if (usec_monotonic() < a->connect_at || is_paused(a)) {
        return;
    }
    if (!look_up(a, runner, &err)) {
        take_trouble(a, &err);
        return;
    }
    size_t next = order_next(a->order, a->n_looked_up);
    if (next == a->n_looked_up) {
        return;
    }
    struct task *task = &a->tasks.items[next];
    if (!runner_connect(runner, task, &err)) { /* another runner may have a connection */
        take_trouble(a, &err);
        return;
    }
    a->order[next].state = ORDER_RUNNING;
    runner_start(runner, task);
}

static void take_outcome(struct after_copy *a, struct runner *runner) {
    struct order_item *item = &a->order[runner->task - a->tasks.items];
    switch (runner->outcome) {
        case RUNNER_DONE:
            item->state = ORDER_DONE;
            break;
        case RUNNER_LEFT:
            item->state = ORDER_WAITING;
            break;
        case RUNNER_FAILED:
            item->state = ORDER_WAITING;
            fail(a, &runner->error);
            break;
    }
    runner_release(runner);
}

static size_t count_at_work(const struct after_copy *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->n_runners; i++) {
        n += a->runners[i].state != RUNNER_idle;
    }
    return n;
}

static bool is_complete(const struct after_copy *a) {
    for (size_t i = 0; i < a->tasks.count; i++) {
        if (i >= a->n_looked_up || a->order[i].state != ORDER_DONE) {
            return false;
        }
    }
    return true;
}

static void turn_all(struct after_copy *a) {
    for (size_t i = 0; i < a->n_runners && !a->m->loop->stopping; i++) {
        struct runner *runner = &a->runners[i];
        runner_turn(runner);
        if (runner->state == RUNNER_ended) {
            take_outcome(a, runner);
            a->bell = true; /* what waited for this one may start */
        }
    }
    for (size_t i = 0; i < a->n_runners && !a->failed && !a->m->loop->stopping; i++) {
        if (a->runners[i].state == RUNNER_idle) {
            start_next(a, &a->runners[i]);
        }
    }
}

static bool work(struct after_copy *a, struct err *err) {
    struct loop *loop = a->m->loop;
    bool told = false;
    while (!is_complete(a) && (!a->failed || count_at_work(a) > 0)) {
        struct err ended;
        a->bell = false;
        turn_all(a);
        if (a->failed && !told && count_at_work(a) > 0) {
            log_line(&a->log, LOG_INFO, "a statement has failed; waiting for those that run");
            told = true;
        }
        statement_show_progress(&a->show);
        if (!loop_wait(loop, &a->bell, patience, "statements after the copy", &ended) &&
            ended.code != ERR_TIMEOUT) {
            *err = ended;
            return false;
        }
    }
    if (a->failed) {
        *err = a->error;
    }
    return !a->failed;
}

/* stopping */

static bool are_busy(const struct after_copy *a) {
    for (size_t i = 0; i < a->n_runners; i++) {
        if (runner_is_busy(&a->runners[i])) {
            return true;
        }
    }
    return false;
}

/* Asks the server to give up what is under way, and waits a moment for it to say so. */
static void cancel_all(struct after_copy *a) {
    struct loop *loop = a->m->loop;
    bool shielded = loop->shielded;
    usec_t deadline = usec_monotonic() + cancel_patience;
    loop->shielded = true;
    for (size_t i = 0; i < a->n_runners; i++) {
        if (runner_is_busy(&a->runners[i])) {
            runner_cancel(&a->runners[i]);
        }
    }
    while (are_busy(a) && usec_monotonic() < deadline) {
        struct err ignored;
        a->bell = false;
        if (!loop_wait(loop, &a->bell, deadline - usec_monotonic(), "cancelled statements",
                       &ignored)) {
            break;
        }
    }
    for (size_t i = 0; i < a->n_runners; i++) {
        runner_stop(&a->runners[i]);
    }
    loop->shielded = shielded;
}

/* all of it */

static size_t count_open(const struct after_copy *a) {
    size_t n = 0;
    for (size_t i = 0; i < a->tasks.count; i++) {
        n += !a->tasks.items[i].done;
    }
    return n;
}

static void begin(struct after_copy *a, size_t n_open) {
    size_t jobs = (size_t)a->m->config->backfill.index_jobs;
    a->order = mem_zero(a->tasks.count, sizeof *a->order);
    a->n_runners = jobs < n_open ? jobs : n_open;
    a->runners = mem_zero(a->n_runners, sizeof *a->runners);
    for (size_t i = 0; i < a->n_runners; i++) {
        runner_init(&a->runners[i], a->m, &a->tasks, &a->failed, &a->bell);
    }
    statement_show_begin(&a->show, a->m);
}

static void end(struct after_copy *a) {
    statement_show_end(&a->show);
    for (size_t i = 0; i < a->n_runners; i++) {
        runner_fini(&a->runners[i]);
    }
    free(a->runners);
    free(a->order);
}

bool after_copy_check(struct migration *m, struct err *err) {
    struct task_list tasks;
    bool ok = task_list_read(&tasks, m, err);
    task_list_free(&tasks);
    return ok;
}

bool after_copy_run(struct migration *m, struct err *err) {
    struct after_copy a = {.m = m, .log = {m->config->migration, "after_copy", 0}};
    bool ok = task_list_load(&a.tasks, m, err);
    size_t n_open = ok ? count_open(&a) : 0;
    if (n_open > 0) {
        begin(&a, n_open);
        ok = work(&a, err);
        if (m->loop->stopping) {
            cancel_all(&a);
        }
        end(&a);
    }
    task_list_free(&a.tasks);
    return ok;
}
