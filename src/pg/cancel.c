/* cancel.c - see cancel.h. */
#include "pg/cancel.h"

#include <pthread.h>
#include <signal.h>

/* The thread owns the request; it shares nothing with the rest of the process. */
static void *send_request(void *request) {
    PGcancel *cancel = request;
    char message[256];
    (void)PQcancel(cancel, message, sizeof message);
    PQfreeCancel(cancel);
    return NULL;
}

/* Signals are for the loop. */
static bool start_thread(PGcancel *cancel) {
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&thread, NULL, send_request, cancel) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok) {
        pthread_detach(thread);
    }
    return ok;
}

bool cancel_send(PGconn *conn) {
    PGcancel *cancel = PQgetCancel(conn);
    if (cancel == NULL) {
        return false;
    }
    bool ok = start_thread(cancel);
    if (!ok) {
        PQfreeCancel(cancel);
    }
    return ok;
}
