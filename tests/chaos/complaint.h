/* complaint.h - what went wrong in a round, told by any thread. */
#ifndef CHAOS_COMPLAINT_H
#define CHAOS_COMPLAINT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"

struct complaints {
    pthread_mutex_t lock;
    struct buf text;
    int count;
};

void complaints_init(struct complaints *complaints);
void complaints_fini(struct complaints *complaints);
void complaints_reset(struct complaints *complaints);
/* One complaint; of more than a few dozen in a round only the number is kept.
 * Returns whether it was kept, so that details need not be gathered in vain. */
bool complain(struct complaints *complaints, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Belongs to the complaint before it; not counted, and not cut short. */
void complaint_detail(struct complaints *complaints, const char *text);

#endif
