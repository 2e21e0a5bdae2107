/* main.c - the nemesis: plays rounds on servers and a migration that tests/chaos/run
 * has prepared, and prints a line for each.
 *
 * Exit status: 0 when every round passed, 4 when one failed, 1 when the nemesis
 * itself did not get on. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "clock.h"
#include "round.h"

struct options {
    uint64_t seed;
    int first, rounds;
    bool go_on; /* after a failure */
    bool standby;
    const char *socket_dir, *pg_bin;
    int ports[SERVERS]; /* of the proxies */
};

/* NAME,FOLDER,PORT,PROXY_PORT; the text is taken apart in place. */
static bool read_server(char *text, struct server *server, int *proxy_port) {
    char *rest = NULL, *proxy = NULL;
    server->name = strtok_r(text, ",", &rest);
    server->folder = strtok_r(NULL, ",", &rest);
    server->port = strtok_r(NULL, ",", &rest);
    proxy = strtok_r(NULL, ",", &rest);
    *proxy_port = proxy != NULL ? (int)strtol(proxy, NULL, 10) : 0;
    return *proxy_port > 0;
}

static bool read_option(int option, char *value, struct options *options, struct stage *stage) {
    struct victims *victims = &stage->victims;
    switch (option) {
        case 's':
            options->seed = strtoull(value, NULL, 10);
            return true;
        case 'f':
            options->first = (int)strtol(value, NULL, 10);
            return true;
        case 'r':
            options->rounds = (int)strtol(value, NULL, 10);
            return true;
        case 'v':
            stage->by_version = true;
            return true;
        case 'j':
            stage->disjoint = true;
            return true;
        case 'g':
            options->go_on = true;
            return true;
        case 'y':
            options->standby = true;
            return true;
        case 'd':
            options->socket_dir = value;
            return true;
        case 'b':
            options->pg_bin = value;
            return true;
        case 'p':
            victims->service->program = value;
            return true;
        case 'l':
            victims->service->log = value;
            return true;
        case 'o':
            stage->judge_dsn[OLD] = value;
            return true;
        case 'n':
            stage->judge_dsn[NEW] = value;
            return true;
        case 'S':
            return victims->n_servers < SERVERS &&
                   read_server(value, &victims->servers[victims->n_servers],
                               &options->ports[victims->n_servers]) &&
                   ++victims->n_servers > 0;
        default:
            return false;
    }
}

static bool read_options(int argc, char **argv, struct options *options, struct stage *stage) {
    static const struct option known[] = {{"seed", required_argument, NULL, 's'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"by-version", no_argument, NULL, 'v'},
                                          {"disjoint", no_argument, NULL, 'j'},
                                          {"go-on", no_argument, NULL, 'g'},
                                          {"standby", no_argument, NULL, 'y'},
                                          {"sockets", required_argument, NULL, 'd'},
                                          {"pg-bin", required_argument, NULL, 'b'},
                                          {"program", required_argument, NULL, 'p'},
                                          {"log", required_argument, NULL, 'l'},
                                          {"old", required_argument, NULL, 'o'},
                                          {"new", required_argument, NULL, 'n'},
                                          {"server", required_argument, NULL, 'S'},
                                          {0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!read_option(option, optarg, options, stage)) {
            return false;
        }
    }
    return optind == argc && stage->judge_dsn[OLD] != NULL && stage->judge_dsn[NEW] != NULL &&
           stage->victims.service->program != NULL && stage->victims.service->log != NULL &&
           stage->victims.n_servers > 0 && options->socket_dir != NULL && options->pg_bin != NULL;
}

/* ---- what the nemesis works on ---- */

static void name_connections(struct stage *stage) {
    for (enum side side = OLD; side < SIDES; side++) {
        const char *dsn = stage->judge_dsn[side];
        stage->writer_dsn[side] =
            mem_printf("%s application_name='chaos writer' options='-c timezone=UTC"
                       " -c lock_timeout=5s -c client_min_messages=error'",
                       dsn);
        stage->judge_dsn[side] =
            mem_printf("%s application_name='chaos judge' options='-c timezone=UTC"
                       " -c client_min_messages=error'",
                       dsn);
    }
}

static void open_stage(const struct options *options, struct stage *stage) {
    struct victims *v = &stage->victims;
    for (int i = 0; i < v->n_servers; i++) {
        struct server *server = &v->servers[i];
        server->socket_dir = options->socket_dir;
        server->pg_bin = options->pg_bin;
        server->with_standby = options->standby;
        server_begin(server);
        if (!proxy_start(&v->proxies[i], options->ports[i], options->socket_dir, server->port)) {
            fprintf(stderr, "nemesis: cannot listen on port %d\n", options->ports[i]);
            exit(1);
        }
    }
    service_start(v->service);
}

static void close_stage(struct stage *stage) {
    struct victims *v = &stage->victims;
    int status = service_end(v->service);
    if (status != 0) {
        printf("# pgtandem ended with status %d upon SIGTERM\n", status);
    }
    for (int i = 0; i < v->n_servers; i++) {
        proxy_end(&v->proxies[i]);
        server_end(&v->servers[i]);
    }
}

/* ---- rounds ---- */

static void print_round(const struct stage *stage, const struct round *round, bool passed) {
    struct buf faults;
    const struct verdict *v = &round->verdict;
    buf_init(&faults);
    schedule_show(&round->schedule, &faults);
    printf("%s - round %d: transactions %zu/%zu, changes %zu/%zu, keys %zu, alone %zu, contested "
           "%zu, crossed %zu, conflicts %zu, parked %zu; %.1f s, settled in %.1f s; faults: %s\n",
           passed ? "ok" : "FAILED", round->number, round->transactions[OLD],
           round->transactions[NEW], round->changes[OLD], round->changes[NEW], v->keys, v->alone,
           v->contested, v->crossed, v->conflicts, v->parked, round->seconds, round->settle_seconds,
           buf_text(&faults));
    if (!passed) {
        printf("  seed %llu, round %d: %d complaints; writers' mean gap %d ms%s%s\n%s",
               (unsigned long long)stage->seed, round->number, stage->complaints.count,
               round->mean_gap, round->bulk ? ", large transactions" : "",
               round->wait_first ? "" : ", begun before the first rows were across",
               buf_text(&stage->complaints.text));
    }
    fflush(stdout);
    buf_fini(&faults);
}

/* A failed round leaves pgtandem anywhere; the next one begins from there. */
static bool recover(struct stage *stage) {
    struct service *service = stage->victims.service;
    int status = 0;
    if (!service_supervise(service, &status)) {
        service_start(service);
    }
    complaints_reset(&stage->complaints);
    return stage_open(stage);
}

static int play(const struct options *options, struct stage *stage) {
    int failed = 0;
    for (int i = 0; i < options->rounds; i++) {
        struct round round;
        bool all_keys = i % 10 == 9 || i == options->rounds - 1;
        bool passed = round_play(stage, &round, options->first + i, all_keys);
        print_round(stage, &round, passed);
        failed += passed ? 0 : 1;
        if (!passed && (!options->go_on || !recover(stage))) {
            break;
        }
    }
    return failed;
}

int main(int argc, char **argv) {
    static struct server servers[SERVERS];
    static struct proxy proxies[SERVERS];
    static struct service service;
    static struct stage stage;
    struct options options = {.rounds = 1};
    stage_init(&stage);
    stage.victims = (struct victims){.service = &service, .servers = servers, .proxies = proxies};
    if (!read_options(argc, argv, &options, &stage)) {
        fputs("nemesis: started by tests/chaos/run\n", stderr);
        return 2;
    }
    stage.seed = options.seed;
    signal(SIGPIPE, SIG_IGN);
    name_connections(&stage);
    open_stage(&options, &stage);
    int failed = 0;
    if (stage_open(&stage)) {
        failed = play(&options, &stage);
    } else {
        printf("FAILED - before round %d\n%s", options.first, buf_text(&stage.complaints.text));
        failed = 1;
    }
    close_stage(&stage);
    return failed > 0 ? 4 : 0;
}
