// cairn-shell: keeps the shells of one run alive while the process that drives the run comes and goes.
//
//   cairn-shell hold SOCKET ROOT STATE UNATTENDED-SECONDS CGROUP... -- CHAIN...   outside: the holder
//   cairn-shell serve                                                            inside the sandbox: opens terminals
//
// The holder starts the chain of programs that makes the sandbox, whose last one is `cairn-shell serve` with a socket as its
// standard input. It owns the terminals, keeps the last of their output, and listens on SOCKET for clients of its own user.
// It also mounts the run's workspace into the sandbox and takes it away: a workspace is only taken away when no process
// of the sandbox holds it (umount says so), which is what makes freezing the layer beneath it sound.
//
// A message is a 32-bit length of what follows, a type byte, and a body; texts in it end with NUL. From clients:
//   H hello | M mark base | A git options | D detach | O name cols rows script | I name bytes | G name | W name cols rows
//   | C name | F follow name offset | T tree | E end.   Answers: k text, b (busy), e text.   Pushed: o, p, x (see push).
// T is answered with the mounted workspace itself, as a descriptor beside the k: a sandbox of another command shares it then.
// What comes from inside the sandbox is hostile: it is bounded, and no more than bytes of a terminal and of reports.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// From <sys/mount.h>, which some versions of the C library will not have beside <linux/mount.h>.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
enum { DETACH = 2, NOFOLLOW = 8 };

enum {
  MAX_SHELLS = 8, MAX_CLIENTS = 16, RING = 1 << 20, MAX_REPORT = 2 << 20, MAX_IN = 4 << 20, MAX_TYPED = 1 << 20, MAX_BACKLOG = 4 << 20,
  REPORT_FD = 250, GO_FD = 251, SCRIPT_FD = 252,
};

struct shell {
  char name[64];
  int used, master, report, go, closing, parked, dead, status;
  pid_t pid;  // as seen inside
  uint64_t total, reports, report_at;
  char *ring, *last, *partial, *input;  // the report that is complete, the one that comes in, what is still to be typed
  size_t last_size, partial_size, input_size;
};

struct client {
  int fd;  // -1: free
  char *in, *out;
  size_t in_size, out_size;
  uint64_t seen[MAX_SHELLS], reported[MAX_SHELLS];
  char follows[MAX_SHELLS], told[MAX_SHELLS];
};

static struct shell shells[MAX_SHELLS];
static struct client clients[MAX_CLIENTS];
static int inside = -1, listener = -1, mounted = 1, group_count;
static pid_t chain_pid, outer_pid, server_pid;
static char *socket_path, *root, *state, **groups, mark[256], base[256];
static struct stat socket_stat;

static _Noreturn void die(const char *what) {
  dprintf(2, "cairn-shell: %s: %s\n", what, strerror(errno));
  _exit(125);
}

static void *grow(void *old, size_t size) {
  void *more = realloc(old, size ? size : 1);
  if (!more) die("memory");
  return more;
}

static int send_fds(int fd, const void *data, size_t size, const int *fds, int count) {
  char control[CMSG_SPACE(sizeof(int) * 4)] = {0};
  struct iovec part = {(void *)data, size};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    head.msg_control = control, head.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&head);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
  }
  return sendmsg(fd, &head, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

// Takes one packet; *pid is the sender's as we see it.
static ssize_t take(int fd, void *into, size_t size, int *fds, int *count, pid_t *pid, int flags) {
  char control[CMSG_SPACE(sizeof(int) * 4) + CMSG_SPACE(sizeof(struct ucred))];
  struct iovec part = {into, size};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n;
  *count = 0;
  do n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC | flags); while (n < 0 && errno == EINTR);
  if (n <= 0) return n;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS && pid) { struct ucred who; memcpy(&who, CMSG_DATA(c), sizeof who); *pid = who.pid; }
    if (c->cmsg_type != SCM_RIGHTS) continue;
    int here = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < here; i++) {
      int passed;
      memcpy(&passed, CMSG_DATA(c) + (size_t)i * sizeof(int), sizeof passed);
      if (*count < 4) fds[(*count)++] = passed; else close(passed);
    }
  }
  return n;
}

// ---- Inside the sandbox ------------------------------------------------------------------------------------------------

struct order { int32_t index; uint16_t cols, rows; char directory[4096]; };
struct event { int32_t index, pid, status; };  // pid 0: the server is ready; status -1: begun

static pid_t begin(const struct order *order, int script) {
  int report[2], go[2], master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct event event = {order->index, -1, errno};
  struct winsize size = {.ws_row = order->rows, .ws_col = order->cols};
  if (master < 0 || grantpt(master) || unlockpt(master) || pipe2(report, O_CLOEXEC) || pipe2(go, O_CLOEXEC)) {
    event.status = errno;
    send_fds(0, &event, sizeof event, NULL, 0);
    return 0;
  }
  ioctl(master, TIOCSWINSZ, &size);
  char *name = ptsname(master);
  pid_t pid = fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < 32; i++) signal(i, SIG_DFL);
    setsid();
    int terminal = open(name, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0)) _exit(125);
    dup2(terminal, 0), dup2(terminal, 1), dup2(terminal, 2);
    dup2(report[1], REPORT_FD), dup2(go[0], GO_FD), dup2(script, SCRIPT_FD);
    syscall(SYS_close_range, 3, REPORT_FD - 1, 0);
    syscall(SYS_close_range, SCRIPT_FD + 1, ~0U, 0);
    if (chdir(order->directory)) { }
    setenv("SHELL", "/bin/bash", 1);
    execl("/bin/bash", "bash", "--noprofile", "--noediting", "--rcfile", "/proc/self/fd/252", "-i", (char *)NULL);
    dprintf(2, "bash: %s\r\n", strerror(errno));
    _exit(127);
  }
  int passed[3] = {master, report[0], go[1]};
  event.pid = pid, event.status = -1;
  send_fds(0, &event, sizeof event, passed, pid < 0 ? 0 : 3);
  close(master), close(report[0]), close(report[1]), close(go[0]), close(go[1]);
  return pid;
}

// A shell passes a hang-up on to its jobs only when it is at its prompt; here every process of its session gets it.
static void hang_up(pid_t session, int number) {
  DIR *all = opendir("/proc");
  for (struct dirent *entry; all && (entry = readdir(all));) {
    pid_t pid = atoi(entry->d_name);
    if (pid > 0 && getsid(pid) == session) kill(pid, number), kill(pid, SIGCONT);
  }
  if (all) closedir(all);
}

static int serve(void) {
  static pid_t pids[MAX_SHELLS];
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  int signals = signalfd(-1, &children, SFD_CLOEXEC);
  struct event ready = {-1, 0, 0};
  fcntl(0, F_SETFD, FD_CLOEXEC);
  // Nothing of ours stands in the workspace: it could not be taken away.
  if (chdir("/") || signals < 0 || send_fds(0, &ready, sizeof ready, NULL, 0)) return 125;
  for (;;) {
    struct pollfd wait[] = {{0, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return 125;
    if (wait[1].revents) {
      struct signalfd_siginfo info;
      int status;
      if (read(signals, &info, sizeof info) < 0) { }
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (int i = 0; i < MAX_SHELLS; i++)
          if (pids[i] == pid) {
            struct event gone = {i, pid, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
            pids[i] = 0;
            send_fds(0, &gone, sizeof gone, NULL, 0);
          }
    }
    if (wait[0].revents) {
      struct order order;
      int fds[4], count;
      ssize_t n = take(0, &order, sizeof order, fds, &count, NULL, 0);
      if (n <= 0) return 0;
      if (n == sizeof order && count == 1 && order.index >= 0 && order.index < MAX_SHELLS) {
        if (order.cols == 0 && pids[order.index] > 0) {
          hang_up(pids[order.index], order.rows ? SIGKILL : SIGHUP);
        } else if (order.cols > 0) {
          pids[order.index] = begin(&order, fds[0]);
        }
      }
      for (int i = 0; i < count; i++) close(fds[i]);
    }
  }
}

// ---- The workspace's mount --------------------------------------------------------------------------------------------

static int enter(pid_t pid, const char *space, int type) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, space);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = setns(fd, type);
  close(fd);
  return result;
}

// The .git of a repository is shown read-only over itself.
static int cover_git(void) {
  char path[4200];
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  snprintf(path, sizeof path, "%s/.git", root);
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes)) return errno;
  return syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) ? errno : 0;
}

// In a child, which never comes back from the namespaces: 0 or an error number.
static int change_mount(int attach, int git, const char *options) {
  char path[4200];
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  // Opened now: the /proc in there counts processes otherwise.
  snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)server_pid);
  int inner = open(path, O_RDONLY | O_CLOEXEC);
  if (inner < 0) return errno;
  if (geteuid() != 0 && enter(outer_pid, "user", CLONE_NEWUSER)) return errno;
  if (enter(outer_pid, "mnt", CLONE_NEWNS) || chdir(state)) return errno;
  int tree = -1;
  if (attach) {
    if (mount("overlay", root, "overlay", 0, options)) return errno;
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, root, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int error = tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) ? errno : 0;
    if (umount2(root, DETACH | NOFOLLOW) || error) return error ? error : errno;
  } else if (umount2(root, DETACH | NOFOLLOW) && errno != EINVAL) {
    return errno;
  }
  if (setns(inner, CLONE_NEWNS)) return errno;
  if (attach) {
    if (syscall(SYS_move_mount, tree, "", AT_FDCWD, root, MOVE_MOUNT_F_EMPTY_PATH)) return errno;
    int error = git ? cover_git() : 0;
    if (error) umount2(root, DETACH | NOFOLLOW);
    return error;
  }
  snprintf(path, sizeof path, "%s/.git", root);
  int covered = umount2(path, DETACH | NOFOLLOW) == 0;
  if (umount2(root, NOFOLLOW) == 0) return 0;
  int error = errno;
  // The .git is bare for this moment; it is the run's own layer that shows through, never the repository.
  return covered && cover_git() ? EIO : error;
}

static int in_child(int attach, int git, const char *options) {
  int status;
  pid_t pid = fork();
  if (pid == 0) _exit(change_mount(attach, git, options));
  if (pid < 0) return errno;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) { }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// The workspace's mount with what lies on it, detached from everywhere: -1 and errno when there is none to be had.
static int mounted_tree(void) {
  int pair[2], tree = -1, count = 0, status, error = EIO, fds[4];
  if (!mounted) { errno = ENOENT; return -1; }
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    // A child never comes back from the namespaces.
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)server_pid);
    int inner = open(path, O_RDONLY | O_CLOEXEC);
    if (inner < 0 || (geteuid() != 0 && enter(outer_pid, "user", CLONE_NEWUSER)) || setns(inner, CLONE_NEWNS)) _exit(errno);
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, root, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    _exit(tree < 0 || send_fds(pair[1], "t", 1, &tree, 1) ? errno : 0);
  }
  close(pair[1]);
  if (pid > 0) {
    char one;
    if (take(pair[0], &one, 1, fds, &count, NULL, 0) == 1 && count == 1) tree = fds[0];
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) { }
    error = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EIO;
  }
  close(pair[0]);
  errno = error;
  return tree;
}

// ---- Clients ------------------------------------------------------------------------------------------------------------

static void drop(struct client *client) {
  close(client->fd);
  free(client->in), free(client->out);
  memset(client, 0, sizeof *client);
  client->fd = -1;
}

static void say(struct client *client, char type, const void *body, size_t size) {
  uint32_t length = (uint32_t)size + 1;
  if (client->fd < 0 || client->out_size + size > MAX_BACKLOG) return;
  client->out = grow(client->out, client->out_size + size + 5);
  memcpy(client->out + client->out_size, &length, 4);
  client->out[client->out_size + 4] = type;
  if (size) memcpy(client->out + client->out_size + 5, body, size);
  client->out_size += size + 5;
}

static void answer(struct client *client, char type, const char *format, ...) {
  char text[8192];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  say(client, type, text, (size_t)(n < (int)sizeof text ? n : (int)sizeof text - 1));
}

static void push_one(struct client *client, struct shell *shell, char type, uint64_t first, uint64_t second, const char *body, size_t size) {
  size_t name = strlen(shell->name) + 1;
  char *all = grow(NULL, name + 16 + size);
  memcpy(all, shell->name, name), memcpy(all + name, &first, 8), memcpy(all + name + 8, &second, 8);
  if (size) memcpy(all + name + 16, body, size);
  say(client, type, all, name + 16 + size);
  free(all);
}

// Gives a client what it has not seen: o name offset total bytes | p name count output-then report | x name status 0.
static void push(struct client *client) {
  for (int i = 0; i < MAX_SHELLS; i++) {
    struct shell *shell = &shells[i];
    if (client->fd < 0 || !shell->used || !client->follows[i] || client->out_size > RING) continue;
    while (client->seen[i] < shell->total) {
      if (shell->total - client->seen[i] > RING) client->seen[i] = shell->total - RING;
      size_t at = client->seen[i] % RING, n = RING - at;
      if (n > shell->total - client->seen[i]) n = shell->total - client->seen[i];
      push_one(client, shell, 'o', client->seen[i], shell->total, shell->ring + at, n);
      client->seen[i] += n;
    }
    if (client->reported[i] < shell->reports) {
      client->reported[i] = shell->reports;
      push_one(client, shell, 'p', shell->reports, shell->report_at, shell->last, shell->last_size);
    }
    if (shell->dead && !client->told[i]) {
      client->told[i] = 1;
      push_one(client, shell, 'x', (uint64_t)shell->status, 0, NULL, 0);
    }
  }
}

// ---- Shells -------------------------------------------------------------------------------------------------------------

static void forget(struct shell *shell) {
  int index = (int)(shell - shells);
  if (shell->master >= 0) close(shell->master);
  if (shell->report >= 0) close(shell->report);
  if (shell->go >= 0) close(shell->go);
  free(shell->ring), free(shell->last), free(shell->partial), free(shell->input);
  memset(shell, 0, sizeof *shell);
  for (int i = 0; i < MAX_CLIENTS; i++) clients[i].follows[index] = clients[i].told[index] = 0, clients[i].seen[index] = clients[i].reported[index] = 0;
}

static void go_on(struct shell *shell) {
  if (shell->parked && shell->go >= 0 && write(shell->go, "g\n", 2) == 2) shell->parked = 0;
}

// Lines that wait in the terminal were typed for this shell: it is not at rest before it took them.
static int has_typed(struct shell *shell) {
  int waiting = 0, slave = ioctl(shell->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave >= 0) { ioctl(slave, FIONREAD, &waiting); close(slave); }
  return waiting > 0 || shell->input_size > 0;
}

static void read_output(struct shell *shell) {
  char block[16384];
  ssize_t n;
  while ((n = read(shell->master, block, sizeof block)) > 0) {
    for (ssize_t i = 0; i < n;) {
      size_t at = shell->total % RING, part = RING - at;
      if (part > (size_t)(n - i)) part = (size_t)(n - i);
      memcpy(shell->ring + at, block + i, part);
      shell->total += part, i += (ssize_t)part;
    }
    if (n < (ssize_t)sizeof block) return;
  }
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) { close(shell->master); shell->master = -1; }
}

// A report ends with a NUL and a byte 2; one that is too long is dropped and counts as empty.
static void read_report(struct shell *shell) {
  char block[16384];
  ssize_t n = read(shell->report, block, sizeof block);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) { close(shell->report); shell->report = -1; return; }
  for (ssize_t i = 0; i < n; i++) {
    if (shell->partial_size < MAX_REPORT) {
      if (shell->partial_size % 65536 == 0) shell->partial = grow(shell->partial, shell->partial_size + 65536);
      shell->partial[shell->partial_size++] = block[i];
    }
    size_t size = shell->partial_size;
    int full = size == MAX_REPORT;
    if (block[i] == 2 && (full || (size >= 2 && shell->partial[size - 2] == 0))) {
      free(shell->last);
      shell->last = shell->partial, shell->last_size = full ? 0 : size;
      shell->partial = NULL, shell->partial_size = 0;
      if (shell->master >= 0) read_output(shell);
      shell->parked = 1;
      if (shell->master >= 0 && has_typed(shell)) { go_on(shell); continue; }
      shell->reports++, shell->report_at = shell->total;
    }
  }
}

static void type_on(struct shell *shell) {
  if (shell->master < 0 || shell->input_size == 0) return;
  ssize_t n = write(shell->master, shell->input, shell->input_size);
  if (n <= 0) return;
  shell->input_size -= (size_t)n;
  memmove(shell->input, shell->input + n, shell->input_size);
}

static struct shell *find(const char *name) {
  for (int i = 0; i < MAX_SHELLS; i++) if (shells[i].used && !strcmp(shells[i].name, name)) return &shells[i];
  return NULL;
}

static void from_inside(void) {
  struct event event;
  int fds[4], count;
  ssize_t n = take(inside, &event, sizeof event, fds, &count, NULL, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) { close(inside); inside = -1; return; }
  struct shell *shell = n == sizeof event && event.index >= 0 && event.index < MAX_SHELLS && shells[event.index].used ? &shells[event.index] : NULL;
  if (shell && event.status == -1 && count == 3 && shell->master < 0 && !shell->dead) {
    shell->master = fds[0], shell->report = fds[1], shell->go = fds[2], shell->pid = event.pid, count = 0;
    for (int i = 0; i < 3; i++) fcntl(fds[i], F_SETFL, O_NONBLOCK);
  } else if (shell && n == sizeof event) {
    shell->dead = 1, shell->status = event.status & 0xff;
    if (shell->master >= 0) read_output(shell);
  }
  for (int i = 0; i < count; i++) close(fds[i]);
}

static void open_shell(struct client *client, const char *name, unsigned cols, unsigned rows, const char *directory, const char *script, size_t size) {
  int index = 0;
  struct shell *old = find(name);
  if (old && !old->dead) { answer(client, 'e', "the shell %s is open already", name); return; }
  if (old) forget(old);
  while (index < MAX_SHELLS && shells[index].used) index++;
  for (int i = 0; index == MAX_SHELLS && i < MAX_SHELLS; i++) if (shells[i].dead) { forget(&shells[i]); index = i; }
  if (index == MAX_SHELLS || !*name || strlen(name) >= sizeof shells[0].name) { answer(client, 'e', "no more than %d shells can be open", MAX_SHELLS); return; }
  struct shell *shell = &shells[index];
  struct order order = {.index = index, .cols = (uint16_t)(cols ? cols : 80), .rows = (uint16_t)(rows ? rows : 24)};
  int file = memfd_create("script", MFD_CLOEXEC);
  snprintf(order.directory, sizeof order.directory, "%s", directory);
  for (size_t at = 0; file >= 0 && at < size;) {
    ssize_t n = write(file, script + at, size - at);
    if (n <= 0) { close(file); file = -1; } else at += (size_t)n;
  }
  if (file < 0 || lseek(file, 0, SEEK_SET) || send_fds(inside, &order, sizeof order, &file, 1)) {
    answer(client, 'e', "the shell cannot be opened: %s", strerror(errno));
  } else {
    strcpy(shell->name, name);
    shell->used = 1, shell->master = shell->report = shell->go = -1, shell->ring = grow(NULL, RING);
    answer(client, 'k', "");
  }
  if (file >= 0) close(file);
}

static void hello(struct client *client) {
  char text[8192];
  int n = snprintf(text, sizeof text, "server %d\nmounted %d\nmark %s\nbase %s\n", (int)server_pid, mounted, mark, base);
  for (int i = 0; i < MAX_SHELLS; i++)
    if (shells[i].used)
      n += snprintf(text + n, sizeof text - (size_t)n, "shell %s %d %llu %llu %d %d %llu\n", shells[i].name, (int)shells[i].pid,
                    (unsigned long long)shells[i].total, (unsigned long long)shells[i].reports, shells[i].parked, shells[i].dead,
                    (unsigned long long)shells[i].report_at);
  say(client, 'k', text, (size_t)n);
}

static void end(int code) {
  struct stat now;
  int status;
  // The first process of the outer process namespace: with it the kernel kills every other.
  if (outer_pid > 0) kill(outer_pid, SIGKILL);
  else if (chain_pid > 0) kill(chain_pid, SIGKILL);
  if (listener >= 0 && stat(socket_path, &now) == 0 && now.st_ino == socket_stat.st_ino) unlink(socket_path);
  if (chain_pid > 0) waitpid(chain_pid, &status, 0);
  for (int i = 0; i < group_count; i++) rmdir(groups[i]);
  _exit(code);
}

static void obey(struct client *client, char type, char *body, size_t size) {
  char *part[8] = {0}, *at = body, *stop = body + size;
  int texts = type == 'O' ? 4 : type == 'W' ? 3 : strchr("AFM", type) ? 2 : strchr("IGC", type) ? 1 : 0;
  for (int i = 0; i < texts; i++) {
    char *nul = memchr(at, 0, (size_t)(stop - at));
    if (!nul) { answer(client, 'e', "a message without its texts"); return; }
    part[i] = at, at = nul + 1;
  }
  struct shell *shell = strchr("IGWCF", type) ? find(part[0]) : NULL;
  if (strchr("IGWCF", type) && !shell) { answer(client, 'e', "there is no shell %s", part[0]); return; }
  int error;
  switch (type) {
    case 'H': hello(client); return;
    case 'E': answer(client, 'k', ""); if (write(client->fd, client->out, client->out_size) < 0) { } end(0); return;
    case 'M': snprintf(mark, sizeof mark, "%s", part[0]), snprintf(base, sizeof base, "%s", part[1]); break;
    case 'A':
      if (mounted) { answer(client, 'e', "the workspace is mounted already"); return; }
      if ((error = in_child(1, part[0][0] == '1', part[1]))) { answer(client, 'e', "the workspace cannot be mounted: %s", strerror(error)); return; }
      mounted = 1;
      break;
    case 'D':
      error = mounted ? in_child(0, 0, "") : 0;
      if (error == EBUSY) { answer(client, 'b', ""); return; }
      if (error) { answer(client, 'e', "the workspace cannot be taken away: %s", strerror(error)); return; }
      mounted = 0;
      break;
    case 'T': {
      const char done[5] = {1, 0, 0, 0, 'k'};
      int tree = client->out_size == 0 ? mounted_tree() : -1;
      // Beside the answer, which for this once does not wait in the queue.
      if (tree < 0) answer(client, 'e', "the workspace cannot be shared: %s", strerror(errno));
      else if (send_fds(client->fd, done, sizeof done, &tree, 1)) drop(client);
      if (tree >= 0) close(tree);
      return;
    }
    case 'O': open_shell(client, part[0], (unsigned)atoi(part[1]), (unsigned)atoi(part[2]), part[3], at, (size_t)(stop - at)); return;
    case 'I':
      // Keys such as Ctrl-C would strike the shell while it waits outside of the workspace.
      if (shell->parked) { answer(client, 'e', "the shell rests"); return; }
      if (shell->dead || shell->input_size + (size_t)(stop - at) > MAX_TYPED) { answer(client, 'e', "the shell takes no more input"); return; }
      shell->input = grow(shell->input, shell->input_size + (size_t)(stop - at));
      memcpy(shell->input + shell->input_size, at, (size_t)(stop - at));
      shell->input_size += (size_t)(stop - at);
      break;
    case 'G': go_on(shell); break;
    case 'W': {
      struct winsize window = {.ws_col = (unsigned short)atoi(part[1]), .ws_row = (unsigned short)atoi(part[2])};
      if (shell->master >= 0) ioctl(shell->master, TIOCSWINSZ, &window);
      break;
    }
    case 'C': {
      // First a hang-up, which bash passes on to its jobs; who asks again is not asked any more.
      struct order order = {.index = (int32_t)(shell - shells), .rows = (uint16_t)shell->closing++};
      int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (!shell->dead) send_fds(inside, &order, sizeof order, &null, 1);
      close(null);
      shell->dead ? forget(shell) : (void)0;
      break;
    }
    case 'F':
      client->follows[shell - shells] = 1, client->seen[shell - shells] = strtoull(part[1], NULL, 10);
      break;
    default: answer(client, 'e', "unknown message"); return;
  }
  answer(client, 'k', "");
}

static void from_client(struct client *client) {
  char block[65536];
  ssize_t n = recv(client->fd, block, sizeof block, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) { drop(client); return; }
  client->in = grow(client->in, client->in_size + (size_t)n);
  memcpy(client->in + client->in_size, block, (size_t)n);
  client->in_size += (size_t)n;
  while (client->fd >= 0 && client->in_size >= 5) {
    uint32_t length;
    memcpy(&length, client->in, 4);
    if (length == 0 || length > MAX_IN) { drop(client); return; }
    if (client->in_size < 4 + (size_t)length) return;
    obey(client, client->in[4], client->in + 5, length - 1);
    client->in_size -= 4 + (size_t)length;
    memmove(client->in, client->in + 4 + length, client->in_size);
  }
}

static void welcome(void) {
  struct ucred who;
  socklen_t size = sizeof who;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) || (who.uid != geteuid() && who.uid != 0)) { close(fd); return; }
  for (int i = 0; i < MAX_CLIENTS; i++) if (clients[i].fd < 0) { clients[i].fd = fd; return; }
  close(fd);
}

// ---- The holder ---------------------------------------------------------------------------------------------------------

static void start_chain(char **chain) {
  int pair[2], on = 1, fds[4], count;
  struct event ready;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) || setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on)) die("socket");
  chain_pid = fork();
  if (chain_pid < 0) die("fork");
  if (chain_pid == 0) {
    int null = open("/dev/null", O_WRONLY);
    signal(SIGPIPE, SIG_DFL), signal(SIGHUP, SIG_DFL), signal(SIGINT, SIG_DFL);
    dup2(pair[1], 0), dup2(null, 1);
    execvp(chain[0], chain);
    die(chain[0]);
  }
  close(pair[1]);
  inside = pair[0];
  // Before anything of an agent runs inside: the server that speaks here is ours.
  if (take(inside, &ready, sizeof ready, fds, &count, &server_pid, 0) != sizeof ready || server_pid <= 0) {
    int status;
    waitpid(chain_pid, &status, 0);
    _exit(125);
  }
  char path[64], line[64] = "";
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)chain_pid, (int)chain_pid);
  int list = open(path, O_RDONLY | O_CLOEXEC);
  if (list < 0 || read(list, line, sizeof line - 1) <= 0 || (outer_pid = atoi(line)) <= 0) die(path);
  close(list);
}

static void listen_on(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(socket_path) >= sizeof address.sun_path) { errno = ENAMETOOLONG; die(socket_path); }
  strcpy(address.sun_path, socket_path);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(socket_path);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || chmod(socket_path, 0600) || listen(listener, MAX_CLIENTS) || stat(socket_path, &socket_stat)) die(socket_path);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec;
}

static void loop(int64_t unattended) {
  int64_t attended = now();
  for (;;) {
    struct pollfd wait[2 + (MAX_SHELLS * 2) + MAX_CLIENTS];
    struct stat there;
    int n = 2;
    wait[0] = (struct pollfd){inside, POLLIN, 0}, wait[1] = (struct pollfd){listener, POLLIN, 0};
    for (int i = 0; i < MAX_SHELLS; i++) {
      wait[n++] = (struct pollfd){shells[i].used ? shells[i].master : -1, (short)(POLLIN | (shells[i].input_size ? POLLOUT : 0)), 0};
      wait[n++] = (struct pollfd){shells[i].used ? shells[i].report : -1, POLLIN, 0};
    }
    for (int i = 0; i < MAX_CLIENTS; i++) wait[n++] = (struct pollfd){clients[i].fd, (short)(POLLIN | (clients[i].out_size ? POLLOUT : 0)), 0};
    poll(wait, (nfds_t)n, 2000);
    // Whoever removed the socket, or all of the state directory, wants this to end.
    if (stat(socket_path, &there) || there.st_ino != socket_stat.st_ino) end(0);
    if (wait[0].revents) from_inside();
    if (inside < 0) end(1);
    if (wait[1].revents) welcome();
    for (int i = 0; i < MAX_SHELLS; i++) {
      struct shell *shell = &shells[i];
      if (shell->used && shell->master >= 0) { type_on(shell); if (wait[2 + (i * 2)].revents & ~POLLOUT) read_output(shell); }
      if (shell->used && shell->report >= 0 && wait[3 + (i * 2)].revents) read_report(shell);
    }
    int any = 0;
    for (int i = 0; i < MAX_CLIENTS; i++) {
      struct client *client = &clients[i];
      if (client->fd >= 0 && (wait[2 + (MAX_SHELLS * 2) + i].revents & ~POLLOUT)) from_client(client);
      if (client->fd < 0) continue;
      any = 1;
      push(client);
      ssize_t sent = client->out_size ? send(client->fd, client->out, client->out_size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
      if (sent < 0 && errno != EAGAIN && errno != EINTR) { drop(client); continue; }
      if (sent > 0) { client->out_size -= (size_t)sent; memmove(client->out, client->out + sent, client->out_size); }
    }
    if (any) attended = now();
    else if (now() - attended > unattended) end(0);
  }
}

int main(int count, char **argument) {
  if (count == 2 && !strcmp(argument[1], "serve")) return serve();
  if (count < 7 || strcmp(argument[1], "hold")) { errno = EINVAL; die("usage"); }
  syscall(SYS_close_range, 3, ~0U, 0);
  signal(SIGPIPE, SIG_IGN), signal(SIGHUP, SIG_IGN), signal(SIGINT, SIG_IGN);
  setsid();
  umask(077);
  socket_path = argument[2], root = argument[3], state = argument[4];
  int64_t unattended = atoll(argument[5]);
  groups = argument + 6;
  while (groups[group_count] && strcmp(groups[group_count], "--")) group_count++;
  if (!groups[group_count] || !groups[group_count + 1]) { errno = EINVAL; die("usage"); }
  for (int i = 0; i < MAX_CLIENTS; i++) clients[i].fd = -1;
  start_chain(groups + group_count + 1);
  listen_on();
  if (write(1, "ready\n", 6) != 6) end(1);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, 0), dup2(null, 1), dup2(null, 2);
  loop(unattended);
}
