/* proxy.h - stands between pgtandem and a server, and spoils their connections.
 *
 * Listens on a port of 127.0.0.1 and passes everything on to the server's socket,
 * in a thread of its own. It can cut connections, hand over late, hold everything
 * back for a while, and turn new connections away. What it reads it passes on
 * unchanged and in order, or not at all. */
#ifndef CHAOS_PROXY_H
#define CHAOS_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct proxy_pair;

struct proxy {
    char path[108]; /* the server's socket */
    int listener;
    int wake[2]; /* a byte here ends the thread's waiting */
    pthread_t thread;
    struct proxy_pair *pairs;

    /* what is asked of it */
    atomic_int delay_ms;      /* each piece is handed over so much later */
    atomic_bool hold;         /* nothing is read or written */
    atomic_bool refuse;       /* new connections are closed at once */
    atomic_uint_fast64_t cut; /* bits: connections to be cut, by place in the list */
    atomic_bool ending;
};

/* False when the port is taken. */
bool proxy_start(struct proxy *proxy, int port, const char *socket_dir, const char *server_port)
    __attribute__((warn_unused_result));
void proxy_end(struct proxy *proxy);

/* Cuts the connections whose place in the list is a one bit. */
void proxy_cut(struct proxy *proxy, uint64_t which);
void proxy_delay(struct proxy *proxy, int milliseconds);
void proxy_hold(struct proxy *proxy, bool hold);
void proxy_refuse(struct proxy *proxy, bool refuse);

#endif
