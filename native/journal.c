/*
 * Files of the journal, by descriptor: read at a place, written at a place so that it is on disk when the call returns,
 * and the checksum of what they hold.
 */
#include "support.h"
#include <sys/uio.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

enum { POLYNOMIAL_BITS = 8 };
static const uint32_t REVERSED_POLYNOMIAL = 0x82f63b78; /* CRC-32C */
static const double FURTHEST = 9007199254740992.0;      /* 2 to the 53: all whole numbers of JavaScript */

static uint32_t table[256];

static void make_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < POLYNOMIAL_BITS; bit++) value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ REVERSED_POLYNOMIAL;
    table[byte] = value;
  }
}

static uint32_t crc_by_table(uint32_t value, const uint8_t *data, size_t length) {
  if (table[1] == 0) make_table();
  for (size_t i = 0; i < length; i++) value = table[(value ^ data[i]) & 0xff] ^ (value >> 8);
  return value;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t value, const uint8_t *data, size_t length) {
  uint64_t wide = value;
  for (; length >= 8; length -= 8, data += 8) {
    uint64_t word;
    __builtin_memcpy(&word, data, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  value = (uint32_t)wide;
  for (; length > 0; length--) value = _mm_crc32_u8(value, *data++);
  return value;
}
#endif

static uint32_t crc(const uint8_t *data, size_t length) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc_by_instruction(0xffffffff, data, length);
#endif
  return ~crc_by_table(0xffffffff, data, length);
}

static bool read_part(napi_env env, const napi_value *v, struct span *out) {
  struct span whole;
  uint32_t offset, length;
  if (!read_bytes(env, v[0], &whole) || !read_u32(env, v[1], &offset) || !read_u32(env, v[2], &length)) return false;
  if (offset > whole.length || length > whole.length - offset) {
    type_error(env, "the part is out of bounds");
    return false;
  }
  out->data = length == 0 ? NULL : whole.data + offset;
  out->length = length;
  return true;
}

static napi_value crc32c(napi_env env, napi_callback_info info) {
  napi_value v[3];
  struct span part;
  if (!read_arguments(env, info, 3, v) || !read_part(env, v, &part)) return NULL;
  return number(env, crc(part.data, part.length));
}

static bool read_place(napi_env env, napi_value value, off_t *out) {
  double place;
  if (!read_double(env, value, &place)) return false;
  if (!(place >= 0 && place < FURTHEST) || (double)(off_t)place != place) {
    type_error(env, "expected a place in a file");
    return false;
  }
  *out = (off_t)place;
  return true;
}

/* pread(fd, bytes, offset, length, place) */
static napi_value pread_(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int fd;
  struct span part;
  off_t place;
  if (!read_arguments(env, info, 5, v) || !read_int(env, v[0], &fd) || !read_part(env, v + 1, &part) ||
      !read_place(env, v[4], &place)) return NULL;
  return outcome(env, pread(fd, part.data, part.length, place));
}

/* writeDurably(fd, bytes, offset, length, place) */
static napi_value write_durably(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int fd;
  struct span part;
  off_t place;
  if (!read_arguments(env, info, 5, v) || !read_int(env, v[0], &fd) || !read_part(env, v + 1, &part) ||
      !read_place(env, v[4], &place)) return NULL;
  const struct iovec iov = {part.data, part.length};
  return outcome(env, pwritev2(fd, &iov, 1, place, RWF_DSYNC));
}

static napi_value fdatasync_(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int fd;
  if (!read_arguments(env, info, 1, v) || !read_int(env, v[0], &fd)) return NULL;
  return outcome(env, fdatasync(fd));
}

const struct function journal_functions[] = {
  {"crc32c", crc32c}, {"pread", pread_}, {"writeDurably", write_durably}, {"fdatasync", fdatasync_}, {NULL, NULL},
};
