/* service_record.h - what a service's process leaves in both databases: that it lives,
 * when it began, when and why it ended.
 *
 * Why: whoever asks later, on another host, and perhaps with one of the databases away,
 *   is to be told since when, and why. What was not written was not known: a process
 *   that is killed leaves its last sign of life, and no end.
 * Where: in the rows of pgtandem.link, on the chore's connections; the sign of presence
 *   is a lock in the old database (pg/state.h), as the migration's lock is in the new.
 * Errors: nothing depends on these records, so none but of record_begin(). */
#ifndef PGTANDEM_COMMAND_SERVICE_RECORD_H
#define PGTANDEM_COMMAND_SERVICE_RECORD_H

#include "command/service.h"

/* Links are as good as new from here on: what they had failed for is forgotten. */
bool record_begin(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Holds the lock in the old database, again if the connection was lost. */
void record_presence(struct service *service);
/* A sign of life where a link has nothing to tell. */
void record_life(struct service *service, enum direction direction);
/* Of this process only, should another one have taken over. A start that failed before
 * record_begin() is recorded if it had the migration's lock. */
void record_end(struct service *service);

#endif
