/* The launcher's fences: descriptors, capabilities, Landlock, io_uring; see launcher.h. */
#define _GNU_SOURCE
#include "launcher.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void close_from(int first) {
  if (syscall(436 /* close_range */, (unsigned)first, ~0U, 0) == 0) return;
  if (errno != ENOSYS) die("close_range");
  struct rlimit limits; /* before Linux 5.9; a number above the present limit may be open, so this is the best there is */
  if (getrlimit(RLIMIT_NOFILE, &limits) < 0 || limits.rlim_max > 1 << 20) die("close_range");
  for (int fd = first; fd < (int)limits.rlim_max; fd++) close(fd);
}

/* ---- capabilities ---- */

static const char *const CAPABILITIES[] = {
  "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
  "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module",
  "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
  "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
  "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};

int capability_number(const char *name) {
  if (strncasecmp(name, "cap_", 4) == 0) name += 4;
  for (size_t i = 0; i < sizeof CAPABILITIES / sizeof CAPABILITIES[0]; i++)
    if (strcasecmp(name, CAPABILITIES[i]) == 0) return (int)i;
  return -1;
}

void drop_bounding(uint64_t kept) {
  for (int cap = 0; cap < 64; cap++) {
    if ((kept >> cap & 1) != 0) continue;
    int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
    if (held < 0) return; /* past the kernel's last capability */
    if (held > 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) die("bounding set");
  }
}

void set_capabilities(uint64_t kept) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const uint32_t low = (uint32_t)kept, high = (uint32_t)(kept >> 32);
  const struct __user_cap_data_struct sets[2] = {{low, low, low}, {high, high, high}};
  if (syscall(SYS_capset, &header, sets) < 0) die("capset");
  if (prctl(47 /* PR_CAP_AMBIENT */, 4 /* CLEAR_ALL */, 0, 0, 0) < 0) die("ambient set");
  for (int cap = 0; cap < 64; cap++)
    if ((kept >> cap & 1) != 0 && prctl(47, 2 /* RAISE */, cap, 0, 0) < 0) die("ambient set");
}

/* ---- Landlock ---- */

/* From linux/landlock.h, which older distributions lack or have without the later rights. */
enum { RULE_PATH_BENEATH = 1, CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
static const uint64_t EXECUTE = 1 << 0, READ_FILE = 1 << 2, READ_DIR = 1 << 3;

struct path_beneath {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

/* Every right the kernel's version can withhold: 13 at first, then refer (2), truncate (3), ioctl on devices (5). */
static uint64_t known_rights(long abi) {
  uint64_t rights = (1ULL << 13) - 1;
  if (abi >= 2) rights |= 1ULL << 13;
  if (abi >= 3) rights |= 1ULL << 14;
  if (abi >= 5) rights |= 1ULL << 15;
  return rights;
}

int landlock_prepare(const char *const *paths, size_t count) {
  if (count == 0) return -1;
  long abi = syscall(CREATE_RULESET, NULL, (size_t)0, 1U /* VERSION */);
  if (abi < 1) {
    if (errno != ENOSYS && errno != EOPNOTSUPP) die("landlock");
    fputs("leasehold-launcher: this kernel has no Landlock; files are fenced by ids and chroot only\n", stderr);
    return -1;
  }
  uint64_t handled = known_rights(abi);
  int ruleset = (int)syscall(CREATE_RULESET, &handled, sizeof handled, 0U);
  if (ruleset < 0) die("landlock_create_ruleset");
  for (size_t i = 0; i < count; i++) {
    struct stat about;
    struct path_beneath rule = {.parent = open(paths[i], O_PATH | O_CLOEXEC)};
    if (rule.parent < 0 || fstat(rule.parent, &about) < 0) die(paths[i]);
    rule.allowed = EXECUTE | READ_FILE | (S_ISDIR(about.st_mode) ? READ_DIR : 0);
    if (syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0U) < 0) die("landlock_add_rule");
    close(rule.parent);
  }
  return ruleset;
}

void landlock_enforce(int ruleset) {
  if (ruleset < 0) return;
  if (syscall(RESTRICT_SELF, ruleset, 0U) < 0) die("landlock_restrict_self");
  close(ruleset);
}

/* ---- io_uring ---- */

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#define NATIVE_ARCH AUDIT_ARCH_ARM
#elif defined(__i386__)
#define NATIVE_ARCH AUDIT_ARCH_I386
#else
#error "name this architecture for seccomp"
#endif

/* setup, enter and register are 425 to 427 on every architecture above; x32 numbers start at 0x40000000. */
void refuse_io_uring(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 427, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 425, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) die("--no-io-uring");
}

/*
 * Node opens its inspector on SIGUSR1, from long before a script can say otherwise. So the signal is ignored, and a later
 * wish to change that is answered with success and not carried out: Node resets every signal when it starts.
 */
void ignore_sigusr1(void) {
  if (signal(SIGUSR1, SIG_IGN) == SIG_ERR) die("--no-sigusr1");
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 5),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGUSR1, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])), /* a mere question is answered */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) die("--no-sigusr1");
}
