/* suggest.h - what somebody may have meant by a word that is not known. */
#ifndef PGTANDEM_BASE_SUGGEST_H
#define PGTANDEM_BASE_SUGGEST_H

#include <stddef.h>

/* The one of `n_known` words that `word` is probably a misspelling of: at most
 * two letters changed, added or left out, and no more than half. NULL: none
 * is that close. */
const char *suggest_closest(const char *word, const char *const *known, size_t n_known);

#endif
