/* status_show.h - a status for programs and for people. */
#ifndef PGTANDEM_COMMAND_STATUS_SHOW_H
#define PGTANDEM_COMMAND_STATUS_SHOW_H

#include <stdbool.h>

#include "base/buf.h"
#include "command/json.h"
#include "command/status_read.h"

/* One object, as docs/commands.md has it; figures that are not known are null. */
void status_add_json(struct json *json, const struct migration *m, const struct status *status);

/* Lines of 80 columns at most. What is not known is said in words. */
void status_add_text(struct buf *out, const struct migration *m, const struct status *status);

#endif
