/* protocol.h - the messages inside a replication stream's COPY data.
 *
 * Source: PostgreSQL's documentation, "Streaming Replication Protocol". All
 * integers are big-endian; times are microseconds since 2000-01-01. Pure. */
#ifndef PGTANDEM_STREAM_PROTOCOL_H
#define PGTANDEM_STREAM_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/lsn.h"
#include "base/timestamp.h"

enum frame_kind { FRAME_DATA, FRAME_KEEPALIVE };

struct frame {
    enum frame_kind kind;
    /* KEEPALIVE: everything committed before it has been sent */
    lsn_t wal_end;
    bool reply_requested; /* KEEPALIVE */
    const char *data;     /* DATA: the output plugin's message, borrowed */
    size_t size;
};

bool frame_parse(const char *data, size_t size, struct frame *frame, struct err *err)
    __attribute__((warn_unused_result));

/* Only `flushed` moves a slot forward: report nothing there that is not
 * durable in the target. */
enum { STATUS_SIZE = 34 };
void status_build(char status[STATUS_SIZE], lsn_t received, lsn_t flushed, usec_t now,
                  bool request_reply);

#endif
