/* loop.c - see loop.h. */
#include "pg/loop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { CHORE_INTERVAL = 50 * 1000 }; /* microseconds between two chores at the latest */
static const usec_t hearing_interval = USEC_SECOND / 5;

static void on_signal(uv_signal_t *handle, int number) {
    struct loop *loop = handle->data;
    if (loop->stopping) {
        _exit(128 + number);
    }
    loop->stopping = true;
    loop->stopping_at = usec_monotonic();
}

/* A timer that is due before the turn has begun to wait would leave it without one: the
 * turn is told to look once, and not to wait. */
static void on_alarm(uv_timer_t *timer) {
    uv_stop(timer->loop);
}

bool loop_init(struct loop *loop, struct err *err) {
    memset(loop, 0, sizeof *loop);
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        return err_set(err, ERR_FAILED, "cannot start an event loop: %s", uv_strerror(status));
    }
    signal(SIGPIPE, SIG_IGN);
    uv_signal_init(&loop->uv, &loop->on_term);
    uv_signal_init(&loop->uv, &loop->on_int);
    uv_timer_init(&loop->uv, &loop->alarm);
    loop->on_term.data = loop->on_int.data = loop;
    uv_signal_start(&loop->on_term, on_signal, SIGTERM);
    uv_signal_start(&loop->on_int, on_signal, SIGINT);
    return true;
}

void loop_fini(struct loop *loop) {
    uv_close((uv_handle_t *)&loop->on_term, NULL);
    uv_close((uv_handle_t *)&loop->on_int, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
        /* handles that are closing have their callbacks run */
    }
    uv_loop_close(&loop->uv);
}

void loop_turn(struct loop *loop, usec_t patience) {
    uint64_t milliseconds = patience <= 0 ? 0 : (uint64_t)((patience + 999) / 1000);
    uv_update_time(&loop->uv); /* its clock stands since the last turn, whatever was done since */
    uv_timer_start(&loop->alarm, on_alarm, milliseconds, 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
}

static void do_chore(struct loop *loop) {
    if (loop->chore != NULL && !loop->in_chore) {
        loop->in_chore = true;
        loop->chore(loop->chore_owner);
        loop->in_chore = false;
    }
}

/* waits that take long */

void loop_wait_begin(struct loop *loop, struct loop_wait *wait, const char *what) {
    *wait = (struct loop_wait){.what = what, .outer = loop->waits};
    waiting_begin(&wait->waiting, usec_monotonic());
    loop->waits = wait;
}

void loop_wait_end(struct loop *loop, struct loop_wait *wait) {
    loop->waits = wait->outer;
    if (wait->heard && loop->on_wait != NULL) {
        loop->on_wait(loop->wait_owner, wait, true);
    }
}

/* The outermost first. */
static void tell_waits(struct loop *loop, struct loop_wait *wait, usec_t now) {
    if (wait == NULL) {
        return;
    }
    tell_waits(loop, wait->outer, now);
    if (waiting_time(&wait->waiting, now) >= USEC_SECOND) {
        wait->heard = true;
        loop->on_wait(loop->wait_owner, wait, false);
    }
}

static void hear_waits(struct loop *loop) {
    usec_t now = usec_monotonic();
    if (loop->on_wait != NULL && now - loop->heard_at >= hearing_interval) {
        loop->heard_at = now;
        tell_waits(loop, loop->waits, now);
    }
}

/* waiting */

static bool wait_until(struct loop *loop, const bool *done, usec_t timeout, const char *what,
                       struct err *err) {
    usec_t deadline = timeout == LOOP_FOREVER ? INT64_MAX : usec_monotonic() + timeout;
    while (!*done) {
        if (loop->stopping && !loop->shielded) {
            return err_set(err, ERR_FAILED, "stopped by a signal while waiting for %s", what);
        }
        usec_t left = deadline - usec_monotonic();
        if (left <= 0) {
            err_set(err, ERR_TIMEOUT, "timed out after %.1f s waiting for %s",
                    (double)timeout / 1e6, what);
            return err_set_class(err, ERR_CLASS_PASSING);
        }
        loop_turn(loop, left < CHORE_INTERVAL ? left : CHORE_INTERVAL);
        do_chore(loop);
        hear_waits(loop);
    }
    return true;
}

bool loop_wait(struct loop *loop, const bool *done, usec_t timeout, const char *what,
               struct err *err) {
    struct loop_wait wait;
    loop_wait_begin(loop, &wait, what);
    bool ok = wait_until(loop, done, timeout, what, err);
    loop_wait_end(loop, &wait);
    return ok;
}

bool loop_sleep(struct loop *loop, usec_t duration, struct err *err) {
    bool never = false;
    struct err ended;
    err_clear(&ended);
    if (!wait_until(loop, &never, duration > 0 ? duration : 1, "a moment", &ended) &&
        ended.code == ERR_TIMEOUT) {
        return true;
    }
    if (err != NULL) {
        *err = ended;
    }
    return false;
}
