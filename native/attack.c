/*
 * For security tests only: what code that took over a process can do. Never built by the install script, never shipped.
 */
#include "support.h"
#include <sys/syscall.h>
#include <unistd.h>

static bool read_word(napi_env env, napi_value value, long *out) {
  napi_valuetype type;
  double plain;
  uint64_t wide;
  bool lossless;
  if (napi_typeof(env, value, &type) != napi_ok) return false;
  if (type == napi_undefined) {
    *out = 0;
    return true;
  }
  if (type == napi_bigint) {
    if (napi_get_value_bigint_uint64(env, value, &wide, &lossless) != napi_ok) return false;
    *out = (long)wide;
    return true;
  }
  if (!read_double(env, value, &plain)) return false;
  if (!(plain >= -9007199254740992.0 && plain <= 9007199254740992.0)) {
    type_error(env, "use a BigInt for that");
    return false;
  }
  *out = (long)plain;
  return true;
}

static napi_value raw_syscall(napi_env env, napi_callback_info info) {
  napi_value v[7];
  long word[7];
  if (!read_arguments(env, info, 7, v)) return NULL;
  for (int i = 0; i < 7; i++)
    if (!read_word(env, v[i], &word[i])) return NULL;
  return outcome(env, syscall(word[0], word[1], word[2], word[3], word[4], word[5], word[6]));
}

static napi_value address_of(napi_env env, napi_callback_info info) {
  napi_value v[1], result = NULL;
  struct span bytes;
  if (!read_arguments(env, info, 1, v) || !read_bytes(env, v[0], &bytes)) return NULL;
  napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)bytes.data, &result);
  return result;
}

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  static const struct function functions[] = {{"rawSyscall", raw_syscall}, {"addressOf", address_of}};
  for (size_t i = 0; i < 2; i++) {
    napi_value value;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &value) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, value) != napi_ok) return NULL;
  }
  return exports;
}
