/* test_dsn.c - what is said of a connection string, and that no password is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pg/dsn.h"

/* In every one the password, where there is one, is made of these. */
static const char *const secrets[] = {"hush", "quiet"};

static const struct {
    const char *dsn, *message;
} bad[] = {
    {"host=h pasword=hush", "\"pasword\", at character 8; did you mean \"password\"?"},
    {"host=h nonsense=1", "does not know, \"nonsense\", at character 8"},
    {"password=hush quiet=1", "does not know, at character 15"},
    {"password=hush quiet", "no = behind a word at character 15"},
    {"password='hush quiet", "a quote that is not closed at character 10"},
    {"password=hush conect_timeout=1",
     "does not know, at character 15; did you mean \"connect_timeout\"?"},
    {"postgresql://u:hush%zz@h/x", "a mistake in the URI"},
    {"postgresql://u:hu@sh@h/x", "a mistake in the URI"},
    {"postgresql://u:hush@@/x", "a mistake in the URI"},
    {"postgresql://u:hush@h/x?quiet=1", "does not know, at character 25"},
    {"postgresql://h/x?nonsense=1", "\"nonsense\", at character 18"},
    {"host=h port=abc password=hush", "\"port\" of old.dsn is not right: it must be a number"},
    {"host=h port=0", "\"port\" of old.dsn"},
    {"host=h port=65536", "\"port\" of old.dsn"},
    {"host=h port=1x", "\"port\" of old.dsn"},
    {"host=a,b,c port=1,2", "as many as there are hosts"},
    {"postgresql://u:hush@h:99999/x", "\"port\" of old.dsn"},
    {"sslmode=hush", "\"sslmode\" of old.dsn is not right: it must be one of: disable"},
    {"connect_timeout=soon",
     "\"connect_timeout\" of old.dsn is not right: it must be a whole number"},
    /* a URI with characters in its password that belong written as %XX */
    {"postgresql://u:pa@hush/quiet@h/x", "a mistake in the URI"},
    {"postgresql://u:pa@hush/quiet@h", "a mistake in the URI"},
    {"postgresql://u:pa@h/x?hush@quiet", "a mistake in the URI"},
    {"postgresql://h:12/hush@quiet/x", "\"dbname\" of old.dsn is not right"},
    /* a URI that libpq does not take for one */
    {" postgresql://u:hush@h/x", "old.dsn is neither a URI"},
    {"\tpostgresql://u:hush@h/x?sslmode=require", "old.dsn is neither a URI"},
    {"Postgresql://u:hush@h/x", "old.dsn is neither a URI"},
    {"postgresql:/u:hush@h/x", "old.dsn is neither a URI"},
    {"postgresql:/u:hush/x", "old.dsn is neither a URI"},
    {"postgresql:/u:hush@h/x?sslmode=require", "old.dsn is neither a URI"},
    {"jdbc:postgresql://u:hush@h/x?ssl=true", "old.dsn is neither a URI"},
    {"u:hush@h", "old.dsn is neither a URI"},
    {"u:hush quiet@h", "old.dsn is neither a URI"},
    {"app password:hush", "old.dsn is neither a URI"},
    {"dbname=postgresql://u:hush@h/x", "\"dbname\" of old.dsn is not right"},
    {"dbname='host=h password=hush'", "\"dbname\" of old.dsn is not right"},
    {"host=postgresql://u:hush", "\"host\" of old.dsn is not right"},
    {"host=u:hush@h", "\"host\" of old.dsn is not right"},
    /* options that ran together */
    {"host=h password:hush=1", "does not know, at character 8"},
    {"host=h passwordhush=1", "does not know, at character 8"},
    {"host=h HUSH=1", "does not know, at character 8"},
    {"user=u:hu quiet=1", "does not know, at character 11"},
    {"host=h,password=hush dbname=x", "\"host\" of old.dsn is not right"},
    {"host=h;user=u;password=hush", "\"host\" of old.dsn is not right"},
    {"host=h:password=hush", "\"host\" of old.dsn is not right"},
    {"host=u:hush", "\"host\" of old.dsn is not right: it must be a host alone"},
    {"host=h,u:hush,::1", "\"host\" of old.dsn is not right: it must be a host alone"},
    {"host='h hush'", "\"host\" of old.dsn is not right"},
    {"hostaddr=::1;password=hush", "\"hostaddr\" of old.dsn is not right"},
    {"user=u;password=hush", "\"user\" of old.dsn is not right"},
    {"service=s;password=hush", "\"service\" of old.dsn is not right"},
    {"host=h dbname=x,Password:hush", "\"dbname\" of old.dsn is not right"},
    {"host=h sslcert='c Password =hush'", "\"sslcert\" of old.dsn is not right"},
    {"host=h replication=database", "old.dsn asks for replication"},
    {"postgresql://h/x?replication=true", "old.dsn asks for replication"},
};

static void a_bad_one_is_told_without_its_secrets(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err;
        err_clear(&err);
        if (dsn_check(bad[i].dsn, "old.dsn", &err)) {
            fail_msg("\"%s\" is taken", bad[i].dsn);
        }
        assert_int_equal(err.code, ERR_USAGE);
        assert_string_not_equal(err.hint, "");
        if (strstr(err.message, bad[i].message) == NULL || strstr(err.message, "old.dsn") == NULL) {
            fail_msg("\"%s\": \"%s\"", bad[i].dsn, err.message);
        }
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++) {
            if (strstr(err.message, secrets[k]) != NULL || strstr(err.hint, secrets[k]) != NULL) {
                fail_msg("\"%s\" shows \"%s\": %s", bad[i].dsn, secrets[k], err.message);
            }
        }
    }
}

static void what_libpq_takes_is_taken(void **state) {
    (void)state;
    static const char *const good[] = {
        "",
        "app",
        "host=h port=5432 dbname=x",
        "host=a,b port=1,2",
        "host=a,b,c port=1,,3",
        "host=a,b port=1",
        "postgresql:///app",
        "postgres://u:p%40ss@h:1/x?sslmode=require&connect_timeout=10",
        "postgresql://h/x?ssl=true",
        "postgresql://u%40org:p%40%2F@h/x?application_name=a:/b",
        "postgresql://h/x?user=u@org",
        " host=h user=u@org:/x password='a@b:/c;d=e password=f'",
        "host=::1,fe80::1%eth0,h,/a:b,127.0.0.1",
        "postgresql://[::1]:5432,h:5433/x",
        "host=::1 dbname='my app' sslcert=/c=d/e",
        "host=/run/postgresql,/tmp options='-c search_path=a'",
        "my app",
        "host = h password='it''s'",
        "password='a b\\' c' connect_timeout=10",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct err err;
        err_clear(&err);
        /* libpq knows no doubled quote: that one is two values, and wrong */
        bool wanted = strstr(good[i], "''") == NULL;
        if (dsn_check(good[i], "old.dsn", &err) != wanted) {
            fail_msg("\"%s\": %s", good[i], err.message);
        }
    }
}

static void the_environment_is_looked_at_as_well(void **state) {
    (void)state;
    struct err err;
    err_clear(&err);
    setenv("PGPORT", "hush", 1);
    assert_false(dsn_check("host=h", "new.dsn", &err));
    assert_non_null(strstr(err.message, "the option \"port\" of PGPORT is not right"));
    assert_true(dsn_check("host=h port=1", "new.dsn", &err));
    unsetenv("PGPORT");
    setenv("PGDATABASE", "postgresql://u:hush@h/x", 1);
    assert_false(dsn_check("host=h", "new.dsn", &err));
    assert_non_null(strstr(err.message, "the option \"dbname\" of PGDATABASE is not right"));
    assert_null(strstr(err.message, "hush"));
    unsetenv("PGDATABASE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_one_is_told_without_its_secrets),
        cmocka_unit_test(what_libpq_takes_is_taken),
        cmocka_unit_test(the_environment_is_looked_at_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
