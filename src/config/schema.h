/* schema.h - the sections and keys of a configuration.
 *
 * docs/configuration.md says what each means; its tables and these belong
 * together. Defaults are set by config.c before anything is read. */
#ifndef PGTANDEM_CONFIG_SCHEMA_H
#define PGTANDEM_CONFIG_SCHEMA_H

#include "config/reader.h"

/* Reads into a struct config. */
extern const struct section schema_config;

#endif
