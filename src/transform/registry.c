/* registry.c - see registry.h.
 *
 * A load has three steps, each with its own errors: find the file, open it if nobody
 * else may write to it (trusted_path.h), check what it exports. The check trusts nothing but that
 * the exported object begins with the two numbers that every version of the interface begins with.
 */
#include "transform/registry.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "transform/trusted_path.h"

struct registry_entry {
    void *handle; /* from dlopen, which gives the same one for the same file */
    const struct pgtandem_transform *transform;
};

/* ---- finding the file ---- */

struct folders {
    char **paths;
    size_t count;
};

/* Takes `path` over. */
static void folders_add(struct folders *folders, char *path) {
    size_t count = mem_add(folders->count, 1);
    folders->paths = mem_grow(folders->paths, mem_mul(count, sizeof *folders->paths));
    folders->paths[folders->count] = path;
    folders->count = count;
}

/* "/a:/b"; empty entries mean nothing, not the current folder. */
static void folders_add_list(struct folders *folders, const char *list) {
    while (*list != '\0') {
        int size = (int)strcspn(list, ":");
        if (size > 0) {
            folders_add(folders, mem_printf("%.*s", size, list));
        }
        list += size + (list[size] == ':');
    }
}

/* Those beside the executable; it may have been started through a link. */
static void folders_add_executable(struct folders *folders) {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) {
        return;
    }
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return;
    }
    *slash = '\0';
    folders_add(folders, mem_printf("%s/plugin", path));
    folders_add(folders, mem_printf("%s/../lib/pgtandem", path));
}

static void folders_init(struct folders *folders) {
    memset(folders, 0, sizeof *folders);
    const char *list = getenv("PGTANDEM_PLUGIN_PATH");
    folders_add_list(folders, list == NULL ? "" : list);
    folders_add_executable(folders);
#ifdef PGTANDEM_PLUGIN_DIR
    folders_add(folders, mem_strdup(PGTANDEM_PLUGIN_DIR));
#endif
}

static void folders_fini(struct folders *folders) {
    for (size_t i = 0; i < folders->count; i++) {
        free(folders->paths[i]);
    }
    free(folders->paths);
}

static void report_not_found(const struct folders *folders, const char *name, struct err *err) {
    struct buf list;
    buf_init(&list);
    for (size_t i = 0; i < folders->count; i++) {
        buf_add_format(&list, "%s%s", i == 0 ? "" : ", ", folders->paths[i]);
    }
    err_set(err, ERR_USAGE, "no transform is named \"%s\"", name);
    err_hint(err,
             "correct the name, give a path with a slash, or list the folder of %s.so in "
             "PGTANDEM_PLUGIN_PATH; searched: %s",
             name, buf_text(&list));
    buf_fini(&list);
}

static char *find_name(const char *name, struct err *err) {
    struct folders folders;
    folders_init(&folders);
    char *found = NULL;
    for (size_t i = 0; i < folders.count && found == NULL; i++) {
        char *path = mem_printf("%s/%s.so", folders.paths[i], name);
        if (access(path, F_OK) == 0) {
            found = path;
        } else {
            free(path);
        }
    }
    if (found == NULL) {
        report_not_found(&folders, name, err);
    }
    folders_fini(&folders);
    return found;
}

static char *find_path(const char *use, const char *base_directory, struct err *err) {
    const char *base = base_directory == NULL ? "." : base_directory;
    char *path = use[0] == '/' ? mem_strdup(use) : mem_printf("%s/%s", base, use);
    if (access(path, F_OK) == 0) {
        return path;
    }
    err_set(err, ERR_USAGE, "there is no transform at \"%s\"", path);
    err_hint(err, "build it, or correct the path; a relative one starts at the folder of the "
                  "configuration file");
    free(path);
    return NULL;
}

static bool is_path(const char *use) {
    return strchr(use, '/') != NULL;
}

/* [a-z][a-z0-9_]*, in any locale */
static bool is_name(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    return text[0] != '\0' && strchr(letters, text[0]) != NULL &&
           text[strspn(text, others)] == '\0';
}

/* The file that `use` means, to be freed; NULL: there is none. */
static char *find_file(const char *use, const char *base_directory, struct err *err) {
    if (is_path(use)) {
        return find_path(use, base_directory, err);
    }
    if (is_name(use)) {
        return find_name(use, err);
    }
    err_set(err, ERR_USAGE, "\"%s\" is neither the name of a transform nor a path", use);
    err_hint(err, "a name is made of lower-case letters, digits and underscores and starts with a "
                  "letter; a path contains a slash, as in \"./name.so\"");
    return NULL;
}

/* ---- checking what it exports ---- */

static bool check_interface(const struct pgtandem_transform *transform, const char *path,
                            struct err *err) {
    if (transform->abi != PGTANDEM_TRANSFORM_ABI) {
        err_set(err, ERR_USAGE,
                "\"%s\" was built for version %u of the transform interface, not for version %d",
                path, transform->abi, PGTANDEM_TRANSFORM_ABI);
    } else if (transform->size != sizeof *transform) {
        err_set(err, ERR_USAGE, "the transform in \"%s\" gives its size as %u bytes, not %zu", path,
                transform->size, sizeof *transform);
    } else {
        return true;
    }
    return err_hint(err, "build it again with the pgtandem_transform.h of this pgtandem");
}

static bool is_empty(const char *const *columns) {
    return columns == NULL || columns[0] == NULL;
}

static bool check_content(const struct pgtandem_transform *transform, const char *path,
                          struct err *err) {
    const char *missing = NULL;
    if (transform->name == NULL || !is_name(transform->name)) {
        missing = "name, of lower-case letters, digits and underscores";
    } else if (transform->summary == NULL) {
        missing = "summary";
    } else if (is_empty(transform->old_columns)) {
        missing = "column in old_columns";
    } else if (is_empty(transform->new_columns)) {
        missing = "column in new_columns";
    } else if (transform->forward == NULL) {
        missing = "forward function";
    } else if (transform->reverse == NULL) {
        missing = "reverse function";
    } else {
        return true;
    }
    err_set(err, ERR_USAGE, "the transform in \"%s\" has no %s", path, missing);
    return err_hint(err, "every member of struct pgtandem_transform must be set");
}

/* What is found by a name must have that name, or the configuration would
 * lie to the person who reads it. A path may hold any. */
static bool check_name(const struct pgtandem_transform *transform, const char *use,
                       const char *path, struct err *err) {
    if (is_path(use) || strcmp(transform->name, use) == 0) {
        return true;
    }
    err_set(err, ERR_USAGE, "the transform in \"%s\" is named \"%s\", not \"%s\"", path,
            transform->name, use);
    return err_hint(err, "name the file %s.so, or give its path in the configuration",
                    transform->name);
}

static bool check(const struct pgtandem_transform *transform, const char *use, const char *path,
                  struct err *err) {
    return check_interface(transform, path, err) && check_content(transform, path, err) &&
           check_name(transform, use, path, err);
}

/* ---- opening it ---- */

/* What runs code is looked at first, and by the path that was looked at. */
static void *open_object(const char *path, struct err *err) {
    char *real = trusted_path(path, err);
    if (real == NULL) {
        err_context(err, "will not load the transform \"%s\"", path);
        return NULL;
    }
    void *handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    free(real);
    if (handle == NULL) {
        const char *reason = dlerror();
        err_set(err, ERR_USAGE, "cannot load the transform \"%s\": %s", path,
                reason == NULL ? "no reason given" : reason);
        err_hint(err, "it must be a shared object for this machine with all the symbols it uses: "
                      "cc -shared -fPIC -o NAME.so NAME.c");
    }
    return handle;
}

static const struct pgtandem_transform *find_symbol(void *handle, const char *path,
                                                    struct err *err) {
    const struct pgtandem_transform *transform = dlsym(handle, "pgtandem_transform");
    if (transform == NULL) {
        err_set(err, ERR_USAGE, "\"%s\" exports no pgtandem_transform", path);
        err_hint(err, "define `const struct pgtandem_transform pgtandem_transform` in it, and "
                      "neither make it static nor hide it");
    }
    return transform;
}

/* Keeps the first handle of a file; dlopen counts, so a further one is closed. */
static void keep(struct registry *registry, void *handle,
                 const struct pgtandem_transform *transform) {
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->entries[i].handle == handle) {
            dlclose(handle);
            return;
        }
    }
    size_t count = mem_add(registry->count, 1);
    registry->entries = mem_grow(registry->entries, mem_mul(count, sizeof *registry->entries));
    registry->entries[registry->count] = (struct registry_entry){handle, transform};
    registry->count = count;
}

static const struct pgtandem_transform *load_file(struct registry *registry, const char *use,
                                                  const char *path, struct err *err) {
    void *handle = open_object(path, err);
    if (handle == NULL) {
        return NULL;
    }
    const struct pgtandem_transform *transform = find_symbol(handle, path, err);
    if (transform == NULL || !check(transform, use, path, err)) {
        dlclose(handle);
        return NULL;
    }
    keep(registry, handle, transform);
    return transform;
}

/* ---- the registry ---- */

void registry_init(struct registry *registry) {
    memset(registry, 0, sizeof *registry);
}

void registry_fini(struct registry *registry) {
    for (size_t i = 0; i < registry->count; i++) {
        dlclose(registry->entries[i].handle);
    }
    free(registry->entries);
    registry_init(registry);
}

const struct pgtandem_transform *registry_load(struct registry *registry, const char *use,
                                               const char *base_directory, struct err *err) {
    char *path = find_file(use, base_directory, err);
    if (path == NULL) {
        return NULL;
    }
    const struct pgtandem_transform *transform = load_file(registry, use, path, err);
    free(path);
    return transform;
}
