/* service_chore.h - what a service does between two turns of the loop. */
#ifndef PGTANDEM_COMMAND_SERVICE_CHORE_H
#define PGTANDEM_COMMAND_SERVICE_CHORE_H

#include "command/service.h"

void chore_init(struct service *service);
/* Takes over the migration's lock, remembers the tables as they are, and from
 * then on is called by the loop. */
bool chore_begin(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Remembers the new tables as they are now, for a step. */
bool chore_look_again(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Reports the last state. */
void chore_end(struct service *service);

#endif
