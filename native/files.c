/* Files by path and by descriptor, and the TUN device's one ioctl. */
#include "support.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

static napi_value open_(napi_env env, napi_callback_info info) {
  napi_value v[3];
  char path[PATH_MAX];
  int flags, mode;
  if (!read_arguments(env, info, 3, v) || !read_text(env, v[0], path, sizeof path) || !read_int(env, v[1], &flags) ||
      !read_int(env, v[2], &mode)) return NULL;
  return outcome(env, open(path, flags | O_CLOEXEC, (mode_t)mode));
}

static napi_value flock_(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd, operation;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_int(env, v[1], &operation)) return NULL;
  return outcome(env, flock(fd, operation));
}

static napi_value fsync_(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int fd;
  if (!read_arguments(env, info, 1, v) || !read_int(env, v[0], &fd)) return NULL;
  return outcome(env, fsync(fd));
}

static napi_value ioctl_tun(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int fd, flags;
  char name[IFNAMSIZ];
  if (!read_arguments(env, info, 3, v) || !read_int(env, v[0], &fd) || !read_text(env, v[1], name, sizeof name) ||
      !read_int(env, v[2], &flags)) return NULL;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  memcpy(request.ifr_name, name, strlen(name));
  request.ifr_flags = (short)flags;
  return outcome(env, ioctl(fd, TUNSETIFF, &request));
}

const struct function file_functions[] = {
  {"open", open_}, {"flock", flock_}, {"fsync", fsync_}, {"ioctlTun", ioctl_tun}, {NULL, NULL},
};
