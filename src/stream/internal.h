/* internal.h - what link.c and connect.c share, and nobody else sees. */
#ifndef PGTANDEM_STREAM_INTERNAL_H
#define PGTANDEM_STREAM_INTERNAL_H

#include "stream/link.h"

extern const struct session_events link_stream_events;

/* link.c */
void link_set_state(struct link *link, enum link_state state);
/* Closes the connections and forgets what was gathered. */
void link_close(struct link *link);
/* The one way into `retrying` and `failed`; logs it and ends the connections. By the error's class
 * the link is to connect again, or a person must act: a row's own fault that nobody has parked
 * stops a link, too. */
void link_fail(struct link *link, const struct err *err);
void link_begin_streaming(struct link *link);
void link_on_heartbeat(void *owner);

/* connect.c */
/* Opens `stream` and sends START_REPLICATION; from the first datum on, events
 * go to `events` and `owner`. Sequential. */
bool link_start_stream(struct loop *loop, struct db *stream, const char *sql,
                       const struct session_events *events, void *owner, struct err *err)
    __attribute__((warn_unused_result));
void link_init_connections(struct link *link);

#endif
