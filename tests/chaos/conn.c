/* conn.c - libpq, for those who cannot do without an answer. */
#include "conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

enum { TRIES = 100, RETRY_MS = 50 };

static void give_up(PGconn *conn, const char *doing) {
    fprintf(stderr, "nemesis: %s: %s", doing, PQerrorMessage(conn));
    exit(1);
}

static void swallow(void *argument, const char *message) {
    (void)argument;
    (void)message;
}

void conn_silence(PGconn *conn) {
    (void)PQsetNoticeProcessor(conn, swallow, NULL);
}

PGconn *conn_open(const char *dsn) {
    PGconn *conn = PQconnectdb(dsn);
    for (int i = 0; i < TRIES && PQstatus(conn) != CONNECTION_OK; i++) {
        sleep_ms(RETRY_MS);
        PQreset(conn);
    }
    if (PQstatus(conn) != CONNECTION_OK) {
        give_up(conn, "cannot connect");
    }
    conn_silence(conn);
    return conn;
}

PGresult *conn_query(PGconn *conn, const char *sql, int count, const char *const *values) {
    PGresult *result = PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
        give_up(conn, sql);
    }
    return result;
}

long long conn_number(PGconn *conn, const char *sql) {
    PGresult *result = conn_query(conn, sql, 0, NULL);
    long long number = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return number;
}
