/*
 * Threads that make bytes durable while JavaScript goes on: each writes one part of its own pages to a file, waits for
 * the disk and signals. No decision is made here: what was written or why not is fetched by committerResult.
 *
 * A committer lives until the process ends, and so do its pages: whatever JavaScript forgets or detaches, the thread
 * never writes from memory that is gone. The pages are aligned for files opened with O_DIRECT.
 */
#include "support.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COMMITTERS = 4, PAGE = 4096, MOST = 64 << 20, STACK = 128 << 10 };
enum { UNBORN, IDLE, ASKED, DONE };
static const double FURTHEST = 9007199254740992.0; /* 2 to the 53 */

struct committer {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  uint8_t *pages;
  size_t size;
  int ready; /* an eventfd, watched by the loop */
  int state; /* under lock, like the job */
  int fd;
  uint32_t offset, length;
  off_t place;
  long result; /* bytes, or -errno */
};

static struct committer committers[COMMITTERS];
static atomic_uint count;

/* Nothing was written when a signal came first, so trying again is not a retry of a failed write. */
static long write_durably(int fd, const uint8_t *bytes, size_t length, off_t place) {
  const struct iovec part = {(void *)(uintptr_t)bytes, length};
  long result;
  do result = pwritev2(fd, &part, 1, place, RWF_DSYNC);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

static void *serve(void *state) {
  struct committer *own = state;
  pthread_mutex_lock(&own->lock);
  own->state = IDLE;
  pthread_cond_signal(&own->wake);
  for (;;) {
    while (own->state != ASKED) pthread_cond_wait(&own->wake, &own->lock);
    pthread_mutex_unlock(&own->lock);
    long result = write_durably(own->fd, own->pages + own->offset, own->length, own->place);
    pthread_mutex_lock(&own->lock);
    own->result = result;
    own->state = DONE;
    const uint64_t one = 1;
    if (write(own->ready, &one, sizeof one) != (ssize_t)sizeof one) __builtin_trap(); /* its own eventfd: cannot be full */
  }
}

static int start(struct committer *own) {
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, before;
  int result = pthread_attr_init(&attributes);
  if (result != 0) return -result;
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* the process's signals are for its other threads */
  result = pthread_create(&thread, &attributes, serve, own);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (result != 0) return -result;
  /* The C library makes system calls when a thread begins (rseq), which a fence may close in on: it has begun. */
  pthread_mutex_lock(&own->lock);
  while (own->state == UNBORN) pthread_cond_wait(&own->wake, &own->lock);
  pthread_mutex_unlock(&own->lock);
  return 0;
}

/* The pages outlive every view of them. */
static void keep(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  (void)hint;
}

static int prepare(struct committer *own, size_t size) {
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return -errno;
  own->pages = pages;
  own->size = size;
  own->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int result = own->ready < 0 ? -errno : 0;
  if (result == 0) {
    pthread_mutex_init(&own->lock, NULL);
    pthread_cond_init(&own->wake, NULL);
    result = start(own);
    if (result < 0) close(own->ready);
  }
  if (result < 0) munmap(pages, size);
  return result;
}

static napi_value committer_new(napi_env env, napi_callback_info info) {
  napi_value v[1], pages, result;
  uint32_t size;
  if (!read_arguments(env, info, 1, v) || !read_u32(env, v[0], &size)) return NULL;
  if (size == 0 || size > MOST || size % PAGE != 0) return type_error(env, "expected whole pages, at most 64 MiB");
  unsigned number_of = atomic_load(&count);
  if (number_of >= COMMITTERS) return number(env, -EMFILE);
  struct committer *own = &committers[number_of];
  int failed = prepare(own, size);
  if (failed < 0) return number(env, failed);
  atomic_store(&count, number_of + 1);
  if (napi_create_external_arraybuffer(env, own->pages, own->size, keep, NULL, &pages) != napi_ok ||
      napi_create_object(env, &result) != napi_ok ||
      napi_set_named_property(env, result, "committer", number(env, number_of)) != napi_ok ||
      napi_set_named_property(env, result, "pages", pages) != napi_ok ||
      napi_set_named_property(env, result, "readyFd", number(env, own->ready)) != napi_ok) return NULL;
  return result;
}

static void unmap(napi_env env, void *data, void *hint) {
  (void)env;
  munmap(data, (size_t)(uintptr_t)hint);
}

/* pagesNew(bytes): aligned memory without a thread; it goes when JavaScript forgets it. */
static napi_value pages_new(napi_env env, napi_callback_info info) {
  napi_value v[1], pages;
  uint32_t size;
  if (!read_arguments(env, info, 1, v) || !read_u32(env, v[0], &size)) return NULL;
  if (size == 0 || size > MOST || size % PAGE != 0) return type_error(env, "expected whole pages, at most 64 MiB");
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return outcome(env, -1);
  if (napi_create_external_arraybuffer(env, memory, size, unmap, (void *)(uintptr_t)size, &pages) == napi_ok) return pages;
  munmap(memory, size);
  return NULL;
}

static struct committer *committer_of(napi_env env, napi_value value) {
  uint32_t which;
  if (!read_u32(env, value, &which)) return NULL;
  if (which < atomic_load(&count)) return &committers[which];
  type_error(env, "there is no such committer");
  return NULL;
}

static napi_value committer_submit(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int fd;
  uint32_t offset, length;
  double place;
  struct committer *own;
  if (!read_arguments(env, info, 5, v) || (own = committer_of(env, v[0])) == NULL || !read_int(env, v[1], &fd) ||
      !read_u32(env, v[2], &offset) || !read_u32(env, v[3], &length) || !read_double(env, v[4], &place)) return NULL;
  if (length == 0 || offset > own->size || length > own->size - offset || !(place >= 0 && place < FURTHEST))
    return number(env, -EINVAL);
  pthread_mutex_lock(&own->lock);
  bool idle = own->state == IDLE;
  if (idle) {
    own->fd = fd;
    own->offset = offset;
    own->length = length;
    own->place = (off_t)place;
    own->state = ASKED;
    pthread_cond_signal(&own->wake);
  }
  pthread_mutex_unlock(&own->lock);
  return number(env, idle ? 0 : -EBUSY);
}

static napi_value committer_result(napi_env env, napi_callback_info info) {
  napi_value v[1];
  struct committer *own;
  if (!read_arguments(env, info, 1, v) || (own = committer_of(env, v[0])) == NULL) return NULL;
  pthread_mutex_lock(&own->lock);
  long result = -EAGAIN;
  if (own->state == DONE) {
    uint64_t signals;
    (void)!read(own->ready, &signals, sizeof signals);
    result = own->result;
    own->state = IDLE;
  }
  pthread_mutex_unlock(&own->lock);
  return number(env, (double)result);
}

const struct function committer_functions[] = {
  {"pagesNew", pages_new}, {"committerNew", committer_new}, {"committerSubmit", committer_submit},
  {"committerResult", committer_result}, {NULL, NULL},
};
