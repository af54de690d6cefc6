/* The clock that counts through suspend, and a descriptor that becomes readable at one of its instants; the kernel's random bytes. */
#include "support.h"
#include <math.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const double FAR_SECONDS = 9e9; /* just inside what the kernel's 64-bit nanoseconds hold */

static napi_value boot_time(napi_env env, napi_callback_info info) {
  (void)info;
  struct timespec now;
  if (clock_gettime(CLOCK_BOOTTIME, &now) < 0) return outcome(env, -1);
  return number(env, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

static napi_value timer_new(napi_env env, napi_callback_info info) {
  (void)info;
  return outcome(env, timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
}

/* Readable (with ECANCELED) whenever the wall clock is set, which the kernel also does when the machine wakes up. */
static napi_value clock_set_watch_new(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return outcome(env, -1);
  struct itimerspec never = {.it_value = {(time_t)FAR_SECONDS, 0}};
  if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0) return outcome(env, fd);
  napi_value failed = outcome(env, -1);
  close(fd);
  return failed;
}

static napi_value timer_set(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd;
  double at;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_double(env, v[1], &at)) return NULL;
  if (isnan(at)) return number(env, -EINVAL);
  struct itimerspec when = {.it_value = {0, 0}}; /* all zero disarms */
  if (at <= 0) {
    when.it_value.tv_nsec = 1; /* long past: fires at once */
  } else if (!isinf(at)) {
    double seconds = floor(at / 1e3);
    when.it_value.tv_sec = seconds > FAR_SECONDS ? (time_t)FAR_SECONDS : (time_t)seconds;
    /* The remainder is below 1000 ms wherever doubles are exact; far beyond it does not matter. */
    double nanoseconds = seconds > FAR_SECONDS ? 0 : (at - seconds * 1e3) * 1e6;
    when.it_value.tv_nsec = nanoseconds < 1 ? 1 : nanoseconds > 999999999 ? 999999999 : (long)nanoseconds;
  }
  return outcome(env, timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL));
}

static napi_value timer_read(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int fd;
  uint64_t times = 0;
  if (!read_arguments(env, info, 1, v) || !read_int(env, v[0], &fd)) return NULL;
  ssize_t result = read(fd, &times, sizeof times);
  if (result < 0) return outcome(env, -1);
  return number(env, result == (ssize_t)sizeof times ? (double)times : -EIO);
}

/* Fills the bytes from the kernel's generator. */
static napi_value random_bytes(napi_env env, napi_callback_info info) {
  napi_value v[1];
  struct span out;
  if (!read_arguments(env, info, 1, v) || !read_bytes(env, v[0], &out)) return NULL;
  return outcome(env, getrandom(out.data, out.length, 0));
}

const struct function time_functions[] = {
  {"bootTimeMs", boot_time}, {"timerNew", timer_new}, {"timerSet", timer_set}, {"timerRead", timer_read},
  {"clockSetWatchNew", clock_set_watch_new},
  {"random", random_bytes}, {NULL, NULL},
};
