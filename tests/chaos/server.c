/* server.c - pg_ctl and pg_receivewal. */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conn.h"
#include "process.h"

#define STANDBY "chaos_standby"

static char *path_of(const struct server *s, const char *file) {
    return mem_printf("%s/%s", s->folder, file);
}

static void pg_ctl(const struct server *s, const char *action, const char *mode) {
    char *program = mem_printf("%s/pg_ctl", s->pg_bin), *data = path_of(s, "data");
    char *server_log = path_of(s, "log"), *log = path_of(s, "pg_ctl.log");
    const char *words[16] = {program,
                             action,
                             "--silent",
                             "--wait",
                             "--timeout=60",
                             "--pgdata",
                             data,
                             mode != NULL ? "--mode" : "--log",
                             mode != NULL ? mode : server_log,
                             NULL};
    int status = process_run(words, log, AS_SERVER);
    if (status != 0) {
        fprintf(stderr, "nemesis: pg_ctl %s of %s ended with status %d; see %s\n", action, s->name,
                status, server_log);
        exit(1);
    }
    free(program);
    free(data);
    free(server_log);
    free(log);
}

/* In a folder of its own each time: it then begins where the server is now. */
static void start_standby(struct server *s) {
    if (!s->with_standby) {
        return;
    }
    char *program = mem_printf("%s/pg_receivewal", s->pg_bin);
    char *folder = mem_printf("%s/standby-%d", s->folder, ++s->standbys);
    char *log = path_of(s, "standby.log");
    char *dsn = mem_printf("host=%s port=%s user=postgres application_name=" STANDBY, s->socket_dir,
                           s->port);
    const char *mkdir[] = {"/bin/mkdir", folder, NULL};
    const char *words[] = {program, "--synchronous", "--no-loop", "--directory",
                           folder,  "--dbname",      dsn,         NULL};
    if (process_run(mkdir, log, AS_SERVER) != 0) {
        fprintf(stderr, "nemesis: cannot make %s\n", folder);
        exit(1);
    }
    s->standby = process_start(words, log, AS_SERVER);
    free(program);
    free(folder);
    free(log);
    free(dsn);
}

static void end_standby(struct server *s) {
    if (s->standby == 0) {
        return;
    }
    process_kill(s->standby);
    s->standby = 0;
    char *folder = mem_printf("%s/standby-%d", s->folder, s->standbys);
    char *log = path_of(s, "standby.log");
    const char *words[] = {"/bin/rm", "-rf", folder, NULL};
    (void)process_run(words, log, AS_SERVER);
    free(folder);
    free(log);
}

PGconn *server_connect(const struct server *s) {
    char *dsn = mem_printf("host=%s port=%s dbname=postgres user=postgres", s->socket_dir, s->port);
    PGconn *conn = conn_open(dsn);
    free(dsn);
    return conn;
}

/* In force when it returns, or very soon after. */
static void set_standby_names(const struct server *s, const char *statement) {
    PGconn *conn = server_connect(s);
    PQclear(conn_query(conn, statement, 0, NULL));
    PQclear(conn_query(conn, "SELECT pg_reload_conf()", 0, NULL));
    PQfinish(conn);
}

void server_begin(struct server *s) {
    if (s->with_standby) {
        start_standby(s);
        set_standby_names(s, "ALTER SYSTEM SET synchronous_standby_names = '" STANDBY "'");
    }
}

void server_end(struct server *s) {
    if (s->with_standby) {
        set_standby_names(s, "ALTER SYSTEM RESET synchronous_standby_names");
        end_standby(s);
    }
}

void server_crash(struct server *s) {
    pg_ctl(s, "stop", "immediate");
    end_standby(s);
}

void server_stop(struct server *s) {
    pg_ctl(s, "stop", "fast");
    end_standby(s);
}

void server_start(struct server *s) {
    pg_ctl(s, "start", NULL);
    start_standby(s);
}

void server_stall_standby(struct server *s) {
    if (s->standby != 0) {
        process_stop(s->standby);
    }
}

void server_release_standby(struct server *s) {
    if (s->standby != 0) {
        process_continue(s->standby);
    }
}
