/* registry.h - finds transforms by name or path, and loads and checks them.
 *
 * Why: a configuration says `use: split_name`, or `use: ./our_split.so`; what
 *   comes back is the struct that pgtandem_transform.h describes, safe to call.
 * Where a name is looked for, as NAME.so, first match wins:
 *   1. the folders listed in $PGTANDEM_PLUGIN_PATH, colons between them
 *   2. plugin/ beside the running executable (a build tree)
 *   3. ../lib/pgtandem from there (an installation)
 *   4. PGTANDEM_PLUGIN_DIR, where the build defines it
 *   A value with a slash is a path, and only that file is tried.
 * Not here: whether the tables have the columns that a transform wants
 *   (model/mapping.h).
 * Memory: transforms belong to the registry and are valid until
 *   registry_fini(), which unloads them.
 * Caution: loading runs code of the file. One that others than root and the user who runs
 *   pgtandem may write to, or a folder on the way to it, is refused. */
#ifndef PGTANDEM_TRANSFORM_REGISTRY_H
#define PGTANDEM_TRANSFORM_REGISTRY_H

#include <stddef.h>

#include "base/err.h"
#include "pgtandem_transform.h"

struct registry_entry;

struct registry {
    struct registry_entry *entries; /* one for each shared object */
    size_t count;
};

void registry_init(struct registry *registry);
void registry_fini(struct registry *registry);

/* The transform that `use` names, loaded now or before: the same file gives
 * the same pointer. A relative path starts at `base_directory`, the folder of
 * the configuration file (NULL: the current one). NULL with ERR_USAGE when
 * there is none or it must not be called; message and hint say why. */
const struct pgtandem_transform *registry_load(struct registry *registry, const char *use,
                                               const char *base_directory, struct err *err)
    __attribute__((warn_unused_result));

#endif
