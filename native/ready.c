/*
 * Readiness of a descriptor, by the event loop's own poll.
 *
 * A poll watches its own duplicate of the descriptor. The loop aborts the process when a watched number is closed or
 * reused under it; with a duplicate no order of close calls can do that. The price: the open file lives until pollClose.
 * An open poll is held here, so a collected handle cannot make a socket deaf.
 */
#include "handles.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* As in uv.h, but for FAILED. PRIORITY is what files of /proc and /sys say when what they tell has changed. */
enum { READABLE = 1, WRITABLE = 2, FAILED = 4, PRIORITY = UV_PRIORITIZED };

struct poll {
  uv_poll_t watch;
  int fd;
  int events;
  bool closing, closed, collected;
  napi_env env;
  napi_ref callback, self;
  napi_async_cleanup_hook_handle cleanup;
};

static void release(struct poll *poll) {
  if (poll->closed && poll->collected) free(poll);
}

static void on_closed(uv_handle_t *handle) {
  struct poll *poll = handle->data;
  close(poll->fd);
  poll->closed = true;
  napi_async_cleanup_hook_handle cleanup = poll->cleanup;
  release(poll);
  if (cleanup != NULL) napi_remove_async_cleanup_hook(cleanup);
}

static void on_collected(napi_env env, void *state, void *hint) {
  (void)env;
  (void)hint;
  struct poll *poll = state;
  poll->collected = true;
  release(poll);
}

static void shut(struct poll *poll) {
  if (poll->closing) return;
  poll->closing = true;
  if (poll->callback != NULL) napi_delete_reference(poll->env, poll->callback);
  if (poll->self != NULL) napi_delete_reference(poll->env, poll->self);
  poll->callback = poll->self = NULL;
  uv_close((uv_handle_t *)&poll->watch, on_closed);
}

/* The environment ends (a worker stops, the process leaves): the loop runs until on_closed has removed the hook. */
static void on_environment_end(napi_async_cleanup_hook_handle handle, void *state) {
  (void)handle;
  shut(state);
}

static void on_ready(uv_poll_t *watch, int status, int events);

static int arm(struct poll *poll) {
  if (poll->events == 0) return uv_poll_stop(&poll->watch);
  return uv_poll_start(&poll->watch, poll->events, on_ready);
}

static void call(struct poll *poll, int events) {
  napi_env env = poll->env;
  napi_handle_scope scope;
  napi_value receiver, callback, argument, result, error;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, poll->callback, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_int32(env, events, &argument) == napi_ok &&
      napi_make_callback(env, NULL, receiver, callback, 1, &argument, &result) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error); /* becomes an uncaughtException */
  }
  napi_close_handle_scope(env, scope);
}

static void on_ready(uv_poll_t *watch, int status, int events) {
  struct poll *poll = watch->data;
  if (poll->closing) return;
  if (status < 0) {
    /*
     * The loop stops watching at EPOLLERR. For a socket that is an error waiting to be read (a link went down), so
     * watch on and let the caller's next receive or send fetch it.
     */
    events = poll->events | FAILED;
    if (arm(poll) < 0) events = FAILED;
  }
  call(poll, events);
}

static napi_value poll_new(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd;
  napi_valuetype type;
  uv_loop_t *loop;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd)) return NULL;
  if (napi_typeof(env, v[1], &type) != napi_ok || type != napi_function) return type_error(env, "expected a function");
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return number(env, -ENOSYS);
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return outcome(env, -1);
  struct poll *poll = calloc(1, sizeof *poll);
  int result = poll == NULL ? -ENOMEM : uv_poll_init(loop, &poll->watch, own);
  if (result < 0) {
    free(poll);
    close(own);
    return number(env, result);
  }
  poll->watch.data = poll;
  poll->fd = own;
  poll->events = READABLE;
  poll->env = env;
  napi_value handle = wrap_handle(env, &poll_tag, poll, on_collected);
  if (handle == NULL) poll->collected = true;
  if (handle == NULL || napi_create_reference(env, v[1], 1, &poll->callback) != napi_ok ||
      napi_create_reference(env, handle, 1, &poll->self) != napi_ok ||
      napi_add_async_cleanup_hook(env, on_environment_end, poll, &poll->cleanup) != napi_ok) {
    shut(poll);
    return number(env, -ENOMEM);
  }
  result = arm(poll);
  if (result == 0) return handle;
  shut(poll);
  return number(env, result);
}

static napi_value poll_set(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int events;
  struct poll *poll;
  if (!read_arguments(env, info, 2, v) || (poll = unwrap_handle(env, &poll_tag, v[0])) == NULL ||
      !read_int(env, v[1], &events)) return NULL;
  if ((events & ~(READABLE | WRITABLE | PRIORITY)) != 0) return number(env, -EINVAL);
  if (poll->closing) return number(env, -EBADF);
  poll->events = events;
  return number(env, arm(poll));
}

static napi_value poll_close(napi_env env, napi_callback_info info) {
  napi_value v[1];
  struct poll *poll;
  if (!read_arguments(env, info, 1, v) || (poll = unwrap_handle(env, &poll_tag, v[0])) == NULL) return NULL;
  shut(poll);
  return number(env, 0);
}

const struct function ready_functions[] = {
  {"pollNew", poll_new}, {"pollSet", poll_set}, {"pollClose", poll_close}, {NULL, NULL},
};
