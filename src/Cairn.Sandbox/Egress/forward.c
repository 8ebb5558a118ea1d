/*
 * cairn-forward PORT SOCKET PROGRAM [ARGUMENT...]
 *
 * Runs inside a sandbox that has a loopback interface and nothing else. Listens on 127.0.0.1:PORT, passes every connection
 * on to the Unix socket SOCKET (the egress proxy, outside), and becomes PROGRAM. It decides nothing: what may pass is the
 * proxy's business, and a program that speaks to SOCKET itself gains nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
    fprintf(stderr, "cairn-forward: %s: %s\n", what, strerror(errno));
    return 125;
}

static int write_all(int to, const char *data, ssize_t length)
{
    while (length > 0) {
        ssize_t n = write(to, data, (size_t)length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        length -= n;
    }
    return 0;
}

/* Copies both ways until both ends have closed. */
static void relay(int a, int b)
{
    static char block[64 * 1024];
    struct pollfd ends[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
    int open = 2;
    while (open > 0) {
        if (poll(ends, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        for (int i = 0; i < 2; i++) {
            if (ends[i].fd < 0 || ends[i].revents == 0)
                continue;
            int other = i == 0 ? b : a;
            ssize_t n = read(ends[i].fd, block, sizeof block);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0) {
                shutdown(other, SHUT_WR);
                ends[i].fd = -1;
                open--;
            } else if (write_all(other, block, n) < 0) {
                return;
            }
        }
    }
}

static void serve(int listener, const struct sockaddr_un *proxy)
{
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                poll(NULL, 0, 20);
                continue;
            }
            _exit(1);
        }
        if (fork() == 0) {
            close(listener);
            int up = socket(AF_UNIX, SOCK_STREAM, 0);
            if (up >= 0 && connect(up, (const struct sockaddr *)proxy, sizeof *proxy) == 0)
                relay(client, up);
            _exit(0);
        }
        close(client);
    }
}

int main(int count, char **words)
{
    struct sockaddr_un proxy = { .sun_family = AF_UNIX };
    if (count < 4 || strlen(words[2]) >= sizeof proxy.sun_path) {
        fprintf(stderr, "usage: cairn-forward PORT SOCKET PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    strcpy(proxy.sun_path, words[2]);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return fail("socket");
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1])) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        return fail("bind");
    if (listen(listener, 64) < 0)
        return fail("listen");
    pid_t child = fork();
    if (child < 0)
        return fail("fork");
    if (child == 0) {
        /* The program's streams must end with the program. */
        int null = open("/dev/null", O_RDWR);
        if (null >= 0) {
            dup2(null, 0);
            dup2(null, 1);
            dup2(null, 2);
        }
        setsid();
        serve(listener, &proxy);
    }
    execvp(words[3], words + 3);
    fprintf(stderr, "%s: %s\n", words[3], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}
