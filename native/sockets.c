/* Sockets: make, name, set, get. Every new descriptor is close-on-exec and non-blocking. */
#include "support.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static napi_value make(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int domain, type, protocol;
  if (!read_arguments(env, info, 3, v) || !read_int(env, v[0], &domain) || !read_int(env, v[1], &type) ||
      !read_int(env, v[2], &protocol)) return NULL;
  return outcome(env, socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static napi_value with_address(napi_env env, napi_callback_info info,
                               int (*call)(int, const struct sockaddr *, socklen_t)) {
  napi_value v[2];
  int fd;
  struct span address;
  struct sockaddr_storage copy;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &address)) return NULL;
  if (address.length > sizeof copy) return number(env, -EINVAL);
  memset(&copy, 0, sizeof copy);
  if (address.length > 0) memcpy(&copy, address.data, address.length);
  return outcome(env, call(fd, (struct sockaddr *)&copy, (socklen_t)address.length));
}

static napi_value bind_(napi_env env, napi_callback_info info) { return with_address(env, info, bind); }
static napi_value connect_(napi_env env, napi_callback_info info) { return with_address(env, info, connect); }

static napi_value with_fd_and_int(napi_env env, napi_callback_info info, int (*call)(int, int)) {
  napi_value v[2];
  int fd, value;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_int(env, v[1], &value)) return NULL;
  return outcome(env, call(fd, value));
}

static napi_value listen_(napi_env env, napi_callback_info info) { return with_fd_and_int(env, info, listen); }
static napi_value shutdown_(napi_env env, napi_callback_info info) { return with_fd_and_int(env, info, shutdown); }

static napi_value with_fd(napi_env env, napi_callback_info info, int (*call)(int)) {
  napi_value v[1];
  int fd;
  if (!read_arguments(env, info, 1, v) || !read_int(env, v[0], &fd)) return NULL;
  return outcome(env, call(fd));
}

static int accept_cloexec(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }
static int dup_cloexec(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }

static napi_value accept_(napi_env env, napi_callback_info info) { return with_fd(env, info, accept_cloexec); }
static napi_value close_(napi_env env, napi_callback_info info) { return with_fd(env, info, close); }
static napi_value dup_(napi_env env, napi_callback_info info) { return with_fd(env, info, dup_cloexec); }

/*
 * Whether the kernel takes the option's value as plain bytes. Others hold an address that the kernel would read from
 * or write to (TCP_ZEROCOPY_RECEIVE, netfilter tables, AF_XDP memory), or count in other units than bytes
 * (SO_GET_FILTER, the same number as SO_ATTACH_FILTER), so a caller could make the kernel leave the buffer.
 */
static bool is_plain_option(int level, int name) {
  switch (level) {
    case SOL_SOCKET: return name != SO_ATTACH_FILTER && name != SO_ATTACH_REUSEPORT_CBPF;
    case IPPROTO_IP: return name < 64;                                   /* 64.. ip, arp, bridge tables, ipvs */
    case IPPROTO_IPV6: return name < 64 || (name > 65 && name < 128 && name != 68 && name != 69);
    case IPPROTO_TCP: return name != 35;                                 /* TCP_ZEROCOPY_RECEIVE */
    case SOL_PACKET: return name != PACKET_FANOUT_DATA && name != PACKET_RX_RING && name != PACKET_TX_RING;
    case IPPROTO_UDP: case IPPROTO_ICMPV6: case IPPROTO_RAW: case 270 /* SOL_NETLINK */: return true;
    default: return false;
  }
}

static napi_value set_option(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int fd, level, name;
  struct span value;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) || !read_int(env, v[1], &level) ||
      !read_int(env, v[2], &name) || !read_bytes(env, v[3], &value)) return NULL;
  if (!is_plain_option(level, name)) return number(env, -EOPNOTSUPP);
  return outcome(env, setsockopt(fd, level, name, value.data, (socklen_t)value.length));
}

static napi_value get_option(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int fd, level, name;
  struct span out;
  if (!read_arguments(env, info, 4, v) || !read_int(env, v[0], &fd) || !read_int(env, v[1], &level) ||
      !read_int(env, v[2], &name) || !read_bytes(env, v[3], &out)) return NULL;
  if (!is_plain_option(level, name)) return number(env, -EOPNOTSUPP);
  socklen_t length = (socklen_t)out.length;
  int result = getsockopt(fd, level, name, out.data, &length);
  return outcome(env, result < 0 ? result : (long)length);
}

typedef int (*name_call)(int, struct sockaddr *, socklen_t *);

static napi_value get_name_of(napi_env env, napi_callback_info info, name_call call) {
  napi_value v[2];
  int fd;
  struct span out;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &out)) return NULL;
  struct sockaddr_storage address;
  memset(&address, 0, sizeof address);
  socklen_t length = sizeof address;
  if (call(fd, (struct sockaddr *)&address, &length) < 0) return outcome(env, -1);
  if (length > sizeof address || length > out.length) return number(env, -EMSGSIZE);
  if (length > 0) memcpy(out.data, &address, length);
  return number(env, length);
}

static napi_value get_name(napi_env env, napi_callback_info info) { return get_name_of(env, info, getsockname); }
static napi_value get_peer(napi_env env, napi_callback_info info) { return get_name_of(env, info, getpeername); }

static napi_value attach_filter(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd;
  struct span program;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_bytes(env, v[1], &program)) return NULL;
  size_t count = program.length / sizeof(struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || program.length % sizeof(struct sock_filter) != 0) return number(env, -EINVAL);
  struct sock_fprog filter = {.len = (unsigned short)count, .filter = (struct sock_filter *)(void *)program.data};
  return outcome(env, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
}

static napi_value socket_pair(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int type, pair[2];
  struct ints out;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &type) || !read_ints(env, v[1], &out)) return NULL;
  if (out.length < 2) return number(env, -EINVAL);
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return outcome(env, -1);
  out.data[0] = pair[0];
  out.data[1] = pair[1];
  return number(env, 0);
}

static napi_value peer_credentials(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int fd;
  struct ints out;
  if (!read_arguments(env, info, 2, v) || !read_int(env, v[0], &fd) || !read_ints(env, v[1], &out)) return NULL;
  if (out.length < 3) return number(env, -EINVAL);
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return outcome(env, -1);
  out.data[0] = peer.pid;
  out.data[1] = (int32_t)peer.uid;
  out.data[2] = (int32_t)peer.gid;
  return number(env, 0);
}

const struct function socket_functions[] = {
  {"socket", make}, {"bind", bind_}, {"connect", connect_}, {"listen", listen_}, {"accept", accept_},
  {"shutdown", shutdown_}, {"close", close_}, {"dup", dup_}, {"setSockOpt", set_option}, {"getSockOpt", get_option},
  {"getSockName", get_name}, {"getPeerName", get_peer}, {"attachFilter", attach_filter}, {"socketPair", socket_pair},
  {"peerCredentials", peer_credentials}, {NULL, NULL},
};
