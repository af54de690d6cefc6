/* One message at a time: datagrams with an address, and channel messages with descriptors. */
#include "support.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 16 }; /* descriptors one channel message may carry */

/* Flags that ask the kernel to keep pages or to run a connect (MSG_ZEROCOPY, MSG_FASTOPEN) are not passed on. */
static const int SEND_FLAGS = MSG_DONTROUTE | MSG_CONFIRM | MSG_MORE | MSG_EOR | MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL;
static const int RECEIVE_FLAGS = MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_ERRQUEUE | MSG_DONTWAIT | MSG_CMSG_CLOEXEC;

static napi_value send_to(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int fd, flags;
  struct span bytes, address = {NULL, 0};
  struct sockaddr_storage to;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &bytes)) return NULL;
  if (!is_undefined(env, v[2]) && !read_bytes(env, v[2], &address)) return NULL;
  if (!read_int(env, v[3], &flags)) return NULL;
  if (address.length > sizeof to || (flags & ~SEND_FLAGS) != 0) return number(env, -EINVAL);
  memset(&to, 0, sizeof to);
  if (address.length > 0) memcpy(&to, address.data, address.length);
  return outcome(env, sendto(fd, bytes.data, bytes.length, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
                             address.length > 0 ? (struct sockaddr *)&to : NULL, (socklen_t)address.length));
}

static napi_value receive_from(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int fd, flags;
  struct span bytes, address = {NULL, 0};
  struct sockaddr_storage from;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &bytes)) return NULL;
  if (!is_undefined(env, v[2]) && !read_bytes(env, v[2], &address)) return NULL;
  if (!read_int(env, v[3], &flags)) return NULL;
  if ((flags & ~RECEIVE_FLAGS) != 0) return number(env, -EINVAL);
  memset(&from, 0, sizeof from);
  socklen_t length = sizeof from;
  ssize_t result = recvfrom(fd, bytes.data, bytes.length, flags | MSG_DONTWAIT, (struct sockaddr *)&from, &length);
  if (result >= 0 && address.length > 0) {
    size_t copied = address.length < sizeof from ? address.length : sizeof from;
    memset(address.data, 0, address.length);
    memcpy(address.data, &from, copied);
  }
  return outcome(env, result);
}

static napi_value send_message(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int fd;
  struct span bytes;
  struct ints fds = {NULL, 0};
  if (!read_arguments(env, info, 3, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &bytes)) return NULL;
  if (!is_undefined(env, v[2]) && !read_ints(env, v[2], &fds)) return NULL;
  /* An empty message could not be told from the end of the channel. */
  if (bytes.length == 0 || fds.length > DESCRIPTORS) return number(env, -EINVAL);
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec part = {.iov_base = bytes.data, .iov_len = bytes.length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fds.length > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fds.length * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.length * sizeof(int));
    memcpy(CMSG_DATA(header), fds.data, fds.length * sizeof(int));
  }
  return outcome(env, sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* Puts every descriptor of the message into `into`, or closes it when there is no room. Returns how many came. */
static size_t take_descriptors(struct msghdr *message, int *into, size_t room) {
  size_t count = 0;
  for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h != NULL; h = CMSG_NXTHDR(message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS || h->cmsg_len < CMSG_LEN(0)) continue;
    size_t here = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
      if (count < room) into[count] = fd;
      else close(fd);
      count++;
    }
  }
  return count;
}

static napi_value receive_message(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int fd, received[DESCRIPTORS];
  struct span bytes;
  struct ints out;
  if (!read_arguments(env, info, 3, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &bytes) ||
      !read_ints(env, v[2], &out)) return NULL;
  if (bytes.length == 0 || out.length < 1) return number(env, -EINVAL);
  out.data[0] = 0;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  } control;
  struct iovec part = {.iov_base = bytes.data, .iov_len = bytes.length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (length < 0) return outcome(env, -1);
  size_t room = out.length - 1 < DESCRIPTORS ? out.length - 1 : DESCRIPTORS;
  size_t count = take_descriptors(&message, received, room);
  if (count > room || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    for (size_t i = 0; i < count && i < room; i++) close(received[i]);
    return number(env, -EMSGSIZE);
  }
  out.data[0] = (int32_t)count;
  for (size_t i = 0; i < count; i++) out.data[1 + i] = received[i];
  return number(env, (double)length);
}

const struct function message_functions[] = {
  {"sendTo", send_to}, {"recvFrom", receive_from}, {"sendMessage", send_message}, {"recvMessage", receive_message},
  {NULL, NULL},
};
