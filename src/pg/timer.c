/* timer.c - see timer.h. */
#include "pg/timer.h"

#include <stdlib.h>

#include "base/mem.h"

struct timer {
    uv_timer_t handle;
    void (*fire)(void *owner);
    void *owner;
};

static void on_timer(uv_timer_t *handle) {
    struct timer *timer = handle->data;
    timer->fire(timer->owner);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *owner), void *owner) {
    struct timer *timer = mem_zero(1, sizeof *timer);
    uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    timer->fire = fire;
    timer->owner = owner;
    return timer;
}

void timer_free(struct timer *timer) {
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->handle, on_closed);
    }
}

void timer_start(struct timer *timer, usec_t delay) {
    uv_update_time(timer->handle.loop);
    uv_timer_start(&timer->handle, on_timer, delay <= 0 ? 0 : (uint64_t)((delay + 999) / 1000), 0);
}

void timer_stop(struct timer *timer) {
    uv_timer_stop(&timer->handle);
}
