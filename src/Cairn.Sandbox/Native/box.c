// cairn-box: makes one sandbox, keeps it warm, and runs commands in it, one at a time.
//
// Two processes. The keeper stays outside with its own view of the file system; for each command it mounts the
// workspace's overlay, attaches it to the sandbox, and takes it away afterwards. The init is process 1 of the sandbox:
// it has no capabilities, runs under the system call filter, starts each command and, when the command has ended,
// kills and reaps whatever it left behind. Policy (what is mounted, the filter, the limits) comes from the caller.
//
// Started as:  cairn-box FD OPTION...     in the state directory; FD is a Unix stream socket to the caller.
//   --inside UID GID    --owner UID GID   the agent's ids inside, and those that they are outside
//   --seccomp FILE      --join FILE       the filter; a cgroup.procs file that the init writes itself into
//   --noexec                              no program is started from, or mapped out of, what is made here
//   and bubblewrap's: --ro-bind[-try] FROM TO, --symlink TARGET PATH, --perms MODE, --size BYTES, --tmpfs PATH,
//   --proc PATH, --dev PATH, --remount-ro PATH
//
// A message is a 32-bit length and as many bytes. To the keeper: strings, each ended by NUL
//   run ROOT ro|rw[-noexec] OVERLAY-OPTIONS git|- DIRECTORY FILE-BYTES OPEN-FILES PROCESSES ENVIRONMENT-COUNT MOUNT-COUNT
//       (FROM NAME)... ENV... ARG...      FROM is seen read-only at /run/NAME as long as the command runs
// with three descriptors for the command's standard streams, and a fourth where OVERLAY-OPTIONS is "-": the workspace as it is
// mounted elsewhere already, which is shared then. Or the single string "kill". Back come: R when the sandbox
// stands, then for each command a struct answer and its events, when its workspace has been taken away, and at last a byte: 0
// when the sandbox is clean again, else the caller must not use it any more. The sandbox lives as long as the socket is open.
//
// Two more uses, for sandboxes that others make:
//   cairn-box inside FD PROGRAM...   inside: asks to be watched over the socket FD, then becomes the program
//   cairn-box watch FD               outside: watches until all of it is gone, then prints struct seen and the events
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// From <sys/mount.h>, which some versions of the C library will not have beside <linux/mount.h>.
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
enum { DETACH = 2, NOFOLLOW = 8 };

enum { MAX_MESSAGE = 4 << 20, MAX_STRINGS = 8192, MAX_DEPTH = 256, MAX_FILTER = 4096, STREAMS = 3, PASSED = STREAMS + 1, FIRST = 11, MAX_MOUNTS = 8 };
struct seen { uint32_t bytes, lost; };  // of events; lost is how many did not fit
struct answer { int32_t status; int32_t unused; int64_t user_us, system_us, peak_kb; struct seen seen; };  // status as of waitpid

static const char *const scratch[] = {"tmp", "var/tmp", "run", "home/agent", "dev/shm"};
static int caller = -1, init_socket = -1, root_fd = -1, outside_fd = -1, inside_fd = -1, state_fd = -1, listener_fd = -1;
static pid_t init_pid;
static uint64_t no_exec;
static char *message;  // the last message received, whole
static uint32_t message_size;

static _Noreturn void die(const char *what, ...) {
  int error = errno;
  va_list list;
  va_start(list, what);
  vdprintf(2, what, list);
  va_end(list);
  dprintf(2, ": %s\n", strerror(error));
  _exit(125);
}

// ---- Messages ------------------------------------------------------------------------------------------------------

static int send_all(int fd, const void *data, size_t size) {
  for (const char *at = data; size > 0;) {
    ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    at += n, size -= (size_t)n;
  }
  return 0;
}

static int receive(int fd, void *into, size_t size, int *fds, int *count) {
  for (char *at = into; size > 0;) {
    char control[CMSG_SPACE(sizeof(int) * PASSED)];
    struct iovec part = {at, size};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      int n_fds = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      for (int i = 0; i < n_fds; i++) {
        int passed;
        memcpy(&passed, CMSG_DATA(c) + (size_t)i * sizeof(int), sizeof passed);
        if (*count < PASSED) fds[(*count)++] = passed; else close(passed);
      }
    }
    at += n, size -= (size_t)n;
  }
  return 0;
}

// Reads a message into `message`; the descriptors that came with it are the caller's to close.
static int receive_message(int fd, int *fds, int *count) {
  uint32_t size;
  *count = 0;
  if (receive(fd, &size, sizeof size, fds, count)) return -1;
  if (size == 0 || size > MAX_MESSAGE) { errno = EMSGSIZE; return -1; }
  if (receive(fd, message, size, fds, count)) return -1;
  message_size = size;
  return message[size - 1] == 0 ? 0 : -1;
}

static int forward(int fd, const int *fds, int count) {
  char control[CMSG_SPACE(sizeof(int) * STREAMS)] = {0};
  uint32_t size = message_size;
  struct iovec part = {&size, sizeof size};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    head.msg_control = control, head.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&head);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
  }
  return sendmsg(fd, &head, MSG_NOSIGNAL) != sizeof size ? -1 : send_all(fd, message, size);
}

static int split(char **into) {
  int n = 0;
  for (char *at = message; at < message + message_size && n < MAX_STRINGS - 1; at += strlen(at) + 1) into[n++] = at;
  into[n] = NULL;
  return n;
}

// ---- Making the sandbox: all paths below `root_fd` are resolved so that no link leads out of it ---------------------

static int open_inside(const char *path, int flags, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve};
  while (*path == '/') path++;
  return (int)syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof how);
}

// Makes the directories of a path below the sandbox's root; with `whole` the last part too.
static void make_parents(const char *path, int whole, uint64_t resolve) {
  char copy[4096];
  if (strlen(path) >= sizeof copy) { errno = ENAMETOOLONG; die("%s", path); }
  strcpy(copy, path);
  for (char *at = copy + 1;; at++) {
    if (*at && *at != '/') continue;
    int last = !*at;
    if (last && !whole) return;
    *at = 0;
    int there = open_inside(copy, O_PATH | O_DIRECTORY, resolve);
    if (there < 0) {
      char *name = strrchr(copy, '/');
      *name = 0;
      int parent = open_inside(copy, O_PATH | O_DIRECTORY, resolve);
      *name = '/';
      if (parent < 0 || (mkdirat(parent, name + 1, 0755) && errno != EEXIST)) die("cannot make %s in the sandbox", copy);
      close(parent);
    } else {
      close(there);
    }
    if (last) return;
    *at = '/';
  }
}

static int in_parent(const char *path, char **name) {
  static char copy[4096];
  make_parents(path, 0, RESOLVE_IN_ROOT);
  snprintf(copy, sizeof copy, "%s", path);
  *name = strrchr(copy, '/');
  **name = 0;
  (*name)++;
  int parent = open_inside(copy, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
  if (parent < 0) die("%s", path);
  return parent;
}

static void attach(int tree, const char *path, uint64_t set) {
  struct mount_attr attributes = {.attr_set = set};
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes)) die("attributes of %s", path);
  int at = open_inside(path, O_PATH, RESOLVE_IN_ROOT);
  if (at < 0) die("%s in the sandbox", path);
  if (syscall(SYS_move_mount, tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) die("mount on %s", path);
  close(at);
  close(tree);
}

static void bind_tree(const char *from, const char *to, int try, uint64_t set) {
  struct stat info;
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0 && try && errno == ENOENT) return;
  if (tree < 0 || fstat(tree, &info)) die("bind %s", from);
  int there = open_inside(to, O_PATH, RESOLVE_IN_ROOT);
  if (there >= 0) {
    close(there);
  } else if (S_ISDIR(info.st_mode)) {
    make_parents(to, 1, RESOLVE_IN_ROOT);
  } else {
    char *name;
    int parent = in_parent(to, &name), file = openat(parent, name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (file < 0) die("make %s", to);
    close(file), close(parent);
  }
  attach(tree, to, set);
}

// A new file system with options as "key=value,flag".
static void fresh(const char *type, const char *path, uint64_t set, const char *options, ...) {
  char text[512];
  va_list list;
  va_start(list, options);
  vsnprintf(text, sizeof text, options, list);
  va_end(list);
  int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (fs < 0) die("a new %s", type);
  for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
    char *value = strchr(at, '=');
    if (value) *value++ = 0;
    if (syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, at, value, 0)) die("%s: option %s", type, at);
  }
  if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) die("create a new %s", type);
  int tree = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
  if (tree < 0) die("mount a new %s", type);
  close(fs);
  make_parents(path, 1, RESOLVE_IN_ROOT);
  attach(tree, path, set);
}

static void link_inside(const char *target, const char *path) {
  char *name;
  int parent = in_parent(path, &name);
  if (symlinkat(target, parent, name) && errno != EEXIST) die("link %s", path);
  close(parent);
}

static void make_dev(void) {
  static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
  char path[64];
  fresh("tmpfs", "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "mode=0755,size=1m");
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    snprintf(path, sizeof path, "/dev/%s", devices[i]);
    bind_tree(path, path, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  }
  fresh("devpts", "/dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
  fresh("tmpfs", "/dev/shm", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | no_exec, "mode=1777");
  link_inside("pts/ptmx", "/dev/ptmx");
  link_inside("/proc/self/fd", "/dev/fd");
  link_inside("/proc/self/fd/0", "/dev/stdin");
  link_inside("/proc/self/fd/1", "/dev/stdout");
  link_inside("/proc/self/fd/2", "/dev/stderr");
}

// /proc shows the process namespace of the process that mounts it, so its mounts and those over it are the init's work.
static void apply(char **option, int in_init, unsigned uid, unsigned gid) {
  const uint64_t hard = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  const char *mode = "0755", *size = "0";
  for (; *option; option++) {
    const char *name = *option, *path = option[1];
    if (!strcmp(name, "--noexec")) { no_exec = MOUNT_ATTR_NOEXEC; continue; }
    int two = !strcmp(name, "--ro-bind") || !strcmp(name, "--ro-bind-try") || !strcmp(name, "--symlink") || !strcmp(name, "--inside") || !strcmp(name, "--owner");
    if (!path || (two && !option[2])) { errno = EINVAL; die("%s lacks an argument", name); }
    const char *place = two ? option[2] : path;
    int in_proc = !strncmp(place, "/proc", 5), mine = in_proc == in_init;
    if (!strcmp(name, "--perms")) mode = path;
    else if (!strcmp(name, "--size")) size = path;
    else if (!mine) { }
    else if (!strncmp(name, "--ro-bind", 9)) bind_tree(path, place, !strcmp(name, "--ro-bind-try"), !strcmp(path, "/dev/null") ? hard & ~(uint64_t)MOUNT_ATTR_NODEV : hard);
    else if (!strcmp(name, "--symlink")) link_inside(path, place);
    else if (!strcmp(name, "--tmpfs")) fresh("tmpfs", path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | no_exec, "mode=%s,size=%s,uid=%u,gid=%u", mode, size, uid, gid);
    else if (!strcmp(name, "--proc")) fresh("proc", path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "");
    else if (!strcmp(name, "--dev")) make_dev();
    else if (!strcmp(name, "--remount-ro")) {
      struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
      int at = open_inside(path, O_PATH, RESOLVE_IN_ROOT);
      if (at < 0 || syscall(SYS_mount_setattr, at, "", AT_EMPTY_PATH, &attributes, sizeof attributes)) die("read-only %s", path);
      close(at);
    }
    option += two ? 2 : 1;
  }
}

static void put(const char *file, const char *format, ...) {
  char text[64];
  va_list list;
  va_start(list, format);
  int size = vsnprintf(text, sizeof text, format, list), fd = open(file, O_WRONLY | O_CLOEXEC);
  va_end(list);
  if (fd < 0 || write(fd, text, (size_t)size) != size) die("%s", file);
  close(fd);
}

static void raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request)) die("loopback");
  close(fd);
}

// ---- Watching: which programs begin and how processes end ----------------------------------------------------------------
//
// A filter asks outside before a program begins and before a process ends by itself; the answer is always to go on. This
// makes a record and is no boundary: a process may change its arguments between our look and the kernel's, and what a
// signal ends says nothing.

enum { MAX_EVENTS = 256 << 10, MAX_ARGUMENTS = 24, MAX_ARGUMENT = 256, MAX_TEXT = 512, PAGE = 4096 };
struct event { int64_t at_us, cpu_us, peak_kb; int32_t pid, parent, status; uint16_t text; uint8_t type, cut; };  // type x: begins; e: ends

static char *events;
static struct seen seen;
static int64_t watch_start;
static uint32_t last_event;

static int64_t microseconds(clockid_t clock) {
  struct timespec time = {0};
  return clock_gettime(clock, &time) ? 0 : time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static int watched(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  // Once we look at a call, only a deadly signal interrupts it: a handler must not make an execve fail. Older kernels cannot.
  int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (fd < 0 && errno == EINVAL) fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  // Who asks stands still until we answer, so we may have its processor; newer kernels only.
  if (fd >= 0) ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, (uint64_t)SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  return fd;
}

// Bytes of another process, as many as there are: its memory may end at any page.
static ssize_t peek(pid_t pid, uint64_t at, void *into, size_t size) {
  size_t first = PAGE - at % PAGE;
  if (first > size) first = size;
  struct iovec here = {into, size}, there[2] = {{(void *)at, first}, {(void *)(at + first), size - first}};
  return process_vm_readv(pid, &here, 1, there, size > first ? 2 : 1, 0);
}

static size_t arguments_of(pid_t pid, uint64_t list, char *into, uint8_t *cut) {
  uint64_t at[MAX_ARGUMENTS];
  ssize_t n = peek(pid, list, at, sizeof at);
  size_t count = n > 0 ? (size_t)n / sizeof *at : 0, size = 0, i = 0;
  for (; i < count && at[i] && size < MAX_TEXT; i++) {
    size_t room = MAX_TEXT - size < MAX_ARGUMENT ? MAX_TEXT - size : MAX_ARGUMENT;
    ssize_t got = peek(pid, at[i], into + size, room);
    size_t length = got > 0 ? strnlen(into + size, (size_t)got) : 0;
    if (length == room) *cut = 1;
    size += length;
    if (size < MAX_TEXT) into[size++] = 0;
  }
  if (i == count || at[i]) *cut = 1;
  return size;
}

static size_t text_of(pid_t pid, const char *file, char *into, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, into, room);
  if (fd >= 0) close(fd);
  return n < 0 ? 0 : (size_t)n;
}

static int64_t number_of(const char *status, const char *key) {
  const char *at = strstr(status, key);
  return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static void watch_begin(void) {
  seen = (struct seen){0};
  watch_start = microseconds(CLOCK_MONOTONIC);
}

// Answers one question of the filter. Only its number says that it is still of the process that we looked at.
static void look(int listener) {
  union { struct seccomp_notif ask; char room[512]; } question = {0};
  union { struct seccomp_notif_resp answer; char room[512]; } reply = {0};
  char status[2048], text[MAX_TEXT];
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question)) return;
  struct seccomp_notif *ask = &question.ask;
  pid_t task = (pid_t)ask->pid;
  int ends = ask->data.nr == SYS_exit_group;
  struct event event = {.type = ends ? 'e' : 'x', .at_us = microseconds(CLOCK_MONOTONIC) - watch_start};
  if (seen.bytes + sizeof event + MAX_TEXT > MAX_EVENTS) {
    seen.lost++;
  } else {
    status[text_of(task, "status", status, sizeof status - 1)] = 0;
    event.pid = (int32_t)number_of(status, "\nTgid:"), event.parent = (int32_t)number_of(status, "\nPPid:");
    if (ends) {
      event.status = (int32_t)(ask->data.args[0] & 0xff), event.peak_kb = number_of(status, "\nVmHWM:");
      event.cpu_us = microseconds((~(clockid_t)event.pid << 3) | 2);  // the processor time of a process, by its id
      event.text = (uint16_t)text_of(task, "cmdline", text, sizeof text), event.cut = event.text == sizeof text;
    } else {
      event.text = (uint16_t)arguments_of(task, ask->data.args[ask->data.nr == SYS_execveat ? 2 : 1], text, &event.cut);
    }
    // Who looks a program up in PATH by trying tells us once.
    struct event *last = (struct event *)(events + last_event);
    int again = !ends && seen.bytes && last->type == 'x' && last->pid == event.pid && last->text == event.text && !memcmp(last + 1, text, event.text);
    if (event.pid > 0 && !again && !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &ask->id)) {
      last_event = seen.bytes;
      memcpy(events + seen.bytes, &event, sizeof event);
      memcpy(events + seen.bytes + sizeof event, text, event.text);
      seen.bytes += (uint32_t)(sizeof event + ((event.text + 7U) & ~7U));
    }
  }
  reply.answer.id = ask->id, reply.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static int send_one(int to, char byte, int fd) {
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    head.msg_control = control, head.msg_controllen = sizeof control;
    struct cmsghdr *c = CMSG_FIRSTHDR(&head);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  return sendmsg(to, &head, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static _Noreturn void inside(int fd, char **program) {
  int listener = watched();
  // Without a record the command runs all the same; with a filter that nobody listens to it could not.
  if (listener >= 0 && send_one(fd, 'w', listener)) { kill(getpid(), SIGKILL); _exit(125); }
  close(fd);
  if (listener >= 0) close(listener);
  execvp(program[0], program);
  int error = errno;
  dprintf(2, "%s: %s\n", program[0], error == ENOENT ? "not found" : strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

static _Noreturn void watch(int fd) {
  int fds[PASSED], count = 0;
  char byte;
  events = malloc(MAX_EVENTS);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || !events) die("watch");
  watch_begin();
  if (!receive(fd, &byte, 1, fds, &count) && count == 1) {
    close(fd);
    for (struct pollfd wait = {.fd = fds[0], .events = POLLIN}; poll(&wait, 1, -1) > 0 || errno == EINTR;) {
      if (wait.revents & POLLIN) look(fds[0]);
      else if (wait.revents) break;  // nobody is left under the filter
    }
  }
  struct iovec all[2] = {{&seen, sizeof seen}, {events, seen.bytes}};
  _exit(writev(1, all, 2) < 0);
}

// ---- The init: process 1 of the sandbox ------------------------------------------------------------------------------

static void drop(const char *filter, size_t size) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  for (int i = 0; i <= 63; i++) if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) && errno != EINVAL) die("drop capability %d", i);
  if (syscall(SYS_capset, &head, none)) die("drop capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("no new privileges");
  // Nobody inside may look into this process, whose memory all commands come through.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) die("dumpable");
  struct sock_fprog program = {(unsigned short)(size / sizeof(struct sock_filter)), (struct sock_filter *)filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) die("system call filter");
}

static void limit(int what, const char *value) {
  struct rlimit most = {strtoull(value, NULL, 10), strtoull(value, NULL, 10)};
  if (most.rlim_max > 0 && setrlimit(what, &most)) _exit(125);
}

// The program that a name stands for. execvp would try each directory with an execve, and each would be an event.
static const char *path_of(const char *name) {
  static char path[4096];
  for (const char *at = getenv("PATH"); !strchr(name, '/') && at && *at;) {
    size_t size = strcspn(at, ":");
    snprintf(path, sizeof path, "%.*s/%s", (int)size, at, name);
    if (!access(path, X_OK)) return path;
    at += size + (at[size] == ':');
  }
  return strchr(name, '/') ? name : "/nonexistent";
}

// In the child of vfork: nothing here may change what the parent goes on with.
static _Noreturn void start(char **field, char **environment, char **arguments, const int *fds) {
  const struct rlimit none = {0, 0};
  sigset_t empty;
  sigemptyset(&empty);
  setsid();
  for (int i = 0; i < STREAMS; i++) if (dup2(fds[i], i) < 0) _exit(125);
  syscall(SYS_close_range, STREAMS, ~0U, 0);
  limit(RLIMIT_FSIZE, field[6]), limit(RLIMIT_NOFILE, field[7]), limit(RLIMIT_NPROC, field[8]);
  if (setrlimit(RLIMIT_CORE, &none) || chdir(field[5])) _exit(125);
  sigprocmask(SIG_SETMASK, &empty, NULL);
  execve(path_of(arguments[0]), arguments, environment);
  int error = errno;
  dprintf(2, "%s: %s\n", arguments[0], error == ENOENT ? "not found" : strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

// Reaps what has ended (or, to the last one, all that was killed) and adds up what it used; true when `child` was among it.
static int reap(pid_t child, int all, struct answer *answer) {
  int status, found = 0;
  struct rusage use;
  for (;;) {
    pid_t pid = wait4(-1, &status, all ? 0 : WNOHANG, &use);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return found;
    if (pid == child) answer->status = status, found = 1;
    answer->user_us += use.ru_utime.tv_sec * 1000000 + use.ru_utime.tv_usec;
    answer->system_us += use.ru_stime.tv_sec * 1000000 + use.ru_stime.tv_usec;
    if (use.ru_maxrss > answer->peak_kb) answer->peak_kb = use.ru_maxrss;
  }
}

static void run_command(int keeper, int signals, char **field, int n, const int *fds, int count) {
  static char *environment[MAX_STRINGS];
  struct answer answer = {.status = 125 << 8};
  int variables = n > FIRST ? atoi(field[9]) : -1, first = n > FIRST ? FIRST + 2 * atoi(field[10]) : n;
  if (count != STREAMS || variables < 0 || first + variables >= n) _exit(125);
  memcpy(environment, field + first, sizeof(char *) * (size_t)variables);
  environment[variables] = NULL;
  // The program is looked up in our PATH: it must be the command's.
  setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  for (int i = 0; i < variables; i++) if (!strncmp(environment[i], "PATH=", 5)) setenv("PATH", environment[i] + 5, 1);
  pid_t child = vfork();
  if (child == 0) start(field, environment, field + first + variables, fds);
  for (int i = 0; i < count; i++) close(fds[i]);
  for (int running = child > 0; running;) {
    struct pollfd ready[] = {{.fd = signals, .events = POLLIN}, {.fd = keeper, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) _exit(125);
    if (ready[0].revents) {
      struct signalfd_siginfo info;
      if (read(signals, &info, sizeof info) < 0 && errno != EAGAIN) _exit(125);
      running = !reap(child, 0, &answer);
    }
    if (ready[1].revents) {
      int passed[PASSED], extra;
      if (receive_message(keeper, passed, &extra)) _exit(0);
      kill(-1, SIGKILL);  // only "kill" comes while a command runs
    }
  }
  kill(-1, SIGKILL);
  reap(child, 1, &answer);
  if (send_all(keeper, &answer, sizeof answer)) _exit(0);
}

static _Noreturn void init(int keeper, char **options, const char **join, unsigned uid, unsigned gid, unsigned owner_uid, unsigned owner_gid, const char *filter, size_t filter_size, int as_root) {
  static char *field[MAX_STRINGS];
  char go = 0;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) die("parent death signal");
  for (; *join; join++) put(*join, "0");
  if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP)) die("namespaces of the init");
  root_fd = open("stage/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  apply(options, 1, owner_uid, owner_gid);
  // Everybody inside can read our command line: it must not name the machine's paths.
  for (options -= 2; *options; options++) memset(*options, 0, strlen(*options));
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
  // The root is a copy of the keeper's mount: read-only here, while the keeper can still make mount points in it.
  int kernel = open("/proc/sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (kernel < 0 || root_fd < 0 || fchdir(root_fd) || syscall(SYS_pivot_root, ".", ".") || umount2(".", DETACH) || chdir("/")) die("new root");
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof read_only)) die("read-only root");
  if (as_root && setgroups(0, NULL)) die("groups");
  if (unshare(CLONE_NEWUSER)) die("user namespace");
  if (send_all(keeper, "m", 1) || recv(keeper, &go, 1, 0) != 1) _exit(0);
  if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) die("become the agent");
  int most = openat(kernel, "max_user_namespaces", O_WRONLY | O_CLOEXEC);
  if (most < 0 || write(most, "0", 1) != 1) die("forbid user namespaces");
  close(most), close(kernel), close(root_fd);
  drop(filter, filter_size);
  sigset_t ended;
  sigemptyset(&ended), sigaddset(&ended, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &ended, NULL)) die("signals");
  int signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0 || setsid() < 0) die("signals");
  umask(022);
  // The last thing: from here on even our own end is asked for.
  int listener = watched();
  if (send_one(keeper, 'r', listener)) _exit(0);
  if (listener >= 0) close(listener);
  for (;;) {
    int fds[PASSED], count;
    if (receive_message(keeper, fds, &count)) _exit(0);
    int n = split(field);
    if (!strcmp(field[0], "run")) run_command(keeper, signals, field, n, fds, count);
    else for (int i = 0; i < count; i++) close(fds[i]);  // a "kill" that came after its command had ended
  }
}

// ---- The keeper ------------------------------------------------------------------------------------------------------

static void enter(int namespace) {
  if (setns(namespace, CLONE_NEWNS) || (namespace == outside_fd && fchdir(state_fd))) die("change the view of the file system");
}

// The repository stays where the overlay finds it from one command to the next, as long as it is the same directory.
static void bind_repository(const char *root) {
  static struct stat bound;
  struct stat now;
  if (stat(root, &now)) die("find %s", root);
  if (bound.st_ino && bound.st_ino == now.st_ino && bound.st_dev == now.st_dev) return;
  if (bound.st_ino && umount2("stage/repo", DETACH | NOFOLLOW)) die("clear the stage");
  if (mount(root, "stage/repo", NULL, 4096 /* MS_BIND */, NULL)) die("bind %s", root);
  bound = now;
}

// Overlay's options one by one: what mount() takes in one string would have to be attached somewhere, and taken away again,
// which the kernel makes each of its processors wait for. Negative where the kernel does not know this form of them.
static int configured(char *options) {
  char *rest = NULL, *more = NULL;
  int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC), tree = -1;
  int wrong = context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", "overlay", 0);
  for (char *option = strtok_r(options, ",", &rest); option && !wrong; option = strtok_r(NULL, ",", &rest)) {
    char *value = strchr(option, '=');
    if (!value) wrong = (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, option, NULL, 0);
    else if (strncmp(option, "lowerdir=", 9)) *value = 0, wrong = (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, option, value + 1, 0);
    else for (char *lower = strtok_r(value + 1, ":", &more); lower && !wrong; lower = strtok_r(NULL, ":", &more))
      wrong = (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "lowerdir+", lower, 0);
  }
  if (!wrong && !syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) tree = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
  if (context >= 0) close(context);
  return tree;
}

// Mounts the workspace as the command asks, nowhere to be seen yet.
static int workspace(char **field) {
  static int is_old;
  bind_repository(field[1]);
  char *options = is_old ? NULL : strdup(field[3]);
  int tree = options ? configured(options) : -1;
  free(options);
  if (tree >= 0) return tree;
  // An older kernel, or a mount that this one refuses: then this says why.
  if (mount("overlay", "stage/over", "overlay", 0, field[3])) die("overlay over %s", field[1]);
  is_old = 1;
  tree = (int)syscall(SYS_open_tree, AT_FDCWD, "stage/over", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (umount2("stage/over", DETACH)) die("clear the stage");
  return tree;
}

// The .git of the repository is read-only, and nothing in it a program where nothing in the workspace is.
static void cover_git(int root, uint64_t attributes) {
  struct mount_attr git = {.attr_set = attributes | MOUNT_ATTR_RDONLY};
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  int at = (int)syscall(SYS_openat2, root, ".git", &how, sizeof how);
  int tree = at < 0 ? -1 : (int)syscall(SYS_open_tree, at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &git, sizeof git)) die("read-only .git");
  if (syscall(SYS_move_mount, tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) die("mount .git");
  close(at), close(tree);
}

// What a command sees beside the workspace. /run was emptied after the command before: whatever is there already is a trap.
static void attach_mounts(char **pairs, int count) {
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  int trees[MAX_MOUNTS];
  if (count == 0) return;
  for (int i = 0; i < count; i++) {
    trees[i] = (int)syscall(SYS_open_tree, AT_FDCWD, pairs[2 * i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (trees[i] < 0 || syscall(SYS_mount_setattr, trees[i], "", AT_EMPTY_PATH, &read_only, sizeof read_only)) die("bind %s", pairs[2 * i]);
  }
  enter(inside_fd);
  int run = (int)syscall(SYS_openat2, AT_FDCWD, "/run", &how, sizeof how);
  for (int i = 0; i < count; i++) {
    const char *name = pairs[2 * i + 1];
    struct stat info;
    if (run < 0 || strchr(name, '/') || !strcmp(name, "..") || fstat(trees[i], &info)) die("mount on /run/%s", name);
    int made = S_ISDIR(info.st_mode) ? mkdirat(run, name, 0755) : openat(run, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    int at = made < 0 ? -1 : openat(run, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (at < 0 || syscall(SYS_move_mount, trees[i], "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) die("mount on /run/%s", name);
    if (!S_ISDIR(info.st_mode)) close(made);
    close(at), close(trees[i]);
  }
  close(run);
  enter(outside_fd);
}

// Attaches the workspace at its own path inside: `shared`, or a mount of its own when that is negative.
static void attach_workspace(char **field, int shared) {
  const char *root = field[1];
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (strncmp(field[2], "ro", 2) ? 0 : MOUNT_ATTR_RDONLY) | (strstr(field[2], "noexec") ? MOUNT_ATTR_NOEXEC : 0)};
  int tree = shared >= 0 ? shared : workspace(field);
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes)) die("workspace %s", root);
  make_parents(root, 1, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
  enter(inside_fd);
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  int at = (int)syscall(SYS_openat2, AT_FDCWD, root, &how, sizeof how);
  if (at < 0 || syscall(SYS_move_mount, tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) die("attach %s", root);
  // Only now: nothing can be mounted on what is nowhere yet. No process of a command is there to see the moment between.
  if (shared < 0 && !strcmp(field[4], "git")) cover_git(tree, attributes.attr_set);
  close(at), close(tree);
  enter(outside_fd);
}

// Empties a directory without ever following a link: whoever filled it is hostile. Gives 0 when nothing is left.
static int empty(int directory, int depth) {
  int left = 0;
  DIR *list = depth < MAX_DEPTH ? fdopendir(directory) : NULL;
  if (!list) { close(directory); return 1; }
  for (struct dirent *entry; (entry = readdir(list));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (!unlinkat(directory, entry->d_name, 0)) continue;
    int below = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    left |= below < 0 || empty(below, depth + 1) || unlinkat(directory, entry->d_name, AT_REMOVEDIR);
  }
  closedir(list);
  return left;
}

// Takes the workspace away again, and what was seen beside it; true when something of the command still held it. Stays inside.
static int detach_workspace(const char *root, int git, char **names, int count) {
  char path[4096];
  int left = snprintf(path, sizeof path, "%s/.git", root) >= (int)sizeof path;
  enter(inside_fd);
  for (int i = 0; i < count; i++) {
    char name[256];
    left |= snprintf(name, sizeof name, "/run/%s", names[i]) >= (int)sizeof name || umount2(name, NOFOLLOW);
    free(names[i]);
  }
  if (git) left |= umount2(path, NOFOLLOW) != 0;
  if (umount2(root, NOFOLLOW)) left = 1, umount2(root, NOFOLLOW | DETACH);
  return left;
}

// Clears up after a command, inside first; true when something of it stays behind in the sandbox.
static int clean(const char *root) {
  char path[4096];
  int left = 0;
  for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++) {
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, scratch[i], &how, sizeof how);
    left |= fd < 0 || empty(fd, 0);
  }
  enter(outside_fd);
  // The directories that were made to mount on would tell the next command where other workspaces lie.
  snprintf(path, sizeof path, "stage/root%s", root);
  while (strlen(path) > sizeof "stage/root" && !rmdir(path)) *strrchr(path, '/') = 0;
  return left;
}

// System V shared memory, queues and semaphores outlive their processes; each list has a heading and a line for each.
static int system_v_objects(void) {
  static const char *const lists[] = {"/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem"};
  char text[4096];
  for (int i = 0; i < 3; i++) {
    int fd = open(lists[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) continue;  // a kernel without them
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    if (n < 0 || memchr(text, '\n', (size_t)n) != text + n - 1) return 1;
  }
  return 0;
}

static void serve(void) {
  static char *field[MAX_STRINGS];
  for (;;) {
    int fds[PASSED], count;
    struct answer answer;
    if (receive_message(caller, fds, &count)) _exit(0);
    int n = split(field);
    if (strcmp(field[0], "run")) continue;  // a "kill" that came after its command had ended
    int mounts = n > FIRST ? atoi(field[10]) : 0;
    if (n <= FIRST || mounts < 0 || mounts > MAX_MOUNTS || FIRST + 2 * mounts >= n) { errno = EINVAL; die("a run of %d fields", n); }
    char *root = strdup(field[1]);
    int git = !strcmp(field[4], "git");
    if ((count == PASSED) != !strcmp(field[3], "-")) { errno = EINVAL; die("a run with %d descriptors", count); }
    attach_workspace(field, count == PASSED ? fds[--count] : -1);
    attach_mounts(field + FIRST, mounts);
    char *names[MAX_MOUNTS];
    for (int i = 0; i < mounts; i++) if (!(names[i] = strdup(field[FIRST + 2 * i + 1]))) die("memory");
    watch_begin();
    if (!root || forward(init_socket, fds, count)) die("the sandbox is gone");
    for (int i = 0; i < count; i++) close(fds[i]);
    for (;;) {
      struct pollfd ready[] = {{.fd = init_socket, .events = POLLIN}, {.fd = caller, .events = POLLIN}, {.fd = listener_fd, .events = POLLIN}};
      if (poll(ready, 3, -1) < 0 && errno != EINTR) die("poll");
      if (ready[2].revents & POLLIN) look(listener_fd);
      if (ready[0].revents) break;
      if (ready[1].revents && (receive_message(caller, fds, &count) || forward(init_socket, NULL, 0))) _exit(0);
    }
    int none = 0;
    if (receive(init_socket, &answer, sizeof answer, fds, &none)) { errno = ECHILD; die("the sandbox was killed"); }
    answer.seen = seen;
    char dirty = (char)detach_workspace(root, git, names, mounts);
    // Who waits for the command need not wait for the rest.
    if (send_all(caller, &answer, sizeof answer) || send_all(caller, events, seen.bytes)) _exit(0);
    dirty |= (char)(clean(root) || system_v_objects());
    free(root);
    if (send_all(caller, &dirty, sizeof dirty)) _exit(0);
  }
}

static size_t read_filter(const char *file, char *into) {
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, into, MAX_FILTER);
  if (size <= 0 || size == MAX_FILTER || size % (ssize_t)sizeof(struct sock_filter)) die("filter %s", file);
  close(fd);
  return (size_t)size;
}

int main(int argc, char **argv) {
  static char filter[MAX_FILTER];
  unsigned uid = 0, gid = 0, owner_uid = 0, owner_gid = 0;
  const char *join[4] = {0};
  size_t filter_size = 0;
  int pair[2], joins = 0, as_root = geteuid() == 0;
  char stage = 0;
  if (argc < 3) { errno = EINVAL; die("usage: cairn-box FD OPTION..."); }
  if (!strcmp(argv[1], "watch")) watch(atoi(argv[2]));
  if (!strcmp(argv[1], "inside") && argc > 3) inside(atoi(argv[2]), argv + 3);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) die("parent death signal");
  caller = atoi(argv[1]);
  if (caller < 3) { errno = EINVAL; die("the caller's socket"); }
  // What our own caller left open must not reach the sandbox.
  if ((caller > 3 && syscall(SYS_close_range, 3, caller - 1, 0)) || syscall(SYS_close_range, caller + 1, ~0U, 0)) die("close");
  fcntl(caller, F_SETFD, FD_CLOEXEC);
  signal(SIGPIPE, SIG_DFL);
  message = malloc(MAX_MESSAGE), events = malloc(MAX_EVENTS);
  for (char **at = argv + 2; *at; at++) {
    if (!strcmp(*at, "--seccomp") && at[1]) filter_size = read_filter(at[1], filter);
    else if (!strcmp(*at, "--join") && at[1] && joins < 3) join[joins++] = at[1];
    else if (!strcmp(*at, "--inside") && at[1] && at[2]) uid = (unsigned)atol(at[1]), gid = (unsigned)atol(at[2]);
    else if (!strcmp(*at, "--owner") && at[1] && at[2]) owner_uid = (unsigned)atol(at[1]), owner_gid = (unsigned)atol(at[2]);
  }
  if (!filter_size || uid == 0 || !message || !events) { errno = EINVAL; die("a filter and ids are needed"); }
  if (!as_root) {
    unsigned my_uid = geteuid(), my_gid = getegid();
    if (unshare(CLONE_NEWUSER)) die("user namespace");
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", "0 %u 1", my_uid);
    put("/proc/self/gid_map", "0 %u 1", my_gid);
    owner_uid = owner_gid = 0;
  }
  if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)) die("namespaces");
  if (mount(NULL, "/", NULL, (1 << 18) | (1 << 14) /* MS_PRIVATE, MS_REC */, NULL)) die("private mounts");
  if (sethostname("cairn", 5)) die("host name");
  raise_loopback();
  if (mount("tmpfs", "stage/root", "tmpfs", 2 | 4 /* MS_NOSUID, MS_NODEV */, "mode=0755,size=4m")) die("root");
  root_fd = open("stage/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  outside_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  state_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);  // only now: a handle from before would be of the caller's mounts
  if (root_fd < 0 || outside_fd < 0 || state_fd < 0) die("root");
  apply(argv + 2, 0, owner_uid, owner_gid);
  make_parents("/proc", 1, RESOLVE_IN_ROOT);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) die("socket pair");
  if (unshare(CLONE_NEWPID)) die("process namespace");
  init_pid = fork();
  if (init_pid < 0) die("fork");
  if (init_pid == 0) {
    close(caller), close(pair[0]), close(outside_fd), close(state_fd);
    init(pair[1], argv + 2, join, uid, gid, owner_uid, owner_gid, filter, filter_size, as_root);
  }
  close(pair[1]);
  init_socket = pair[0];
  if (recv(init_socket, &stage, 1, 0) != 1) _exit(125);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)init_pid);
  inside_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (inside_fd < 0) die("the sandbox's mounts");
  if (!as_root) { snprintf(path, sizeof path, "/proc/%d/setgroups", (int)init_pid); put(path, "deny"); }
  snprintf(path, sizeof path, "/proc/%d/uid_map", (int)init_pid);
  put(path, "%u %u 1", uid, owner_uid);
  snprintf(path, sizeof path, "/proc/%d/gid_map", (int)init_pid);
  put(path, "%u %u 1", gid, owner_gid);
  int count = 0, passed[PASSED];
  if (send_all(init_socket, "g", 1) || receive(init_socket, &stage, 1, passed, &count)) _exit(125);
  if (count == 1) listener_fd = passed[0];
  if (send_all(caller, "R", 1)) _exit(0);
  // Whoever starts a program waits for our answer: a bomb next door must not stand in between. Only root may; others go without.
  setpriority(PRIO_PROCESS, 0, -10);
  serve();
}
