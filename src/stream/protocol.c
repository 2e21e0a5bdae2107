/* protocol.c - see protocol.h. */
#include "stream/protocol.h"

#include <string.h>

enum { DATA_HEADER = 25, KEEPALIVE_SIZE = 18 };

static uint64_t read_u64(const char *p) {
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++) {
        n = n << 8 | (unsigned char)p[i];
    }
    return n;
}

static char *write_u64(char *p, uint64_t n) {
    for (size_t i = 0; i < 8; i++) {
        p[i] = (char)(n >> (56 - 8 * i));
    }
    return p + 8;
}

bool frame_parse(const char *data, size_t size, struct frame *frame, struct err *err) {
    memset(frame, 0, sizeof *frame);
    if (size >= DATA_HEADER && data[0] == 'w') {
        frame->kind = FRAME_DATA;
        frame->wal_end = read_u64(data + 9);
        frame->data = data + DATA_HEADER;
        frame->size = size - DATA_HEADER;
        return true;
    }
    if (size == KEEPALIVE_SIZE && data[0] == 'k') {
        frame->kind = FRAME_KEEPALIVE;
        frame->wal_end = read_u64(data + 1);
        frame->reply_requested = data[17] != 0;
        return true;
    }
    return err_set(err, ERR_FAILED, "unknown replication message '%c' of %zu bytes",
                   size > 0 && data[0] > ' ' ? data[0] : '?', size);
}

void status_build(char status[STATUS_SIZE], lsn_t received, lsn_t flushed, usec_t now,
                  bool request_reply) {
    char *p = status;
    *p++ = 'r';
    p = write_u64(p, received);
    p = write_u64(p, flushed);
    p = write_u64(p, flushed);
    p = write_u64(p, (uint64_t)(now - USEC_POSTGRES_EPOCH));
    *p = request_reply ? 1 : 0;
}
