/* mapping_version.c - see mapping_set_version() in mapping.h. */
#include <string.h>

#include "model/mapping.h"
#include "model/stamp.h"

/* Where the column is copied by this mapping, under the same name on both sides. */
static bool find_version(struct mapping *mapping, const char *name) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        if (column->source != COLUMN_NONE &&
            strcmp(mapping->target->columns[column->target].name, name) == 0 &&
            stamp_type_serves(&mapping->target->columns[column->target].type) &&
            stamp_type_serves(&mapping->source->columns[column->source].type)) {
            mapping->version.source = column->source;
            mapping->version.column = i;
            return true;
        }
    }
    return false;
}

bool mapping_set_version(struct mapping_pair *pair, const char *column,
                         struct problem_list *problems) {
    if (find_version(&pair->forward, column) && find_version(&pair->reverse, column)) {
        return true;
    }
    const struct table_name *name = &pair->forward.source->name;
    problem_add(problems, 0, "conflicts.version_column: \"%s\" cannot decide for table %s.%s",
                column, name->schema, name->name);
    problem_hint(problems, "name a column that both tables have and both links copy, an integer "
                           "or a timestamp that every UPDATE raises, or use the policy "
                           "last_commit_wins");
    return false;
}
