/* config.c - see config.h: from a file to a struct, with defaults. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/schema.h"

static const char *folder_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    return slash == path ? "/" : arena_copy(arena, path, (size_t)(slash - path));
}

static struct config *config_new(const char *path) {
    struct config *config = mem_zero(1, sizeof *config);
    arena_init(&config->arena);
    config->path = arena_copy(&config->arena, path, strlen(path));
    config->directory = folder_of(&config->arena, path);
    config->backfill = (struct config_backfill){
        .jobs = 2,
        .chunk_rows = 20000,
        .chunk_time = USEC_SECOND / 2,
        .warm_up = 3 * USEC_SECOND,
        .max_parked = 0.01,
        .index_jobs = 2,
    };
    config->stream = (struct config_stream){.batch_rows = 1000};
    config->conflicts =
        (struct config_conflicts){.max_per_minute = 6000, .max_parked_in_a_row = 1000};
    config->verify = (struct config_verify){.sample = 10000, .min_accuracy = 0.999};
    config->limits = (struct config_limits){
        .replica_lag = 5 * USEC_SECOND,
        .lock_timeout = USEC_SECOND / 2,
        .slot_wal = INT64_C(10) << 30,
    };
    return config;
}

void config_free(struct config *config) {
    if (config != NULL) {
        arena_fini(&config->arena);
        free(config);
    }
}

static bool read_config(struct config *config, const char *text, size_t size, struct err *err) {
    struct reader reader = {.file = config->path, .arena = &config->arena, .err = err};
    if (!reader_init(&reader, text, size)) {
        return false;
    }
    const yaml_node_t *root = reader_root(&reader);
    bool good = root != NULL && reader_section(&reader, &schema_config, root, config);
    reader_fini(&reader);
    return good;
}

struct config *config_parse(const char *path, const char *text, size_t size, struct err *err) {
    struct config *config = config_new(path);
    if (!read_config(config, text, size, err)) {
        config_free(config);
        return NULL;
    }
    return config;
}

struct config *config_load(const char *path, struct err *err) {
    struct buf text;
    buf_init(&text);
    struct config *config = NULL;
    if (file_read(path, &text, err)) {
        config = config_parse(path, buf_text(&text), text.size, err);
    } else {
        err_hint(err, "name the file with --config or in PGTANDEM_CONFIG");
    }
    buf_fini(&text);
    return config;
}

const char *config_resolve_path(struct config *config, const char *path) {
    if (path[0] == '/') {
        return path;
    }
    const char *beside = arena_printf(&config->arena, "%s/%s", config->directory, path);
    return access(beside, F_OK) == 0 ? beside : path;
}
