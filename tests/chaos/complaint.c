/* complaint.c - gathers what went wrong. */
#include "complaint.h"

#include <stdarg.h>
#include <stdio.h>

enum { KEPT = 8, TEXT_SIZE = 8192 };

void complaints_init(struct complaints *complaints) {
    pthread_mutex_init(&complaints->lock, NULL);
    buf_init(&complaints->text);
    complaints->count = 0;
}

void complaints_fini(struct complaints *complaints) {
    pthread_mutex_destroy(&complaints->lock);
    buf_fini(&complaints->text);
}

void complaints_reset(struct complaints *complaints) {
    buf_reset(&complaints->text);
    complaints->count = 0;
}

bool complain(struct complaints *complaints, const char *format, ...) {
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    pthread_mutex_lock(&complaints->lock);
    bool kept = complaints->count++ < KEPT;
    if (kept) {
        buf_add_format(&complaints->text, "  %s\n", text);
    }
    pthread_mutex_unlock(&complaints->lock);
    return kept;
}

void complaint_detail(struct complaints *complaints, const char *text) {
    pthread_mutex_lock(&complaints->lock);
    buf_add_text(&complaints->text, text);
    pthread_mutex_unlock(&complaints->lock);
}
