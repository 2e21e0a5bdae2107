/* version.c - `pgtandem version`: what it is, and what it is linked with. */
#include <libpq-fe.h>
#include <stdio.h>
#include <uv.h>
#include <yajl/yajl_version.h>
#include <yaml.h>

#include "command/command.h"

/* Numbers as the libraries give them: 150020 is 15.20, 20100 is 2.1.0. */
int command_version(struct invocation *invocation) {
    (void)invocation;
    int pq = PQlibVersion(), yajl = yajl_version();
    printf("pgtandem %s\n", PGTANDEM_VERSION);
    printf("libpq    %d.%d\n", pq / 10000, pq % 10000);
    printf("libuv    %s\n", uv_version_string());
    printf("yajl     %d.%d.%d\n", yajl / 10000, yajl / 100 % 100, yajl % 100);
    printf("libyaml  %s\n", yaml_get_version_string());
    return 0;
}
