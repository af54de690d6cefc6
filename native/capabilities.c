/*
 * Dropping every capability in every thread.
 *
 * Capabilities belong to a thread, and the C library offers no process-wide form (as it does for ids). Each thread is
 * sent the signal that the library reserves for its own process-wide id changes: it is the one signal no thread can
 * have blocked. The library's handler is put back afterwards. Threads born meanwhile are found by listing again.
 */
#include "support.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RESERVED_SIGNAL = 33, THREADS = 512, WAIT_STEPS = 20000, STEP_NANOSECONDS = 100000 }; /* 2 s a thread */

static atomic_int answered, failed;

/* Async-signal-safe. The bounding set goes where the kernel lets it go. */
static int drop_in_this_thread(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  for (int cap = 0; cap < 64; cap++) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  prctl(47 /* PR_CAP_AMBIENT */, 4 /* PR_CAP_AMBIENT_CLEAR_ALL */, 0, 0, 0);
  return (int)syscall(SYS_capset, &header, none);
}

static void on_signal(int signo) {
  (void)signo;
  int saved = errno;
  if (drop_in_this_thread() < 0) atomic_store(&failed, errno);
  atomic_fetch_add(&answered, 1);
  errno = saved;
}

/* The kernel's own layout: the library's sigaction refuses reserved signals. */
struct kernel_action {
  void (*handler)(int);
  unsigned long flags;
#ifdef SA_RESTORER
  void (*restorer)(void);
#elif defined(__x86_64__)
  void (*restorer)(void);
#endif
  uint64_t mask;
};

#ifdef __x86_64__
void leasehold_restore(void) __attribute__((visibility("hidden")));
__asm__(".text\n.hidden leasehold_restore\n.type leasehold_restore,@function\n"
        "leasehold_restore:\n mov $15, %eax\n syscall\n.size leasehold_restore, .-leasehold_restore\n");
#endif

static int replace_handler(const struct kernel_action *action, struct kernel_action *old) {
  return (int)syscall(SYS_rt_sigaction, RESERVED_SIGNAL, action, old, sizeof action->mask);
}

/* Has thread `tid` drop everything. 0 when it did or is gone, else -errno. */
static int drop_in(pid_t tid) {
  const struct timespec step = {0, STEP_NANOSECONDS};
  int before = atomic_load(&answered);
  if (syscall(SYS_tgkill, getpid(), tid, RESERVED_SIGNAL) < 0) return errno == ESRCH ? 0 : -errno;
  for (int i = 0; i < WAIT_STEPS; i++) {
    if (atomic_load(&answered) != before) return -atomic_load(&failed);
    if (syscall(SYS_tgkill, getpid(), tid, 0) < 0) return errno == ESRCH ? 0 : -errno;
    nanosleep(&step, NULL);
  }
  return -ETIMEDOUT;
}

static int drop_in_others(DIR *tasks) {
  pid_t done[THREADS];
  size_t count = 0;
  pid_t self = (pid_t)syscall(SYS_gettid);
  for (bool found = true; found;) {
    found = false;
    rewinddir(tasks);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
      pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
      bool known = tid <= 0 || tid == self;
      for (size_t i = 0; i < count && !known; i++) known = done[i] == tid;
      if (known) continue;
      if (count == THREADS) return -E2BIG;
      int result = drop_in(tid);
      if (result < 0) return result;
      done[count++] = tid;
      found = true;
    }
  }
  return 0;
}

static napi_value clear_capabilities(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int fd;
  if (!read_arguments(env, info, 1, v)) return NULL;
  if (is_undefined(env, v[0])) fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  else if (!read_int(env, v[0], &fd)) return NULL;
  if (fd < 0) return fd == -1 && is_undefined(env, v[0]) ? outcome(env, -1) : number(env, -EBADF);
  DIR *tasks = fdopendir(fd);
  if (tasks == NULL) return outcome(env, -1);
  struct kernel_action action, old;
  memset(&action, 0, sizeof action);
  action.handler = on_signal;
  action.flags = SA_RESTART | SA_ONSTACK;
#ifdef __x86_64__
  action.flags |= 0x04000000; /* SA_RESTORER */
  action.restorer = leasehold_restore;
#endif
  atomic_store(&failed, 0);
  int result = replace_handler(&action, &old) < 0 ? -errno : 0;
  if (result == 0) {
    result = drop_in_others(tasks);
    replace_handler(&old, NULL);
  }
  if (result == 0 && drop_in_this_thread() < 0) result = -errno;
  closedir(tasks);
  return number(env, result);
}

const struct function capability_functions[] = {{"clearCapabilities", clear_capabilities}, {NULL, NULL}};
