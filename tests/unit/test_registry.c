/* test_registry.c - which transforms are found, and which are refused and why.
 *
 * The shared objects are made from tests/unit/fixtures/plugin_*.c. */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "transform/registry.h"

struct fixture {
    struct registry registry;
    struct err err;
    char *folder; /* a temporary one */
};

static const char *fixtures(void) {
    const char *folder = getenv("PGTANDEM_TEST_FIXTURES");
    assert_non_null(folder);
    return folder;
}

static int setup(void **state) {
    struct fixture *fixture = mem_zero(1, sizeof *fixture);
    registry_init(&fixture->registry);
    const char *parent = getenv("TMPDIR");
    fixture->folder = mem_printf("%s/registry-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(fixture->folder) == NULL || setenv("PGTANDEM_PLUGIN_PATH", fixtures(), 1) != 0) {
        return -1;
    }
    *state = fixture;
    return 0;
}

static char *in_folder(const struct fixture *fixture, const char *name) {
    return mem_printf("%s/%s", fixture->folder, name);
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    static const char *const names[] = {"text.so", "link.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = in_folder(fixture, names[i]);
        unlink(path);
        free(path);
    }
    rmdir(fixture->folder);
    free(fixture->folder);
    registry_fini(&fixture->registry);
    free(fixture);
    return 0;
}

static const struct pgtandem_transform *load(struct fixture *fixture, const char *use,
                                             const char *base_directory) {
    err_clear(&fixture->err);
    return registry_load(&fixture->registry, use, base_directory, &fixture->err);
}

static const struct pgtandem_transform *load_well(struct fixture *fixture, const char *use,
                                                  const char *base_directory) {
    const struct pgtandem_transform *transform = load(fixture, use, base_directory);
    if (transform == NULL) {
        fail_msg("%s: %s", use, fixture->err.message);
    }
    return transform;
}

/* The error must hold `message`, its hint `hint`. */
static void refuses(struct fixture *fixture, const char *use, const char *base_directory,
                    const char *message, const char *hint) {
    assert_null(load(fixture, use, base_directory));
    assert_int_equal(fixture->err.code, ERR_USAGE);
    if (strstr(fixture->err.message, message) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", use, fixture->err.message, message);
    }
    if (strstr(fixture->err.hint, hint) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", use, fixture->err.hint, hint);
    }
    assert_int_equal(fixture->registry.count, 0);
}

/* ---- refusals ---- */

static void each_flaw_is_refused_with_its_reason(void **state) {
    static const struct {
        const char *use, *message, *hint;
    } cases[] = {
        {"plugin_no_symbol", "exports no pgtandem_transform", "define"},
        {"plugin_unresolved", "defined_nowhere", "-shared"},
        {"plugin_wrong_abi", "version 2 of the transform interface, not for version 1", "again"},
        {"plugin_wrong_size", "gives its size as", "again"},
        {"plugin_no_name", "has no name", "must be set"},
        {"plugin_odd_name", "has no name, of lower-case letters", "must be set"},
        {"plugin_other_name", "named \"something_else\", not \"plugin_other_name\"",
         "something_else.so"},
        {"plugin_no_summary", "has no summary", "must be set"},
        {"plugin_no_old_columns", "has no column in old_columns", "must be set"},
        {"plugin_no_new_columns", "has no column in new_columns", "must be set"},
        {"plugin_no_forward", "has no forward function", "must be set"},
        {"plugin_no_reverse", "has no reverse function", "must be set"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refuses(*state, cases[i].use, NULL, cases[i].message, cases[i].hint);
    }
}

static void what_is_no_name_and_no_path_is_refused(void **state) {
    static const char *const cases[] = {"", "Split", "9lives", "_x", "a-b", "name.so", "a b", "é"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refuses(*state, cases[i], NULL, "neither the name of a transform nor a path", "slash");
    }
}

static void an_unknown_name_lists_the_folders_searched(void **state) {
    struct fixture *fixture = *state;
    setenv("PGTANDEM_PLUGIN_PATH", "/nowhere/first::/nowhere/second:", 1);
    refuses(fixture, "no_such", NULL, "no transform is named \"no_such\"",
            "searched: /nowhere/first, /nowhere/second, /");
    assert_non_null(strstr(fixture->err.hint, "/plugin, "));
    assert_non_null(strstr(fixture->err.hint, "/../lib/pgtandem"));
}

static void without_a_path_in_the_environment_the_program_is_the_start(void **state) {
    unsetenv("PGTANDEM_PLUGIN_PATH");
    refuses(*state, "no_such", NULL, "no_such", "searched: /");
}

static void a_missing_file_is_refused_with_its_whole_path(void **state) {
    refuses(*state, "/nowhere/x.so", "/base", "\"/nowhere/x.so\"", "configuration");
    refuses(*state, "lib/x.so", "/base", "\"/base/lib/x.so\"", "configuration");
    refuses(*state, "./x.so", NULL, "\"././x.so\"", "configuration");
}

static void a_file_that_is_no_shared_object_is_refused(void **state) {
    struct fixture *fixture = *state;
    char *path = in_folder(fixture, "text.so");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("this is not a shared object, but it is longer than a header of one would be\n", file);
    fclose(file);
    refuses(fixture, path, NULL, "cannot load the transform", "-shared");
    free(path);
}

static void a_folder_is_refused(void **state) {
    struct fixture *fixture = *state;
    refuses(fixture, fixture->folder, NULL, "cannot load the transform", "-shared");
}

static void a_load_by_path_does_not_excuse_a_wrong_name(void **state) {
    struct fixture *fixture = *state;
    load_well(fixture, "./plugin_other_name.so", fixtures());
    assert_null(load(fixture, "plugin_other_name", NULL));
    assert_int_equal(fixture->registry.count, 1);
}

static bool is_loaded(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (handle != NULL) {
        dlclose(handle);
    }
    return handle != NULL;
}

static void a_refused_object_does_not_stay_loaded(void **state) {
    char *path = mem_printf("%s/plugin_no_forward.so", fixtures());
    refuses(*state, path, NULL, "has no forward function", "must be set");
    assert_false(is_loaded(path));
    free(path);
}

/* ---- what is found ---- */

static void a_name_is_found_in_the_plugin_path(void **state) {
    const struct pgtandem_transform *transform = load_well(*state, "plugin_good", NULL);
    assert_string_equal(transform->name, "plugin_good");
}

static void the_shipped_transform_is_found(void **state) {
    setenv("PGTANDEM_PLUGIN_PATH", getenv("PGTANDEM_TEST_PLUGINS"), 1);
    const struct pgtandem_transform *transform = load_well(*state, "split_name", NULL);
    assert_string_equal(transform->old_columns[0], "full_name");
    assert_string_equal(transform->new_columns[1], "last_name");
    assert_null(transform->new_columns[2]);
}

static void later_folders_are_searched_after_earlier_ones(void **state) {
    char *list = mem_printf("/nowhere::%s", fixtures());
    setenv("PGTANDEM_PLUGIN_PATH", list, 1);
    free(list);
    load_well(*state, "plugin_good", NULL);
}

static void a_relative_path_starts_at_the_base_directory(void **state) {
    load_well(*state, "./plugin_good.so", fixtures());
    load_well(*state, "../fixtures/plugin_good.so", fixtures());
}

static void a_path_may_hold_any_name(void **state) {
    const struct pgtandem_transform *transform =
        load_well(*state, "./plugin_other_name.so", fixtures());
    assert_string_equal(transform->name, "something_else");
}

static void one_file_is_loaded_once_whatever_it_is_called(void **state) {
    struct fixture *fixture = *state;
    char *link = in_folder(fixture, "link.so");
    char *target = mem_printf("%s/plugin_good.so", fixtures());
    assert_int_equal(symlink(target, link), 0);
    const struct pgtandem_transform *transform = load_well(fixture, "plugin_good", NULL);
    assert_ptr_equal(load_well(fixture, "plugin_good", NULL), transform);
    assert_ptr_equal(load_well(fixture, target, NULL), transform);
    assert_ptr_equal(load_well(fixture, link, NULL), transform);
    assert_int_equal(fixture->registry.count, 1);
    free(link);
    free(target);
}

static void two_files_are_two_transforms(void **state) {
    struct fixture *fixture = *state;
    const struct pgtandem_transform *one = load_well(fixture, "plugin_good", NULL);
    assert_ptr_not_equal(load_well(fixture, "./plugin_other_name.so", fixtures()), one);
    assert_int_equal(fixture->registry.count, 2);
}

static void the_end_of_the_registry_unloads_all_objects(void **state) {
    struct fixture *fixture = *state;
    char *path = mem_printf("%s/plugin_good.so", fixtures());
    load_well(fixture, path, NULL);
    load_well(fixture, "plugin_good", NULL);
    assert_true(is_loaded(path));
    registry_fini(&fixture->registry);
    assert_false(is_loaded(path));
    free(path);
}

/* ---- who may write to it ---- */

/* fixture->folder/link.so is one that loads, beside an empty folder/text.so */
static char *trusted_link(struct fixture *fixture) {
    char *link = in_folder(fixture, "link.so");
    char *target = mem_printf("%s/plugin_good.so", fixtures());
    assert_int_equal(symlink(target, link), 0);
    free(target);
    return link;
}

static void a_file_that_others_may_write_to_is_refused(void **state) {
    struct fixture *fixture = *state;
    char *path = in_folder(fixture, "text.so");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0646), 0);
    refuses(fixture, path, NULL, "may be written to by others", "chmod go-w ");
    if (geteuid() == 0) {
        assert_int_equal(fchmod(fd, 0644), 0);
        assert_int_equal(fchown(fd, 4711, 0), 0);
        refuses(fixture, path, NULL, "belongs to user 4711", "give it to");
        assert_int_equal(fchown(fd, 0, 4711), 0);
        assert_int_equal(fchmod(fd, 0664), 0);
        refuses(fixture, path, NULL, "may be written to by others", "chmod go-w ");
    }
    close(fd);
    free(path);
}

static void a_folder_that_others_may_write_to_is_refused(void **state) {
    struct fixture *fixture = *state;
    char *link = trusted_link(fixture);
    assert_int_equal(chmod(fixture->folder, 0777), 0);
    refuses(fixture, link, NULL, fixture->folder, "chmod go-w ");
    setenv("PGTANDEM_PLUGIN_PATH", fixture->folder, 1);
    refuses(fixture, "link", NULL, "will not load the transform", "chmod go-w ");
    assert_int_equal(chmod(fixture->folder, 01777), 0); /* as /tmp is */
    load_well(fixture, link, NULL);
    free(link);
}

/* Loaded is what the second link leads to, but the first one's owner chooses it. */
static void what_a_link_leads_through_is_looked_at(void **state) {
    struct fixture *fixture = *state;
    char *link = trusted_link(fixture);
    char *first = in_folder(fixture, "text.so");
    char *open_folder = in_folder(fixture, "open");
    char *second = in_folder(fixture, "open/link.so");
    assert_int_equal(mkdir(open_folder, 0700), 0);
    assert_int_equal(symlink(link, second), 0);
    assert_int_equal(symlink("open/link.so", first), 0);
    load_well(fixture, first, NULL);
    registry_fini(&fixture->registry);
    assert_int_equal(chmod(open_folder, 0777), 0);
    refuses(fixture, first, NULL, "/open\" may be written to by others", "chmod go-w ");
    unlink(second);
    rmdir(open_folder);
    free(link);
    free(first);
    free(open_folder);
    free(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_flaw_is_refused_with_its_reason),
        TEST(what_is_no_name_and_no_path_is_refused),
        TEST(an_unknown_name_lists_the_folders_searched),
        TEST(without_a_path_in_the_environment_the_program_is_the_start),
        TEST(a_missing_file_is_refused_with_its_whole_path),
        TEST(a_file_that_is_no_shared_object_is_refused),
        TEST(a_folder_is_refused),
        TEST(a_load_by_path_does_not_excuse_a_wrong_name),
        TEST(a_refused_object_does_not_stay_loaded),
        TEST(a_name_is_found_in_the_plugin_path),
        TEST(the_shipped_transform_is_found),
        TEST(later_folders_are_searched_after_earlier_ones),
        TEST(a_relative_path_starts_at_the_base_directory),
        TEST(a_path_may_hold_any_name),
        TEST(one_file_is_loaded_once_whatever_it_is_called),
        TEST(two_files_are_two_transforms),
        TEST(a_file_that_others_may_write_to_is_refused),
        TEST(a_folder_that_others_may_write_to_is_refused),
        TEST(what_a_link_leads_through_is_looked_at),
        TEST(the_end_of_the_registry_unloads_all_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
