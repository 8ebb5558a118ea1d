// Ways out of a sandbox, one per word. Says ESCAPED when it worked; else says why not and ends with 1.
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_NEWUSER
#define CLONE_NEWUSER 0x10000000
#endif

static int end(const char *what, long result) {
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        return 1;
    }
    puts("ESCAPED");
    return 0;
}

static int into_socket(const char *name, int abstract) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path + abstract, name, sizeof at.sun_path - 2);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return end("connect", connect(s, (void *)&at, offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name)));
}

static int pivot(void) {
    mkdir("/tmp/new", 0700);
    if (mount("none", "/tmp/new", "tmpfs", 0, 0)) {
        // Without a mount of one's own the root itself may still do.
        return end("pivot_root", syscall(SYS_pivot_root, "/", "/"));
    }
    mkdir("/tmp/new/old", 0700);
    return end("pivot_root", syscall(SYS_pivot_root, "/tmp/new", "/tmp/new/old"));
}

static int new_user_by_clone3(void) {
    struct clone_args with = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &with, sizeof with);
    if (child == 0) _exit(0);
    return end("clone3", child);
}

static int new_user_by_clone(void) {
    long child = syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return end("clone", child);
}

static int keyring(void) {
    const int session = -3;
    long key = syscall(SYS_add_key, "user", "cairn-probe", "x", (size_t)1, session);
    return end("add_key", key < 0 ? key : syscall(SYS_keyctl, 11 /* read */, key, 0, 0, 0));
}

static int ring(void) {
    struct io_uring_params with = {0};
    return end("io_uring_setup", syscall(SYS_io_uring_setup, 4, &with));
}

static int type_into_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master)) return end("openpt", -1);
    if (fork() == 0) {
        setsid();
        int terminal = open(ptsname(master), O_RDWR);
        ioctl(terminal, TIOCSCTTY, 0);
        _exit(end("TIOCSTI", ioctl(terminal, TIOCSTI, "x")));
    }
    int status;
    wait(&status);
    return WEXITSTATUS(status);
}

// For so many seconds two names change places: what was a directory is a link the next moment.
static int swap(const char *one, const char *other, int seconds) {
    time_t until = time(0) + seconds;
    unsigned long rounds = 0;
    while (time(0) < until) {
        for (int i = 0; i < 64; i++) {
            if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2 /* exchange */)) return end("renameat2", -1);
            rounds++;
        }
    }
    printf("%lu\n", rounds);
    return 0;
}

int main(int n, char **word) {
    const char *what = n > 1 ? word[1] : "", *on = n > 2 ? word[2] : "";
    setvbuf(stdout, 0, _IOLBF, 0);
    if (!strcmp(what, "ptrace")) return end("ptrace", ptrace(PTRACE_ATTACH, atoi(on), 0, 0));
    if (!strcmp(what, "open_tree")) return end("open_tree", syscall(428, AT_FDCWD, "/", 1 | 0x8000 /* clone, with all below */));
    if (!strcmp(what, "pivot")) return pivot();
    if (!strcmp(what, "chroot")) return end("chroot", chroot("/tmp"));
    if (!strcmp(what, "unix")) return into_socket(on, 0);
    if (!strcmp(what, "abstract")) return into_socket(on, 1);
    if (!strcmp(what, "keyring")) return keyring();
    if (!strcmp(what, "io_uring")) return ring();
    if (!strcmp(what, "tiocsti")) return type_into_terminal();
    if (!strcmp(what, "clone3")) return new_user_by_clone3();
    if (!strcmp(what, "clone")) return new_user_by_clone();
    if (!strcmp(what, "swap")) return swap(on, word[3], atoi(word[4]));
    if (!strcmp(what, "root")) return end("not root", geteuid() == 0 && getuid() != 0 ? 0 : -1);
    fprintf(stderr, "unknown word %s\n", what);
    return 2;
}
