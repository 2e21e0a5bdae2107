/* process.c - fork, exec, wait. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what, const char *about) {
    fprintf(stderr, "nemesis: %s %s: %s\n", what, about, strerror(errno));
    exit(1);
}

/* Looked up before the fork: between fork and exec little is allowed. */
static const struct passwd *server_user(void) {
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL) {
        die("no user", "postgres");
    }
    return user;
}

/* In the child. The order matters: a change of user forgets the death signal. */
static void become(const char *const *argv, const struct passwd *user, int out, int err) {
    if (user != NULL && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
                         setuid(user->pw_uid) != 0 || chdir("/") != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(err, STDERR_FILENO) < 0) {
        _exit(126);
    }
    char *words[32];
    size_t count = 0;
    for (; argv[count] != NULL && count < sizeof words / sizeof *words - 1; count++) {
        memcpy(&words[count], &argv[count], sizeof *words); /* execv() takes its words unconst */
    }
    words[count] = NULL;
    execv(words[0], words);
    _exit(127);
}

static pid_t start(const char *const *argv, const char *log, enum run_as as, int out) {
    const struct passwd *user = as == AS_SERVER && geteuid() == 0 ? server_user() : NULL;
    int err = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (err < 0) {
        die("cannot open", log);
    }
    pid_t pid = fork();
    if (pid < 0) {
        die("cannot start", argv[0]);
    }
    if (pid == 0) {
        become(argv, user, out >= 0 ? out : err, err);
    }
    close(err);
    return pid;
}

pid_t process_start(const char *const *argv, const char *log, enum run_as as) {
    return start(argv, log, as, -1);
}

static int wait_for(pid_t pid, int options) {
    int status = 0;
    while (waitpid(pid, &status, options) < 0) {
        if (errno != EINTR) {
            die("cannot wait for", "a child");
        }
    }
    return status;
}

static int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process_kill(pid_t pid) {
    kill(pid, SIGKILL);
    (void)wait_for(pid, 0);
}

void process_stop(pid_t pid) {
    kill(pid, SIGSTOP);
    siginfo_t info;
    (void)waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT); /* an end is for others */
}

void process_continue(pid_t pid) {
    kill(pid, SIGCONT);
}

bool process_ended(pid_t pid, int *status) {
    int raw = 0;
    if (waitpid(pid, &raw, WNOHANG) != pid) {
        return false;
    }
    *status = exit_status(raw);
    return true;
}

int process_run(const char *const *argv, const char *log, enum run_as as) {
    return exit_status(wait_for(process_start(argv, log, as), 0));
}

int process_read(const char *const *argv, const char *log, struct buf *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        die("no pipe for", argv[0]);
    }
    pid_t pid = start(argv, log, AS_SELF, ends[1]);
    close(ends[1]);
    char piece[4096];
    ssize_t size;
    while ((size = read(ends[0], piece, sizeof piece)) > 0) {
        buf_add(output, piece, (size_t)size);
    }
    close(ends[0]);
    return exit_status(wait_for(pid, 0));
}
