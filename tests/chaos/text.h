/* text.h - values as people and programs write them: mostly plain, some odd, some
 * large, some of only a few so that both sides write the same by chance. */
#ifndef CHAOS_TEXT_H
#define CHAOS_TEXT_H

#include "base/arena.h"
#include "rng.h"

enum { TEXT_LARGE = 10000 }; /* bytes; stored out of the row (TOAST) */

/* `tag` makes most of them unlike any other. */
const char *text_full_name(struct rng *rng, struct arena *arena, const char *tag);
const char *text_name_part(struct rng *rng, struct arena *arena, const char *tag);
/* May be NULL. */
const char *text_bio(struct rng *rng, struct arena *arena, const char *tag);

#endif
