/* trusted_path.c - see trusted_path.h.
 *
 * From the root down: once a folder is known to be out of others' reach, so is what it
 * says of its entries. What was looked at therefore stays what it is, and the loader may
 * be given the path. */
#include "transform/trusted_path.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { LINKS_AT_MOST = 40 }; /* as many as Linux follows */

static bool refuse(struct err *err, const char *path, const char *why, const char *cure) {
    err_set(err, ERR_USAGE, "\"%s\" %s, and so could change the code that pgtandem runs", path,
            why);
    return err_hint(err,
                    "%s, or move the transform to a folder that only root and the user who "
                    "runs pgtandem may write to, as all folders above it",
                    cure);
}

static bool is_trusted_owner(uid_t owner) {
    return owner == 0 || owner == geteuid();
}

/* A group of one's own, called as oneself and without other members, is nobody else. */
static bool is_private_group(gid_t gid) {
    const struct passwd *user = getpwuid(geteuid());
    char *name = user != NULL && user->pw_gid == gid ? mem_strdup(user->pw_name) : NULL;
    const struct group *group = name != NULL ? getgrgid(gid) : NULL;
    bool is_private = group != NULL && strcmp(group->gr_name, name) == 0;
    for (char **member = is_private ? group->gr_mem : NULL; member != NULL && *member != NULL;
         member++) {
        is_private = is_private && strcmp(*member, name) == 0;
    }
    free(name);
    return is_private;
}

/* A link's own mode says nothing: its folder decides who may replace it. */
static bool others_may_write(const struct stat *stat) {
    if (S_ISLNK(stat->st_mode) || (S_ISDIR(stat->st_mode) && (stat->st_mode & S_ISVTX) != 0)) {
        return false;
    }
    return (stat->st_mode & S_IWOTH) != 0 ||
           ((stat->st_mode & S_IWGRP) != 0 && stat->st_gid != 0 && !is_private_group(stat->st_gid));
}

static bool check_one(const char *path, const struct stat *stat, struct err *err) {
    if (!is_trusted_owner(stat->st_uid)) {
        char *why = mem_printf("belongs to user %u, who is neither root nor the one who runs "
                               "pgtandem (%u)",
                               (unsigned)stat->st_uid, (unsigned)geteuid());
        bool ok = refuse(err, path, why, "give it to one of them");
        free(why);
        return ok;
    }
    if (others_may_write(stat)) {
        char *cure = mem_printf("chmod go-w %s", path);
        bool ok = refuse(err, path, "may be written to by others", cure);
        free(cure);
        return ok;
    }
    return true;
}

static bool check_all(const char *path, int links, struct err *err);

/* Where the link at `path` leads: from the folder that it is in. */
static bool follow(const char *path, int links, struct err *err) {
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);
    if (size <= 0 || links == 0) {
        return refuse(err, path, "is a link that leads nowhere", "mend the link");
    }
    target[size] = '\0';
    int folder = (int)(strrchr(path, '/') - path);
    char *next =
        target[0] == '/' ? mem_strdup(target) : mem_printf("%.*s/%s", folder, path, target);
    bool ok = check_all(next, links - 1, err);
    free(next);
    return ok;
}

static bool check_step(const char *path, int links, struct err *err) {
    struct stat stat;
    if (lstat(path, &stat) != 0) {
        err_set(err, ERR_USAGE, "cannot look at \"%s\": %s", path, strerror(errno));
        return err_hint(err, "correct the path, or its rights");
    }
    return check_one(path, &stat, err) && (!S_ISLNK(stat.st_mode) || follow(path, links, err));
}

/* "/", "/a", "/a/b" of the absolute path "/a/b" */
static bool check_all(const char *path, int links, struct err *err) {
    char *step = mem_strdup(path);
    bool ok = check_step("/", links, err);
    for (char *end = step; ok && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char kept = *end;
        *end = '\0';
        ok = check_step(step, links, err);
        *end = kept;
    }
    free(step);
    return ok;
}

static char *absolute(const char *path) {
    char folder[PATH_MAX];
    return path[0] == '/' || getcwd(folder, sizeof folder) == NULL
               ? mem_strdup(path)
               : mem_printf("%s/%s", folder, path);
}

char *trusted_path(const char *path, struct err *err) {
    char *start = absolute(path);
    char *real = NULL;
    if (check_all(start, LINKS_AT_MOST, err)) {
        real = realpath(start, NULL);
        if (real == NULL) {
            err_set(err, ERR_USAGE, "cannot look at \"%s\": %s", path, strerror(errno));
        }
    }
    free(start);
    return real;
}
