/* dsn.c - see dsn.h. libpq decides whether a dsn is well formed; what is wrong is then
 * looked for here, since libpq's answer may hold a password. */
#include "pg/dsn.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"

static bool is_uri(const char *dsn) {
    return strncmp(dsn, "postgresql://", 13) == 0 || strncmp(dsn, "postgres://", 11) == 0;
}

/* Without an equals sign it is the name of a database, as for psql. */
static bool is_database_name(const char *dsn) {
    return !is_uri(dsn) && strchr(dsn, '=') == NULL;
}

static const char *skip_space(const char *p) {
    while (isspace((unsigned char)*p)) {
        p++;
    }
    return p;
}

static bool holds_one_of(const char *from, size_t size, const char *set) {
    for (size_t i = 0; i < size; i++) {
        if (strchr(set, from[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* What libpq and the server keep to themselves. */
static bool is_secret(const char *option) {
    return strcmp(option, "password") == 0 || strcmp(option, "sslpassword") == 0;
}

/* what is malformed */

struct words {
    const char **items;
    size_t count;
    PQconninfoOption *options;
};

static void words_init(struct words *words) {
    words->options = PQconninfoParse("", NULL);
    words->count = 0;
    for (PQconninfoOption *o = words->options; o != NULL && o->keyword != NULL; o++) {
        words->count++;
    }
    words->items = mem_zero(words->count + 1, sizeof *words->items);
    for (size_t i = 0; i < words->count; i++) {
        words->items[i] = words->options[i].keyword;
    }
}

static void words_fini(struct words *words) {
    free(words->items);
    PQconninfoFree(words->options);
}

static bool words_have(const struct words *words, const char *name) {
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

struct scan {
    const char *key, *dsn;
    struct words words;
    bool secret; /* a password has begun, or may have: what follows may be a part of it */
    struct err *err;
};

static bool refuse_at(const struct scan *scan, const char *at, const char *what) {
    err_set(scan->err, ERR_USAGE,
            "%s is no connection string that libpq takes: %s at character %zu", scan->key, what,
            (size_t)(at - scan->dsn) + 1);
    return err_hint(scan->err,
                    is_uri(scan->dsn)
                        ? "in a URI, write a character such as @ : / ? # %% of a password as %%XX, "
                          "or leave the password to pgpass"
                        : "put a value with spaces between single quotes, with a backslash before "
                          "each quote and backslash in it; or leave the password to pgpass");
}

/* A password may be in it when the equals sign before that was forgotten. */
static bool may_be_shown(const char *name) {
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0' &&
           strstr(name, "password") == NULL;
}

static bool refuse_option(const struct scan *scan, const char *at, const char *name) {
    const char *meant = suggest_closest(name, scan->words.items, scan->words.count);
    bool shown = !scan->secret && may_be_shown(name);
    err_set(scan->err, ERR_USAGE,
            "%s has an option that libpq does not know%s%s%s, at character %zu%s%s%s", scan->key,
            shown ? ", \"" : "", shown ? name : "", shown ? "\"" : "", (size_t)(at - scan->dsn) + 1,
            meant != NULL ? "; did you mean \"" : "", meant != NULL ? meant : "",
            meant != NULL ? "\"?" : "");
    return err_hint(scan->err, "correct its name, or leave it out; if it is a part of a password, "
                               "put that between single quotes");
}

/* False: it is unknown, and told. */
static bool take_name(struct scan *scan, const char *from, size_t size) {
    char *name = mem_printf("%.*s", (int)size, from);
    bool ok = words_have(&scan->words, name) || refuse_option(scan, from, name);
    scan->secret |= is_secret(name);
    free(name);
    return ok;
}

/* The end of a value, or NULL: its quote is not closed. */
static const char *skip_value(const char *p) {
    bool quoted = *p == '\'';
    for (p += quoted; quoted ? *p != '\'' : *p != '\0' && !isspace((unsigned char)*p); p++) {
        p += *p == '\\' && p[1] != '\0';
        if (*p == '\0') {
            return NULL;
        }
    }
    return p + quoted;
}

static bool scan_words(struct scan *scan) {
    for (const char *p = skip_space(scan->dsn); *p != '\0'; p = skip_space(p)) {
        const char *name = p;
        size_t size = strcspn(p, "= \t\r\n");
        p = skip_space(p + size);
        if (*p != '=') {
            return refuse_at(scan, name, "no = behind a word");
        }
        const char *value = skip_space(p + 1);
        p = skip_value(value);
        if (p == NULL) {
            return refuse_at(scan, value, "a quote that is not closed");
        }
        if (!take_name(scan, name, size)) {
            return false;
        }
        scan->secret |= holds_one_of(value, (size_t)(p - value), ":@;=");
    }
    return refuse_at(scan, scan->dsn, "a mistake");
}

static bool scan_uri(struct scan *scan) {
    scan->secret = strchr(scan->dsn, '@') != NULL;
    const char *p = strchr(scan->dsn, '?');
    while (p != NULL) {
        const char *name = p + 1;
        size_t size = strcspn(name, "=&");
        bool is_alias = (size == 3 && strncmp(name, "ssl", size) == 0);
        if (name[size] == '=' && !is_alias && !take_name(scan, name, size)) {
            return false;
        }
        p = strchr(name, '&');
    }
    return refuse_at(scan, scan->dsn, "a mistake in the URI");
}

static bool refuse_malformed(const char *dsn, const char *key, struct err *err) {
    struct scan scan = {.key = key, .dsn = dsn, .err = err};
    words_init(&scan.words);
    bool ok = is_uri(dsn) ? scan_uri(&scan) : scan_words(&scan);
    words_fini(&scan.words);
    return ok;
}

/* values */

static size_t count_items(const char *list) {
    size_t n = 1;
    for (const char *p = list; *p != '\0'; p++) {
        n += *p == ',';
    }
    return n;
}

static bool is_number(const char *from, size_t size, long least, long most) {
    char *text = mem_printf("%.*s", (int)size, from);
    char *end;
    long value = strtol(text, &end, 10);
    bool ok = end != text && *skip_space(end) == '\0' && value >= least && value <= most;
    free(text);
    return ok;
}

/* A host may go without one. */
static bool are_ports(const char *list) {
    for (const char *p = list;; p++) {
        size_t size = strcspn(p, ",");
        if (size > 0 && !is_number(p, size, 1, 65535)) {
            return false;
        }
        p += size;
        if (*p == '\0') {
            return true;
        }
    }
}

static bool is_one_of(const char *value, const char *list) {
    size_t size = strlen(value);
    for (const char *p = list; *p != '\0'; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (n == size && memcmp(p, value, n) == 0) {
            return true;
        }
        p += n;
    }
    return false;
}

static const struct rule {
    const char *option, *words; /* NULL: a whole number */
} rules[] = {
    {"sslmode", "disable allow prefer require verify-ca verify-full"},
    {"gssencmode", "disable prefer require"},
    {"channel_binding", "disable prefer require"},
    {"target_session_attrs", "any read-write read-only primary standby prefer-standby"},
    {"connect_timeout", NULL},
    {"keepalives", NULL},
    {"keepalives_idle", NULL},
    {"keepalives_interval", NULL},
    {"keepalives_count", NULL},
    {"tcp_user_timeout", NULL},
};

/* An option's value, and where it is from. */
struct found {
    const char *value;
    char where[64]; /* "old.dsn", or the variable of the environment */
};

struct sources {
    const char *key;
    const PQconninfoOption *dsn, *environment;
};

static bool find(const struct sources *sources, const char *name, struct found *found) {
    const PQconninfoOption *lists[] = {sources->dsn, sources->environment};
    for (size_t i = 0; i < 2; i++) {
        for (const PQconninfoOption *o = lists[i]; o != NULL && o->keyword != NULL; o++) {
            if (strcmp(o->keyword, name) == 0 && o->val != NULL && o->val[0] != '\0') {
                found->value = o->val;
                snprintf(found->where, sizeof found->where, "%s",
                         i == 0              ? sources->key
                         : o->envvar != NULL ? o->envvar
                                             : "the service file");
                return true;
            }
        }
    }
    return false;
}

static bool refuse_value(struct err *err, const struct found *found, const char *option,
                         const char *wanted) {
    err_set(err, ERR_USAGE, "the option \"%s\" of %s is not right: it must be %s", option,
            found->where, wanted);
    return err_hint(err, "correct it there, or leave it out");
}

static bool check_ports(const struct sources *sources, struct err *err) {
    struct found port, host;
    if (!find(sources, "port", &port)) {
        return true;
    }
    if (!are_ports(port.value)) {
        return refuse_value(err, &port, "port", "a number from 1 to 65535");
    }
    size_t ports = count_items(port.value);
    bool has_hosts = find(sources, "hostaddr", &host) || find(sources, "host", &host);
    return ports == 1 || ports == (has_hosts ? count_items(host.value) : 1) ||
           refuse_value(err, &port, "port", "one number, or as many as there are hosts");
}

static bool check_rule(const struct sources *sources, const struct rule *rule, struct err *err) {
    struct found found;
    if (!find(sources, rule->option, &found)) {
        return true;
    }
    if (rule->words == NULL) {
        return is_number(found.value, strlen(found.value), -1, 1000L * 1000 * 1000) ||
               refuse_value(err, &found, rule->option, "a whole number");
    }
    char *wanted = mem_printf("one of: %s", rule->words);
    bool ok =
        is_one_of(found.value, rule->words) || refuse_value(err, &found, rule->option, wanted);
    free(wanted);
    return ok;
}

/* names: libpq and the server quote them */

/* "password", and behind it what could bring one. */
static bool names_password(const char *value) {
    static const char word[] = "password";
    for (const char *p = strcasestr(value, word); p != NULL; p = strcasestr(p + 1, word)) {
        const char *next = skip_space(p + strlen(word));
        if (*next == '=' || *next == ':') {
            return true;
        }
    }
    return false;
}

/* What no name of each holds, but two options that ran together do, or a URI that is in
 * the wrong place. Users may have an @ in their names. */
static const struct name_rule {
    const char *option, *never;
    bool may_be_address; /* it may hold :/ */
} name_rules[] = {
    {"host", "@=; \t\r\n", false}, {"hostaddr", "@=; \t\r\n", false},
    {"dbname", "@=;", false},      {"service", "@=;", false},
    {"user", "=;", true},
};

static bool check_name(const struct sources *sources, const struct name_rule *rule,
                       struct err *err) {
    struct found found;
    if (!find(sources, rule->option, &found) ||
        (strpbrk(found.value, rule->never) == NULL &&
         (rule->may_be_address || strstr(found.value, ":/") == NULL))) {
        return true;
    }
    return refuse_value(err, &found, rule->option,
                        "a name alone, without another option or a URI in it");
}

/* Every other value may come to be shown: a file that is not there, a setting. */
static bool check_passwords(const struct sources *sources, struct err *err) {
    for (const PQconninfoOption *o = sources->environment; o != NULL && o->keyword != NULL; o++) {
        struct found found;
        if (!is_secret(o->keyword) && find(sources, o->keyword, &found) &&
            names_password(found.value)) {
            return refuse_value(err, &found, o->keyword, "a value without a password in it");
        }
    }
    return true;
}

/* A host with its port, or a user with his password, in the place of a host. */
static bool is_pair(const char *host, size_t size) {
    return host[0] != '/' && memchr(host, ':', size) != NULL &&
           strspn(host, "0123456789abcdefABCDEF:.") < strcspn(host, "%,");
}

static bool check_hosts(const struct sources *sources, struct err *err) {
    struct found found;
    if (!find(sources, "host", &found)) {
        return true;
    }
    for (const char *p = found.value; *p != '\0'; p += *p == ',') {
        size_t size = strcspn(p, ",");
        if (is_pair(p, size)) {
            return refuse_value(err, &found, "host", "a host alone, its port in the option port");
        }
        p += size;
    }
    return true;
}

static bool check_names(const struct sources *sources, struct err *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof name_rules / sizeof *name_rules; i++) {
        ok = check_name(sources, &name_rules[i], err);
    }
    return ok && check_hosts(sources, err) && check_passwords(sources, err);
}

static bool refuse_replication(struct err *err, const char *where) {
    err_set(err, ERR_USAGE, "%s asks for replication, which is pgtandem's to ask for", where);
    return err_hint(err, "leave the option \"replication\" out: pgtandem opens both kinds of "
                         "connection by itself");
}

static bool check_values(const struct sources *sources, struct err *err) {
    struct found found;
    if (find(sources, "replication", &found)) {
        return refuse_replication(err, found.where);
    }
    bool ok = check_names(sources, err) && check_ports(sources, err);
    for (size_t i = 0; ok && i < sizeof rules / sizeof *rules; i++) {
        ok = check_rule(sources, &rules[i], err);
    }
    return ok;
}

/* libpq would take what is behind the first @ or / of a password for the host or the
 * database, and name that when it is not found. Elsewhere an @ can be written %40. */
static bool has_second_at(const char *dsn) {
    const char *at = is_uri(dsn) ? strchr(dsn, '@') : NULL;
    return at != NULL && strchr(at + 1, '@') != NULL;
}

/* A URI of another kind, misspelt, or with white space before it: to libpq it is the name
 * of a database or of an option. */
static bool is_other_uri(const char *dsn) {
    if (is_uri(dsn)) {
        return false;
    }
    const char *from = skip_space(dsn);
    size_t size = is_database_name(dsn) ? strlen(from) : strcspn(from, "= \t\r\n");
    char *name = mem_printf("%.*s", (int)size, from);
    bool is = strstr(name, ":/") != NULL || strpbrk(name, "@;") != NULL || names_password(name);
    free(name);
    return is;
}

static bool refuse_other_uri(const char *key, struct err *err) {
    err_set(err, ERR_USAGE,
            "%s is neither a URI that libpq knows, nor option=value, nor the name of a database",
            key);
    return err_hint(err, "write postgresql://user@host/database, in small letters and with nothing "
                         "before it, or host=... dbname=... user=...");
}

bool dsn_check(const char *dsn, const char *key, struct err *err) {
    if (is_other_uri(dsn)) {
        return refuse_other_uri(key, err);
    }
    PQconninfoOption *parsed = has_second_at(dsn) ? NULL : PQconninfoParse(dsn, NULL);
    if (parsed == NULL && !is_database_name(dsn)) {
        return refuse_malformed(dsn, key, err);
    }
    PQconninfoOption *environment = PQconndefaults();
    struct sources sources = {key, parsed, environment};
    bool ok = check_values(&sources, err);
    PQconninfoFree(parsed);
    PQconninfoFree(environment);
    return ok;
}

/* libpq asks for a connection that it does not change. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
bool dsn_check_started(const PGconn *conn, struct err *err) {
    PQconninfoOption *options = PQconninfo((PGconn *)conn);
    struct sources sources = {"the service file", options, NULL};
    struct found found;
    bool asks = find(&sources, "replication", &found);
    bool ok = asks ? refuse_replication(err, "the service file") : check_names(&sources, err);
    PQconninfoFree(options);
    return ok;
}
#pragma GCC diagnostic pop
