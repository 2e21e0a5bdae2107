/* spec.h - what a person asked for: which tables, which transforms.
 *
 * Filled by config/, turned into a mapping by mapping.h once the catalogs of
 * both sides are known. Everything is borrowed from the configuration. */
#ifndef PGTANDEM_MODEL_SPEC_H
#define PGTANDEM_MODEL_SPEC_H

#include <stddef.h>

struct name_list {
    const char **names;
    size_t count;
};

/* "public.users": schema and name, unquoted, exactly as in the catalog */
struct table_name {
    const char *schema;
    const char *name;
};

struct transform_spec {
    const char *use; /* a name, or a path to a shared object */
    struct name_list old_columns, new_columns;
    int line; /* in the configuration file, for messages */
};

struct table_spec {
    struct table_name old_table, new_table;
    struct transform_spec *transforms;
    size_t n_transforms;
    struct name_list ignore_old, ignore_new; /* one-sided on purpose */
    int line;
};

#endif
