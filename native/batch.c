/*
 * Many datagrams per system call, through one ArrayBuffer:
 * data[slots][dataSize], addr[slots][128], ctl[slots][controlSize], meta[slots]{u32 len, addrlen, ctllen, flags};
 * each array starts at a multiple of 8.
 *
 * The message and part arrays stay on this side and are filled anew for every call, so nothing JavaScript writes can
 * make the kernel leave the arena. The arena's address is asked for on every call: a detached arena is refused.
 */
#include "handles.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESS = 128, SLOTS = 1024, ARENA = 64 << 20 };

struct batch {
  napi_ref arena;
  uint32_t slots, data_size, control_size;
  size_t addresses, controls, metas, total; /* offsets; data is at 0 */
  struct mmsghdr *messages;
  struct iovec *parts;
  const uint8_t *pointed; /* the arena that all messages point into, ready to receive; or NULL */
};

struct meta {
  uint32_t length, address_length, control_length, flags;
};

static size_t align8(size_t size) { return (size + 7) & ~(size_t)7; }

static void dispose(napi_env env, void *state, void *hint) {
  (void)hint;
  struct batch *batch = state;
  if (batch->arena != NULL) napi_delete_reference(env, batch->arena);
  free(batch->messages);
  free(batch->parts);
  free(batch);
}

static struct batch *allocate(uint32_t slots, uint32_t data_size, uint32_t control_size) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) return NULL;
  batch->slots = slots;
  batch->data_size = data_size;
  batch->control_size = control_size;
  batch->addresses = align8((size_t)slots * data_size);
  batch->controls = batch->addresses + (size_t)slots * ADDRESS;
  batch->metas = batch->controls + align8((size_t)slots * control_size);
  batch->total = batch->metas + slots * sizeof(struct meta);
  batch->messages = calloc(slots, sizeof *batch->messages);
  batch->parts = calloc(slots, sizeof *batch->parts);
  if (batch->messages != NULL && batch->parts != NULL) return batch;
  free(batch->messages);
  free(batch->parts);
  free(batch);
  return NULL;
}

static napi_value batch_new(napi_env env, napi_callback_info info) {
  napi_value v[3];
  uint32_t slots, data_size, control_size;
  if (!read_arguments(env, info, 3, v) || !read_u32(env, v[0], &slots) || !read_u32(env, v[1], &data_size) ||
      !read_u32(env, v[2], &control_size)) return NULL;
  if (slots < 1 || slots > SLOTS || data_size < 1 || data_size > 1 << 20 || control_size > 1 << 16)
    return type_error(env, "expected 1 to 1024 slots of at most 1 MiB of data and 64 KiB of control");
  if ((uint64_t)slots * (data_size + control_size + 256u) > ARENA) return type_error(env, "the arena would pass 64 MiB");
  struct batch *batch = allocate(slots, data_size, control_size);
  if (batch == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  void *bytes = NULL;
  napi_value arena, handle, result;
  if (napi_create_arraybuffer(env, batch->total, &bytes, &arena) != napi_ok || bytes == NULL ||
      napi_create_reference(env, arena, 1, &batch->arena) != napi_ok ||
      (handle = wrap_handle(env, &batch_tag, batch, dispose)) == NULL) {
    dispose(env, batch, NULL);
    return NULL;
  }
  if (napi_create_object(env, &result) != napi_ok || napi_set_named_property(env, result, "handle", handle) != napi_ok ||
      napi_set_named_property(env, result, "arena", arena) != napi_ok) return NULL;
  return result;
}

/* Where the arena is now; NULL with a TypeError pending when it was detached. */
static uint8_t *arena_of(napi_env env, struct batch *batch) {
  napi_value arena = NULL;
  void *bytes = NULL;
  size_t length = 0;
  bool detached = true;
  if (napi_get_reference_value(env, batch->arena, &arena) != napi_ok || arena == NULL ||
      napi_is_detached_arraybuffer(env, arena, &detached) != napi_ok || detached ||
      napi_get_arraybuffer_info(env, arena, &bytes, &length) != napi_ok || bytes == NULL || length != batch->total) {
    napi_throw_type_error(env, NULL, "the batch's arena is detached");
    return NULL;
  }
  return bytes;
}

/* Points message `slot` at its own places; lengths must have been checked. */
static void point(struct batch *batch, uint8_t *arena, size_t slot, struct meta lengths) {
  struct iovec *part = &batch->parts[slot];
  struct msghdr *header = &batch->messages[slot].msg_hdr;
  memset(&batch->messages[slot], 0, sizeof batch->messages[slot]);
  part->iov_base = arena + slot * batch->data_size;
  part->iov_len = lengths.length;
  header->msg_iov = part;
  header->msg_iovlen = 1;
  if (lengths.address_length > 0) header->msg_name = arena + batch->addresses + slot * ADDRESS;
  header->msg_namelen = lengths.address_length;
  if (lengths.control_length > 0) header->msg_control = arena + batch->controls + slot * batch->control_size;
  header->msg_controllen = lengths.control_length;
}

static struct meta room_of(const struct batch *batch) {
  return (struct meta){batch->data_size, ADDRESS, batch->control_size, 0};
}

/* A call fills few of many slots: those it filled are pointed anew behind it, and the rest are as they were. */
static void get_ready(struct batch *batch, uint8_t *arena) {
  if (batch->pointed == arena) return;
  for (size_t slot = 0; slot < batch->slots; slot++) point(batch, arena, slot, room_of(batch));
  batch->pointed = arena;
}

static uint32_t at_most(size_t value, uint32_t limit) { return value < limit ? (uint32_t)value : limit; }

static napi_value receive_batch(napi_env env, napi_callback_info info) {
  static const int allowed = MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE | MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  napi_value v[4];
  int fd, flags;
  uint32_t most;
  struct batch *batch;
  uint8_t *arena;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) ||
      (batch = unwrap_handle(env, &batch_tag, v[1])) == NULL || !read_u32(env, v[2], &most) ||
      !read_int(env, v[3], &flags) || (arena = arena_of(env, batch)) == NULL) return NULL;
  if (most > batch->slots || (flags & ~allowed) != 0) return number(env, -EINVAL);
  get_ready(batch, arena);
  int count = recvmmsg(fd, batch->messages, most, flags | MSG_DONTWAIT, NULL);
  if (count < 0) batch->pointed = NULL; /* what a failed call wrote is not told */
  for (int slot = 0; slot < count; slot++) {
    const struct msghdr *header = &batch->messages[slot].msg_hdr;
    const struct meta meta = {
      at_most(batch->messages[slot].msg_len, batch->data_size), at_most(header->msg_namelen, ADDRESS),
      at_most(header->msg_controllen, batch->control_size), (uint32_t)header->msg_flags,
    };
    memcpy(arena + batch->metas + (size_t)slot * sizeof meta, &meta, sizeof meta);
    point(batch, arena, (size_t)slot, room_of(batch));
  }
  return outcome(env, count);
}

static napi_value send_batch(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int fd;
  uint32_t from, to;
  struct batch *batch;
  uint8_t *arena;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) ||
      (batch = unwrap_handle(env, &batch_tag, v[1])) == NULL || !read_u32(env, v[2], &from) ||
      !read_u32(env, v[3], &to) || (arena = arena_of(env, batch)) == NULL) return NULL;
  if (from > to || to > batch->slots) return number(env, -EINVAL);
  batch->pointed = NULL;
  for (size_t slot = from; slot < to; slot++) {
    struct meta meta;
    memcpy(&meta, arena + batch->metas + slot * sizeof meta, sizeof meta);
    if (meta.length > batch->data_size || meta.address_length > ADDRESS || meta.control_length > batch->control_size)
      return number(env, -EINVAL);
    point(batch, arena, slot, meta);
  }
  return outcome(env, sendmmsg(fd, batch->messages + from, to - from, MSG_DONTWAIT | MSG_NOSIGNAL));
}

const struct function batch_functions[] = {
  {"batchNew", batch_new}, {"recvBatch", receive_batch}, {"sendBatch", send_batch}, {NULL, NULL},
};
