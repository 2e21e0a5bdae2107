/* process.h - programs that are started, signalled and ended by their id.
 *
 * What is started here dies with the nemesis. It is the main thread's: the kernel
 * counts a child as an orphan when the thread that started it ends. */
#ifndef CHAOS_PROCESS_H
#define CHAOS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/* Who a program runs as: PostgreSQL's do not run as root. */
enum run_as { AS_SELF, AS_SERVER };

/* Output goes to the end of the file `log`. Ends the nemesis when it cannot. */
pid_t process_start(const char *const *argv, const char *log, enum run_as as);
/* SIGKILL, and waits for it to be gone. */
void process_kill(pid_t pid);
/* SIGSTOP, and waits until it has stopped. */
void process_stop(pid_t pid);
void process_continue(pid_t pid);
/* Has it ended by itself? It is then waited for, and `status` is its exit status. */
bool process_ended(pid_t pid, int *status);

/* Runs it to its end and returns its exit status (128 and more: a signal). */
int process_run(const char *const *argv, const char *log, enum run_as as);
/* The same, with standard output appended to `output`. */
int process_read(const char *const *argv, const char *log, struct buf *output);

#endif
