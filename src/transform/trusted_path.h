/* trusted_path.h - can nobody but us change what a path leads to?
 *
 * Why: a plugin's code runs with all rights of pgtandem. Whoever may write to its file,
 *   or put another file or folder in the place of anything on the way to it, has them too.
 * Trusted are root and the user who runs pgtandem. A folder that others may write to does
 *   only where it is sticky, as /tmp is: there, nobody removes what is not his own. */
#ifndef PGTANDEM_TRANSFORM_TRUSTED_PATH_H
#define PGTANDEM_TRANSFORM_TRUSTED_PATH_H

#include "base/err.h"

/* Looks at the file, at every folder from / down to it, and at symbolic links on the way
 * and all that they lead through. Returns the path without links, to be freed: nobody else
 * can change what it leads to from then on. NULL with ERR_USAGE, naming what is in the way
 * and its cure. */
char *trusted_path(const char *path, struct err *err) __attribute__((warn_unused_result));

#endif
