/* service.c - starts and ends pgtandem. */
#include "service.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "process.h"

enum { RESTART_MS = 100, LOG_END = 2000 };

static void absent_from_now(struct service *s) {
    if (s->n_absences < ABSENCES) {
        s->absences[s->n_absences] = (struct absence){.from = usec_now(), .to = INT64_MAX};
        s->absent = true;
    }
}

static void present_from_now(struct service *s) {
    if (s->absent) {
        s->absences[s->n_absences++].to = usec_now();
        s->absent = false;
    }
}

static long log_size(const struct service *s) {
    struct stat info;
    return stat(s->log, &info) == 0 ? (long)info.st_size : 0;
}

void service_start(struct service *s) {
    const char *words[] = {s->program, "run", NULL};
    present_from_now(s);
    s->log_begins = log_size(s);
    s->pid = process_start(words, s->log, AS_SELF);
    s->paused = false;
}

void service_kill(struct service *s) {
    if (s->pid != 0) {
        process_kill(s->pid);
        s->pid = 0;
        absent_from_now(s);
    }
}

void service_pause(struct service *s) {
    if (s->pid != 0 && !s->paused) {
        process_stop(s->pid);
        s->paused = true;
        absent_from_now(s);
    }
}

void service_resume(struct service *s) {
    if (s->pid != 0 && s->paused) {
        present_from_now(s);
        process_continue(s->pid);
        s->paused = false;
    }
}

int service_end(struct service *s) {
    int status = 0;
    if (s->pid == 0) {
        return 0;
    }
    kill(s->pid, SIGTERM);
    for (int waited = 0; waited < 15000; waited += 20) {
        if (process_ended(s->pid, &status)) {
            s->pid = 0;
            return status;
        }
        sleep_ms(20);
    }
    service_kill(s);
    return 128 + SIGKILL;
}

/* Did it end with an error that says so? */
static bool ended_for_want_of_a_server(const struct service *s) {
    static const char *const words[] = {"cannot connect", "server closed the connection",
                                        "terminating connection", "the database system is"};
    char line[4096];
    bool found = false;
    FILE *log = fopen(s->log, "re");
    if (log == NULL) {
        return false;
    }
    if (fseek(log, s->log_begins, SEEK_SET) == 0) {
        while (!found && fgets(line, sizeof line, log) != NULL) {
            for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
                found = found || (strncmp(line, "pgtandem: ", 10) == 0 && strstr(line, words[i]));
            }
        }
    }
    fclose(log);
    return found;
}

bool service_supervise(struct service *s, int *status) {
    if (s->pid == 0 || !process_ended(s->pid, status)) {
        return s->pid != 0;
    }
    s->pid = 0;
    if (!ended_for_want_of_a_server(s)) {
        return false;
    }
    sleep_ms(RESTART_MS);
    service_start(s);
    return true;
}

void service_log_end(const struct service *s, struct buf *text) {
    char line[4096];
    FILE *log = fopen(s->log, "re");
    if (log == NULL) {
        return;
    }
    if (fseek(log, -LOG_END, SEEK_END) != 0) {
        rewind(log);
    }
    while (fgets(line, sizeof line, log) != NULL) {
        buf_add_format(text, "    | %s", line);
    }
    fclose(log);
}

bool service_status(const struct service *s, struct buf *json) {
    const char *words[] = {s->program, "status", "--json", NULL};
    return process_read(words, s->log, json) == 0;
}
