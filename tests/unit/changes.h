/* changes.h - changes of the sample tables, in a few words.
 *
 * Forward, a row of the target is (id, email, first_name, last_name, bio);
 * texts here are "id|email|first|last|bio", in which "-" stands for an absent
 * value and "~" for NULL. */
#ifndef PGTANDEM_TESTS_CHANGES_H
#define PGTANDEM_TESTS_CHANGES_H

#include "model/change.h"
#include "model/effects.h"
#include "sample.h"

/* The value of a column in such a row */
struct value changes_value(struct sample *sample, const char *text);

/* A change of the source's row "id|email|full_name|bio" ("-": absent); `key` is
 * the id it had before. NULL row: a delete. */
struct change *changes_make(struct sample *sample, enum change_op op, const char *key,
                            const char *row);

/* "segment kind key values", one write a line, in the target's columns */
char *changes_describe(struct sample *sample, const struct effects *effects);

#endif
