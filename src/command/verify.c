/* verify.c - `pgtandem verify`: runs the comparison and tells the outcome.
 * Values are never shown: they are people's data. Keys are, if they are mere numbers, or
 * if they are asked for. */
#include "verify/verify.h"

#include <stdio.h>

#include "command/command.h"
#include "command/format.h"
#include "command/json.h"
#include "command/verify_progress.h"
#include "command/verify_repair.h"
#include "model/disclosure.h"

enum { SAMPLE_MAX = 1000000 };

/* Every row is looked up by its key, whatever the statistics say. */
static const char reader_settings[] =
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/* What verify_run() calls */
struct watcher {
    struct verify_progress progress;
    struct verify_repair repair;
};

static void show_progress(void *owner, const char *table, int64_t done, int64_t total) {
    struct watcher *watcher = owner;
    verify_progress_show(&watcher->progress, table, done, total);
}

static bool repair_keys(void *owner, size_t table, const struct value *keys, size_t n,
                        struct err *err) {
    struct watcher *watcher = owner;
    verify_progress_end(&watcher->progress);
    return verify_repair(&watcher->repair, table, keys, n, err);
}

/* JSON */

static void json_counts(struct json *json, const int64_t *counts) {
    int64_t rows = 0;
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        rows += counts[v];
    }
    json_int(json, "rows_checked", rows);
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        json_int(json, verdict_name(v), counts[v]);
    }
}

static void json_table(struct json *json, const struct verify_table *table) {
    char name[300];
    json_object(json, NULL);
    snprintf(name, sizeof name, "%s.%s", table->spec->old_table.schema,
             table->spec->old_table.name);
    json_text(json, "old", name);
    snprintf(name, sizeof name, "%s.%s", table->spec->new_table.schema,
             table->spec->new_table.name);
    json_text(json, "new", name);
    json_counts(json, table->counts);
    json_int(json, "not_reread", table->not_reread);
    json_end_object(json);
}

static void json_key(struct json *json, const struct verify_key *key) {
    json_array(json, "key");
    for (size_t k = 0; k < key->n_columns; k++) {
        json_text(json, NULL, key->columns[k]);
    }
    json_end_array(json);
}

static void json_example(struct json *json, const struct verify_table *table, enum verdict verdict,
                         const struct verify_key *key) {
    char name[300];
    snprintf(name, sizeof name, "%s.%s", table->spec->old_table.schema,
             table->spec->old_table.name);
    json_object(json, NULL);
    json_text(json, "table", name);
    json_text(json, "kind", verdict_name(verdict));
    if (key->n_columns == 0) {
        json_text(json, "key", NULL);
    } else {
        json_key(json, key);
    }
    json_end_object(json);
}

static void json_examples(struct json *json, const struct verify_result *result) {
    json_array(json, "examples");
    for (size_t t = 0; t < result->n_tables; t++) {
        const struct verify_table *table = &result->tables[t];
        for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
            for (size_t i = 0; i < table->n_examples[v]; i++) {
                json_example(json, table, v, &table->examples[v][i]);
            }
        }
    }
    json_end_array(json);
}

static void print_json(const struct verify_result *result, const struct config *config, bool full) {
    struct json json;
    int64_t totals[VERDICT_COUNT];
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        totals[v] = verify_total(result, v);
    }
    json_init(&json, true);
    json_object(&json, NULL);
    json_text(&json, "migration", config->migration);
    json_text(&json, "mode", full ? "full" : "sample");
    json_counts(&json, totals);
    json_real(&json, "accuracy", verify_accuracy(result));
    json_real(&json, "min_accuracy", config->verify.min_accuracy);
    json_int(&json, "repaired", result->repaired);
    json_int(&json, "parked", result->parked);
    json_bool(&json, "lagging", result->lagging);
    json_real(&json, "seconds", result->seconds);
    json_array(&json, "tables");
    for (size_t i = 0; i < result->n_tables; i++) {
        json_table(&json, &result->tables[i]);
    }
    json_end_array(&json);
    json_examples(&json, result);
    json_end_object(&json);
    json_print(&json);
    json_fini(&json);
}

/* text */

static const char *words(enum verdict verdict) {
    switch (verdict) {
        case VERDICT_matched:
            return "matched";
        case VERDICT_different:
            return "different";
        case VERDICT_missing_in_old:
            return "missing in old";
        case VERDICT_missing_in_new:
            return "missing in new";
        case VERDICT_COUNT:
            break;
    }
    return "";
}

static void print_key(const struct verify_key *key) {
    if (key->n_columns == 1) {
        printf(" %s", key->columns[0]);
        return;
    }
    for (size_t k = 0; k < key->n_columns; k++) {
        printf("%s%s", k == 0 ? " (" : ", ", key->columns[k]);
    }
    putchar(')');
}

/* Of one verdict, to the end of the line */
static void print_keys(const struct verify_key *keys, size_t n, int64_t count) {
    if (n > 0 && keys[0].n_columns == 0) {
        puts("   keys: see --values");
        return;
    }
    if (n > 0) {
        printf("   key%s", count == 1 ? "" : "s");
    }
    for (size_t i = 0; i < n; i++) {
        print_key(&keys[i]);
    }
    puts(n > 0 && count > (int64_t)n ? " ..." : "");
}

static void print_table(const struct verify_table *table) {
    const struct table_spec *spec = table->spec;
    printf("%s.%s and %s.%s\n", spec->old_table.schema, spec->old_table.name,
           spec->new_table.schema, spec->new_table.name);
    for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
        printf("  %-15s %15s", words(v), format_count(table->counts[v]).text);
        print_keys(table->examples[v], table->n_examples[v], table->counts[v]);
    }
    if (table->not_reread > 0) {
        printf("  %s of these were too many to be read again: changes that were under way count\n"
               "  among them; run verify again when the links have caught up\n",
               format_count(table->not_reread).text);
    }
}

static void print_text(const struct verify_result *result, const struct config *config, bool full) {
    for (size_t i = 0; i < result->n_tables; i++) {
        print_table(&result->tables[i]);
    }
    int64_t rows = verify_rows_checked(result);
    printf("accuracy: %s of %s rows (%s), in %s\n",
           format_accuracy(verify_total(result, VERDICT_matched), rows).text,
           format_count(rows).text, full ? "all of them" : "a sample",
           format_seconds(result->seconds).text);
    if (verify_accuracy(result) < config->verify.min_accuracy) {
        printf("this is below verify.min_accuracy, %g %%\n", config->verify.min_accuracy * 100);
    }
    if (result->repaired > 0) {
        printf("%s rows differed and have been repaired\n", format_count(result->repaired).text);
    }
    if (result->lagging) {
        puts("links have changes left to apply, and no service runs: differences may be among "
             "them");
    }
    if (result->parked > 0) {
        printf("%s parked rows wait to be dealt with; they count as different or missing\n",
               format_count(result->parked).text);
    }
}

static bool read_options(struct invocation *invocation, struct verify_options *options,
                         struct err *err) {
    bool full = options_has(invocation->options, "full");
    if (full && options_has(invocation->options, "sample")) {
        return err_set(err, ERR_USAGE, "either --full or --sample, not both");
    }
    options->repair = options_has(invocation->options, "repair") ? repair_keys : NULL;
    options->sample = full ? 0 : invocation->config->verify.sample;
    if (!options_number(invocation->options, "sample", &options->sample, err)) {
        return false;
    }
    return options->sample <= SAMPLE_MAX ||
           err_set(err, ERR_USAGE, "a sample of more than %d rows is too large: use --full",
                   SAMPLE_MAX);
}

static bool compare(struct migration *m, const struct verify_options *options,
                    struct verify_result *result, struct err *err) {
    m->old_side.db.session.settings = m->new_side.db.session.settings = reader_settings;
    return migration_connect(m, err) && (options->repair == NULL || mending_is_possible(m, err)) &&
           migration_read_catalogs(m, err) && migration_build_mappings(m, err) &&
           verify_run(m, options, result, err);
}

/* Keys without columns are not shown. */
static void hide_keys(const struct migration *m, struct verify_result *result) {
    for (size_t i = 0; i < result->n_tables; i++) {
        struct verify_table *table = &result->tables[i];
        if (disclosure_allows_key(migration_mapping(m, i, FORWARD))) {
            continue;
        }
        for (enum verdict v = VERDICT_matched; v < VERDICT_COUNT; v++) {
            for (size_t k = 0; k < table->n_examples[v]; k++) {
                table->examples[v][k].n_columns = 0;
            }
        }
    }
}

static int tell(const struct invocation *invocation, const struct migration *m,
                struct verify_result *result) {
    bool full = options_has(invocation->options, "full");
    if (!options_has(invocation->options, "values")) {
        hide_keys(m, result);
    }
    if (options_has(invocation->options, "json")) {
        print_json(result, invocation->config, full);
    } else {
        print_text(result, invocation->config, full);
    }
    return verify_found_differences(result) ? ERR_DIFFERENT : 0;
}

int command_verify(struct invocation *invocation) {
    struct migration m;
    struct watcher watcher = {.repair.m = &m};
    struct verify_options options = {.progress = show_progress, .owner = &watcher};
    struct verify_result result = {0};
    struct err err;
    err_clear(&err);
    if (!read_options(invocation, &options, &err)) {
        return command_misuse(invocation->command, &err);
    }
    verify_progress_begin(&watcher.progress, invocation->config->migration);
    migration_init(&m, invocation->config, invocation->loop);
    bool ok = compare(&m, &options, &result, &err);
    verify_progress_end(&watcher.progress);
    int status = ok ? tell(invocation, &m, &result) : command_fail(&err);
    verify_fini(&result);
    migration_fini(&m);
    return status;
}
