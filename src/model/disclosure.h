/* disclosure.h - which keys may be shown to anybody.
 *
 * Why: messages go into logs, tickets and chats; the values of rows are people's data.
 *   Yet whoever reads a message must find the row.
 * The rule: a key is shown in messages if all of its columns are integers, on both
 *   sides: such a key is a surrogate, a number that says nothing of a person. Any other
 *   key (an email, a name, a uuid, a date of birth) is a value like all others: it is
 *   shown at debug level, and to people who ask for values. A domain may be made of
 *   anything its maker likes, so it counts as other, too.
 * Pure. */
#ifndef PGTANDEM_MODEL_DISCLOSURE_H
#define PGTANDEM_MODEL_DISCLOSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "model/mapping.h"

/* May a key of this type be shown? */
bool disclosure_allows_type(uint32_t type_oid);
/* May keys of this mapping be shown? */
bool disclosure_allows_key(const struct mapping *mapping);
/* The same of one side's table, which may be NULL, for when there is no mapping. */
bool disclosure_allows_table(const struct table *table);

/* "(id) = (5)" of a key of the mapping's target: n_key values. */
const char *disclosure_key_text(const struct mapping *mapping, const struct value *key,
                                struct arena *arena);

/* Puts before the error which row of the mapping's source it is about: by its key, if
 * that may be shown; else the key goes to what is kept apart with the server's words. */
void disclosure_name_row(struct err *err, const struct mapping *mapping, const struct value *key);

#endif
