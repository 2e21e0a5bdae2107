/* cure.h - what a person can do about an error of which the server gives no hint.
 *
 * Why: what an SQLSTATE means depends on what was asked for, and the server's text is in
 *   its own language: so whoever asked names the topic. */
#ifndef PGTANDEM_PG_CURE_H
#define PGTANDEM_PG_CURE_H

#include <stdbool.h>

#include "base/err.h"

enum cure_topic {
    CURE_ANY,    /* whatever was asked for */
    CURE_SLOT,   /* a slot was to be made, on a replication connection */
    CURE_STREAM, /* a slot was to be streamed from */
    CURE_DROP,   /* a slot was to be dropped */
    CURE_ORIGIN, /* a replication origin was to be made, used or dropped */
};

/* Replaces the hint of *err where its SQLSTATE, in that context, is known to have a cure.
 * Returns false. */
bool cure_add(struct err *err, enum cure_topic topic);

#endif
