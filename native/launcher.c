/*
 * leasehold-launcher: builds the fence that must stand before a program's first instruction, then becomes the program.
 *
 * Everything here either survives execve by the kernel's rules (ids, capabilities, namespaces, limits, Landlock,
 * seccomp, parent-death signal) or is about what execve passes on (environment, descriptors). Fails closed: a step
 * that fails prints one line and ends with status 125.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "launcher.h"

enum { MOST = 64 };

struct list {
  const char *items[MOST];
  size_t count;
};

static struct {
  struct list environment, keep_fds, keep_caps, landlock_read;
  const char *chdir, *program;
  char **arguments;
  long uid, gid, nofile, pdeathsig, parent;
  bool has_uid, has_gid, has_nofile, has_pdeathsig, has_parent;
  bool new_net, new_mount, new_user, no_io_uring, no_core, no_new_privs, setsid, no_caps, no_sigusr1;
} want;

static const char HELP[] =
  "usage: leasehold-launcher [option]... -- PROGRAM [argument]...\n"
  "  PROGRAM is an absolute path. Its environment holds only what --env gives, its descriptors are 0, 1, 2 and those\n"
  "  of --keep-fd. Any step that fails ends with status 125 before PROGRAM runs.\n"
  "  --keep-fd N           passes descriptor N on; the first becomes 3, the next 4, and so on\n"
  "  --env K=V             one variable of the environment\n"
  "  --uid N --gid N       run under these ids (give both), without supplementary groups, keeping only the capabilities\n"
  "                        sys_chroot and dac_read_search and those of --keep-cap\n"
  "  --keep-cap NAME       keeps one more capability (chown, net_admin, ...)\n"
  "  --no-caps             keeps none but those of --keep-cap\n"
  "  --new-user            a user namespace in which the caller's ids are 0; not with --uid\n"
  "  --new-net             an empty network namespace\n"
  "  --new-mount           a private mount namespace\n"
  "  --no-io-uring         io_uring_setup answers ENOSYS; other architectures' system calls end the process\n"
  "  --no-sigusr1          SIGUSR1 is ignored for good: Node cannot be made to open its inspector\n"
  "  --landlock-read PATH  only beneath the given paths may files be read and executed; nothing may be written or made\n"
  "  --rlimit-core-0       no core files\n"
  "  --rlimit-nofile N     at most N descriptors\n"
  "  --pdeathsig N         signal number that the program gets when its parent ends\n"
  "  --parent PID          with --pdeathsig: fails unless the parent is still PID\n"
  "  --no-new-privs        exec gains nothing (also set by --uid, --landlock-read, --no-io-uring, --no-sigusr1)\n"
  "  --chdir DIR           working folder\n"
  "  --setsid              a session of its own\n";

void die(const char *step) {
  fprintf(stderr, "leasehold-launcher: %s: %s\n", step, strerror(errno));
  exit(125);
}

static void usage(const char *what, const char *option) {
  fprintf(stderr, "leasehold-launcher: %s: %s\n", option, what);
  exit(125);
}

static long whole(const char *option, const char *text, long most) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || value > most) usage("not a number in range", option);
  return value;
}

static void add(struct list *list, const char *option, const char *value) {
  if (list->count == MOST) usage("given too often", option);
  list->items[list->count++] = value;
}

/* ---- arguments ---- */

static bool flag(const char *option) {
  const struct { const char *name; bool *set; } flags[] = {
    {"--new-net", &want.new_net}, {"--new-mount", &want.new_mount}, {"--new-user", &want.new_user},
    {"--no-io-uring", &want.no_io_uring}, {"--rlimit-core-0", &want.no_core}, {"--no-new-privs", &want.no_new_privs},
    {"--setsid", &want.setsid}, {"--no-caps", &want.no_caps}, {"--no-sigusr1", &want.no_sigusr1},
  };
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
    if (strcmp(option, flags[i].name) == 0) return *flags[i].set = true;
  }
  return false;
}

static bool with_list(const char *option, const char *value) {
  const struct { const char *name; struct list *list; } lists[] = {
    {"--env", &want.environment}, {"--keep-fd", &want.keep_fds}, {"--keep-cap", &want.keep_caps},
    {"--landlock-read", &want.landlock_read},
  };
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    if (strcmp(option, lists[i].name) != 0) continue;
    add(lists[i].list, option, value);
    return true;
  }
  return false;
}

static bool with_number(const char *option, const char *value) {
  const struct { const char *name; long *to; bool *has; long most; } numbers[] = {
    {"--uid", &want.uid, &want.has_uid, UINT32_MAX - 1L}, {"--gid", &want.gid, &want.has_gid, UINT32_MAX - 1L},
    {"--rlimit-nofile", &want.nofile, &want.has_nofile, 1 << 20}, {"--parent", &want.parent, &want.has_parent, INT_MAX},
    {"--pdeathsig", &want.pdeathsig, &want.has_pdeathsig, 64},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (strcmp(option, numbers[i].name) != 0) continue;
    *numbers[i].to = whole(option, value, numbers[i].most);
    return *numbers[i].has = true;
  }
  return false;
}

static void parse(char **argv) {
  for (argv++; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
    const char *option = *argv;
    if (strcmp(option, "--help") == 0) {
      fputs(HELP, stdout);
      exit(0);
    }
    if (flag(option)) continue;
    const char *value = argv[1];
    if (value == NULL || strcmp(value, "--") == 0) usage("unknown, or without its value", option);
    argv++;
    if (strcmp(option, "--chdir") == 0) want.chdir = value;
    else if (!with_list(option, value) && !with_number(option, value)) usage("unknown option", option);
  }
  if (*argv == NULL || argv[1] == NULL) usage("no program after --; see --help", "arguments");
  want.arguments = argv + 1;
  want.program = argv[1];
  if (want.program[0] != '/') usage("the program must be an absolute path", want.program);
  if (want.has_uid != want.has_gid) usage("--uid and --gid go together", "--uid");
  if (want.has_uid && want.new_user) usage("does not go with --uid", "--new-user");
  if (want.has_parent && !want.has_pdeathsig) usage("needs --pdeathsig", "--parent");
  for (size_t i = 0; i < want.environment.count; i++) {
    const char *entry = want.environment.items[i], *equals = strchr(entry, '=');
    if (equals == NULL || equals == entry) usage("not K=V", "--env");
  }
  for (size_t i = 0; i < want.keep_caps.count; i++)
    if (capability_number(want.keep_caps.items[i]) < 0) usage("not a capability", want.keep_caps.items[i]);
}

/* ---- steps ---- */

static void limit(int resource, rlim_t value, const char *step) {
  const struct rlimit limits = {value, value};
  if (setrlimit(resource, &limits) < 0) die(step);
}

/* All are first moved out of the way, because a wanted number may be another's target. */
static void arrange_descriptors(void) {
  int moved[MOST], next = 3 + (int)want.keep_fds.count;
  for (size_t i = 0; i < want.keep_fds.count; i++) {
    moved[i] = fcntl((int)whole("--keep-fd", want.keep_fds.items[i], INT_MAX), F_DUPFD_CLOEXEC, next);
    if (moved[i] < 0) die("--keep-fd");
  }
  for (size_t i = 0; i < want.keep_fds.count; i++)
    if (dup2(moved[i], 3 + (int)i) < 0) die("--keep-fd");
  close_from(next);
}

static void write_file(const char *path, const char *format, ...) {
  char text[64];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, (size_t)length) != length) die(path);
  close(fd);
}

static void enter_namespaces(void) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (want.new_user) {
    if (unshare(CLONE_NEWUSER) < 0) die("--new-user");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 %u 1", (unsigned)uid);
    write_file("/proc/self/gid_map", "0 %u 1", (unsigned)gid);
  }
  if (want.new_net && unshare(CLONE_NEWNET) < 0) die("--new-net");
  if (!want.new_mount) return;
  if (unshare(CLONE_NEWNS) < 0) die("--new-mount");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("--new-mount private");
}

static uint64_t kept_capabilities(void) {
  uint64_t kept = want.no_caps ? 0 : 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_DAC_READ_SEARCH;
  for (size_t i = 0; i < want.keep_caps.count; i++) kept |= 1ULL << capability_number(want.keep_caps.items[i]);
  return kept;
}

/*
 * Order: the bounding set needs CAP_SETPCAP, so it goes first; ids change with KEEPCAPS so that the permitted set
 * survives; then all sets shrink and what is kept becomes ambient, which is what execve of an ordinary file passes on.
 */
static void drop_rights(void) {
  if (!want.has_uid && !want.no_caps && want.keep_caps.count == 0) return;
  uint64_t kept = kept_capabilities();
  drop_bounding(kept);
  if (want.has_uid) {
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) die("keepcaps");
    if (setgroups(0, NULL) < 0) die("setgroups");
    if (setresgid((gid_t)want.gid, (gid_t)want.gid, (gid_t)want.gid) < 0) die("--gid");
    if (setresuid((uid_t)want.uid, (uid_t)want.uid, (uid_t)want.uid) < 0) die("--uid");
    uid_t r, e, s;
    gid_t rg, eg, sg;
    if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0) die("ids");
    errno = EPERM;
    if (r != want.uid || e != want.uid || s != want.uid || rg != want.gid || eg != want.gid || sg != want.gid ||
        getgroups(0, NULL) != 0) die("ids");
  }
  set_capabilities(kept);
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) die("keepcaps");
}

/* The kernel forgets the signal when ids change, so this comes after; the parent may be gone already, so look again. */
static void watch_parent(void) {
  if (!want.has_pdeathsig) return;
  if (prctl(PR_SET_PDEATHSIG, want.pdeathsig, 0, 0, 0) < 0) die("--pdeathsig");
  if (want.has_parent && getppid() != want.parent) {
    errno = ESRCH;
    die("--parent");
  }
}

int main(int argc, char **argv) {
  if (argc < 1) return 125;
  parse(argv);
  char *environment[MOST + 1];
  for (size_t i = 0; i < want.environment.count; i++) environment[i] = (char *)want.environment.items[i];
  environment[want.environment.count] = NULL;

  arrange_descriptors();
  if (want.setsid && setsid() < 0) die("--setsid");
  if (want.no_core) limit(RLIMIT_CORE, 0, "--rlimit-core-0");
  if (want.has_nofile) limit(RLIMIT_NOFILE, (rlim_t)want.nofile, "--rlimit-nofile");
  enter_namespaces();
  int ruleset = landlock_prepare(want.landlock_read.items, want.landlock_read.count); /* opens paths with full rights */
  if (want.chdir != NULL && chdir(want.chdir) < 0) die("--chdir");
  drop_rights();
  watch_parent();
  if (want.no_new_privs || want.has_uid || want.no_io_uring || want.no_sigusr1 || ruleset >= 0)
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die("--no-new-privs");
  landlock_enforce(ruleset);
  if (want.no_io_uring) refuse_io_uring();
  if (want.no_sigusr1) ignore_sigusr1();
  execve(want.program, want.arguments, environment);
  die(want.program);
  return 125;
}
