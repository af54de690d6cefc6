/*
 * What a process gives up: namespaces, root folder, ids, system calls.
 * unshare, setns, noNewPrivs and most prctls concern the calling thread only; setIds and chroot the whole process;
 * seccomp the whole process when flags hold TSYNC (which spreads no_new_privs too).
 */
#include "support.h"
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

/* Sharing descriptors or memory differently from the other threads would break the runtime: not offered. */
static const int NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                              0x02000000 /* CLONE_NEWCGROUP */ | 0x80 /* CLONE_NEWTIME */ | CLONE_FS;

static napi_value unshare_(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int flags;
  if (!read_arguments(env, info, 1, v) || !read_int(env, v[0], &flags)) return NULL;
  if ((flags & ~NAMESPACES) != 0) return number(env, -EINVAL);
  return outcome(env, unshare(flags));
}

static napi_value setns_(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd, type;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_int(env, v[1], &type)) return NULL;
  return outcome(env, setns(fd, type));
}

static napi_value chroot_(napi_env env, napi_callback_info info) {
  napi_value v[1];
  char path[PATH_MAX];
  if (!read_arguments(env, info, 1, v) || !read_text(env, v[0], path, sizeof path)) return NULL;
  return outcome(env, chroot(path) < 0 ? -1 : chdir("/"));
}

static napi_value set_ids(napi_env env, napi_callback_info info) {
  napi_value v[2];
  uint32_t user, group;
  uid_t r, e, s;
  gid_t rg, eg, sg;
  if (!read_arguments(env, info, 2, v) || !read_u32(env, v[0], &user) || !read_u32(env, v[1], &group)) return NULL;
  if (user == UINT32_MAX || group == UINT32_MAX) return number(env, -EINVAL); /* would mean "leave as it is" */
  if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid(user, user, user) < 0)
    return outcome(env, -1);
  if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0) return outcome(env, -1);
  if (r != user || e != user || s != user || rg != group || eg != group || sg != group || getgroups(0, NULL) != 0)
    return number(env, -EPERM);
  return number(env, 0);
}

/* Only options whose arguments are plain numbers: others hold addresses the kernel would read or write. */
static bool is_plain_prctl(int option) {
  switch (option) {
    case PR_SET_PDEATHSIG: case PR_GET_DUMPABLE: case PR_SET_DUMPABLE: case PR_GET_KEEPCAPS: case PR_SET_KEEPCAPS:
    case PR_CAPBSET_READ: case PR_CAPBSET_DROP: case PR_GET_SECUREBITS: case PR_SET_SECUREBITS: case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER: case PR_SET_NO_NEW_PRIVS: case PR_GET_NO_NEW_PRIVS: case PR_SET_THP_DISABLE:
    case 47 /* PR_CAP_AMBIENT */: case 52 /* PR_GET_SPECULATION_CTRL */: case 53 /* PR_SET_SPECULATION_CTRL */:
      return true;
    default: return false;
  }
}

static napi_value prctl_(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int option;
  uint32_t a, b, c, d;
  if (!read_arguments(env, info, 5, v) || !read_int(env, v[0], &option) || !read_u32(env, v[1], &a) ||
      !read_u32(env, v[2], &b) || !read_u32(env, v[3], &c) || !read_u32(env, v[4], &d)) return NULL;
  if (!is_plain_prctl(option)) return number(env, -EOPNOTSUPP);
  return outcome(env, prctl(option, (unsigned long)a, (unsigned long)b, (unsigned long)c, (unsigned long)d));
}

static napi_value no_new_privs(napi_env env, napi_callback_info info) {
  (void)info;
  return outcome(env, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static napi_value seccomp_(napi_env env, napi_callback_info info) {
  static const uint32_t allowed = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  napi_value v[2];
  struct span program;
  uint32_t flags;
  if (!read_arguments(env, info, 2, v) || !read_bytes(env, v[0], &program) || !read_u32(env, v[1], &flags)) return NULL;
  size_t count = program.length / sizeof(struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || program.length % sizeof(struct sock_filter) != 0 || (flags & ~allowed) != 0)
    return number(env, -EINVAL);
  struct sock_fprog filter = {.len = (unsigned short)count, .filter = (struct sock_filter *)(void *)program.data};
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (result > 0) return number(env, -ESRCH); /* a thread that could not be brought along; nothing was applied */
  return outcome(env, result);
}

static napi_value landlock_abi(napi_env env, napi_callback_info info) {
  (void)info;
  return outcome(env, syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */));
}

/* Loading leaves a megabyte of free memory behind that an idle process would keep; other C libraries keep none. */
static napi_value trim_memory(napi_env env, napi_callback_info info) {
  (void)info;
#ifdef __GLIBC__
  return number(env, malloc_trim(0));
#else
  return number(env, 0);
#endif
}

const struct function process_functions[] = {
  {"unshare", unshare_}, {"setns", setns_}, {"chroot", chroot_}, {"setIds", set_ids}, {"prctl", prctl_},
  {"noNewPrivs", no_new_privs}, {"seccomp", seccomp_}, {"landlockAbi", landlock_abi},
  {"trimMemory", trim_memory}, {NULL, NULL},
};
