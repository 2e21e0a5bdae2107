/* proxy.c - a loop around poll() over pairs of sockets. */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "clock.h"

enum { PIECE = 32768, PAIRS_POLLED = 128, CLIENT = 0, SERVER = 1 };

/* One direction: what was read from one end and is still to be written to the other. */
struct flow {
    char data[PIECE];
    size_t at, size;
    usec_t due;
    bool ended; /* the reading end has closed */
};

struct proxy_pair {
    struct proxy_pair *next;
    int fd[2];
    struct flow flow[2]; /* flow[CLIENT] comes from the client */
    bool broken;
};

/* ---- sockets ---- */

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A server's socket answers at once or not at all. */
static int connect_to(const char *path) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* ---- pairs ---- */

static void accept_one(struct proxy *p) {
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
    if (client < 0) {
        return;
    }
    int server = atomic_load(&p->refuse) ? -1 : connect_to(p->path);
    if (server < 0) {
        close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct proxy_pair *pair = mem_zero(1, sizeof *pair);
    pair->fd[CLIENT] = client;
    pair->fd[SERVER] = server;
    struct proxy_pair **end = &p->pairs;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = pair;
}

static void remove_broken(struct proxy *p) {
    for (struct proxy_pair **at = &p->pairs; *at != NULL;) {
        struct proxy_pair *pair = *at;
        if (!pair->broken) {
            at = &pair->next;
            continue;
        }
        *at = pair->next;
        close(pair->fd[CLIENT]);
        close(pair->fd[SERVER]);
        free(pair);
    }
}

static void cut_some(struct proxy *p) {
    uint64_t which = atomic_exchange(&p->cut, 0);
    for (struct proxy_pair *pair = p->pairs; pair != NULL && which != 0; pair = pair->next) {
        pair->broken = pair->broken || (which & 1) != 0;
        which >>= 1;
    }
}

/* ---- flows ---- */

static void read_some(struct proxy *p, struct proxy_pair *pair, int from) {
    struct flow *flow = &pair->flow[from];
    ssize_t size = read(pair->fd[from], flow->data, sizeof flow->data);
    if (size < 0) {
        pair->broken = pair->broken || (errno != EAGAIN && errno != EINTR);
        return;
    }
    flow->ended = size == 0;
    flow->at = 0;
    flow->size = (size_t)size;
    flow->due = usec_monotonic() + atomic_load(&p->delay_ms) * MILLISECOND;
}

static void write_some(struct proxy_pair *pair, int from) {
    struct flow *flow = &pair->flow[from];
    ssize_t size =
        send(pair->fd[1 - from], flow->data + flow->at, flow->size - flow->at, MSG_NOSIGNAL);
    if (size < 0) {
        pair->broken = pair->broken || (errno != EAGAIN && errno != EINTR);
        return;
    }
    flow->at += (size_t)size;
}

static bool is_empty(const struct flow *flow) {
    return flow->at == flow->size;
}

/* What to wait for at both ends; *wait shrinks to when a flow is due. An end that
 * nothing is wanted of is left out, lest its hanging up keep poll() from waiting. */
static void ask(const struct proxy_pair *pair, struct pollfd polled[2], usec_t now, usec_t *wait) {
    for (int end = CLIENT; end <= SERVER; end++) {
        polled[end] = (struct pollfd){.events = 0};
    }
    for (int from = CLIENT; from <= SERVER; from++) {
        const struct flow *flow = &pair->flow[from];
        if (is_empty(flow)) {
            polled[from].events = (short)(polled[from].events | (flow->ended ? 0 : POLLIN));
        } else if (flow->due <= now) {
            polled[1 - from].events = (short)(polled[1 - from].events | POLLOUT);
        } else if (flow->due - now < *wait) {
            *wait = flow->due - now;
        }
    }
    for (int end = CLIENT; end <= SERVER; end++) {
        polled[end].fd = polled[end].events != 0 ? pair->fd[end] : -1;
    }
}

static void serve(struct proxy *p, struct proxy_pair *pair, const struct pollfd polled[2]) {
    for (int end = CLIENT; end <= SERVER && !pair->broken; end++) {
        int hung_up = polled[end].revents & (POLLHUP | POLLERR); /* the call tells which */
        if (polled[end].events & POLLOUT && (polled[end].revents & POLLOUT || hung_up)) {
            write_some(pair, 1 - end);
        }
        if (polled[end].events & POLLIN && (polled[end].revents & POLLIN || hung_up)) {
            read_some(p, pair, end);
        }
    }
    for (int from = CLIENT; from <= SERVER; from++) {
        if (pair->flow[from].ended && is_empty(&pair->flow[from])) {
            pair->broken = true;
        }
    }
}

/* ---- the thread ---- */

static void drain_wake(struct proxy *p) {
    char bytes[64];
    while (read(p->wake[0], bytes, sizeof bytes) > 0) {
    }
}

static void turn(struct proxy *p) {
    struct pollfd polled[2 + 2 * PAIRS_POLLED];
    nfds_t count = 2;
    usec_t wait = USEC_SECOND, now = usec_monotonic();
    bool hold = atomic_load(&p->hold);
    polled[0] = (struct pollfd){.fd = p->wake[0], .events = POLLIN};
    polled[1] = (struct pollfd){.fd = p->listener, .events = (short)(hold ? 0 : POLLIN)};
    for (struct proxy_pair *pair = p->pairs; pair != NULL && !hold; pair = pair->next) {
        if (count < 2 + 2 * PAIRS_POLLED) {
            ask(pair, &polled[count], now, &wait);
            count += 2;
        }
    }
    if (poll(polled, count, (int)(wait / MILLISECOND) + 1) < 0) {
        return;
    }
    drain_wake(p);
    struct proxy_pair *pair = p->pairs;
    for (nfds_t i = 2; i < count; i += 2, pair = pair->next) {
        serve(p, pair, &polled[i]);
    }
    if (polled[1].revents & POLLIN) {
        accept_one(p);
    }
    cut_some(p);
    remove_broken(p);
}

static void *run(void *argument) {
    struct proxy *p = argument;
    while (!atomic_load(&p->ending)) {
        turn(p);
    }
    atomic_store(&p->cut, UINT64_MAX);
    cut_some(p);
    remove_broken(p);
    return NULL;
}

static void wake(struct proxy *p) {
    (void)!write(p->wake[1], "", 1);
}

bool proxy_start(struct proxy *p, int port, const char *socket_dir, const char *server_port) {
    snprintf(p->path, sizeof p->path, "%s/.s.PGSQL.%s", socket_dir, server_port);
    p->pairs = NULL;
    atomic_init(&p->delay_ms, 0);
    atomic_init(&p->hold, false);
    atomic_init(&p->refuse, false);
    atomic_init(&p->cut, 0);
    atomic_init(&p->ending, false);
    p->listener = listen_on(port);
    return p->listener >= 0 && pipe2(p->wake, O_CLOEXEC | O_NONBLOCK) == 0 &&
           pthread_create(&p->thread, NULL, run, p) == 0;
}

void proxy_end(struct proxy *p) {
    atomic_store(&p->ending, true);
    wake(p);
    pthread_join(p->thread, NULL);
    close(p->listener);
    close(p->wake[0]);
    close(p->wake[1]);
}

void proxy_cut(struct proxy *p, uint64_t which) {
    atomic_store(&p->cut, which);
    wake(p);
}

void proxy_delay(struct proxy *p, int milliseconds) {
    atomic_store(&p->delay_ms, milliseconds);
    wake(p);
}

void proxy_hold(struct proxy *p, bool hold) {
    atomic_store(&p->hold, hold);
    wake(p);
}

void proxy_refuse(struct proxy *p, bool refuse) {
    atomic_store(&p->refuse, refuse);
    wake(p);
}
