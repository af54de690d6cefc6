/* Reading arguments and returning results; see support.h for the rules. */
#include "support.h"
#include <math.h>
#include <string.h>

napi_value type_error(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool refuse(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return false;
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count; /* missing ones are filled with undefined */
  return napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok;
}

bool read_double(napi_env env, napi_value value, double *out) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_number) return refuse(env, "expected a number");
  return napi_get_value_double(env, value, out) == napi_ok;
}

static bool read_whole(napi_env env, napi_value value, double least, double most, double *out) {
  if (!read_double(env, value, out)) return false;
  if (!(*out >= least && *out <= most) || floor(*out) != *out) return refuse(env, "expected a whole number in range");
  return true;
}

bool read_int(napi_env env, napi_value value, int *out) {
  double whole;
  if (!read_whole(env, value, INT32_MIN, INT32_MAX, &whole)) return false;
  *out = (int)whole;
  return true;
}

bool read_u32(napi_env env, napi_value value, uint32_t *out) {
  double whole;
  if (!read_whole(env, value, 0, UINT32_MAX, &whole)) return false;
  *out = (uint32_t)whole;
  return true;
}

/*
 * The bytes under a typed array of one element type. Refused: shared memory (another thread could free or change it
 * under the kernel), a detached buffer, and a view that reaches past its buffer (resizable buffers may shrink).
 */
static bool read_view(napi_env env, napi_value value, napi_typedarray_type want, size_t width, struct span *out) {
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return refuse(env, "expected a typed array");
  napi_typedarray_type type;
  size_t length = 0, offset = 0, whole = 0;
  void *data = NULL, *base = NULL;
  napi_value buffer;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, &offset) != napi_ok)
    return refuse(env, "expected a typed array");
  if (type != want) return refuse(env, want == napi_uint8_array ? "expected a Uint8Array" : "expected an Int32Array");
  if (napi_is_arraybuffer(env, buffer, &is) != napi_ok || !is) return refuse(env, "shared memory is not accepted");
  if (napi_is_detached_arraybuffer(env, buffer, &is) != napi_ok || is) return refuse(env, "the buffer is detached");
  if (napi_get_arraybuffer_info(env, buffer, &base, &whole) != napi_ok) return refuse(env, "expected an ArrayBuffer");
  if (offset > whole || length > (whole - offset) / width) return refuse(env, "the view is out of bounds");
  if (length * width > INT32_MAX) return refuse(env, "the view is too long");
  out->length = length;
  out->data = length == 0 ? NULL : (uint8_t *)base + offset;
  return true;
}

bool read_bytes(napi_env env, napi_value value, struct span *out) {
  return read_view(env, value, napi_uint8_array, 1, out);
}

bool read_ints(napi_env env, napi_value value, struct ints *out) {
  struct span span;
  if (!read_view(env, value, napi_int32_array, sizeof(int32_t), &span)) return false;
  out->data = (int32_t *)(void *)span.data; /* typed arrays are aligned to their element */
  out->length = span.length;
  return true;
}

bool read_text(napi_env env, napi_value value, char *out, size_t size) {
  napi_valuetype type;
  size_t length = 0;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_string) return refuse(env, "expected a string");
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return refuse(env, "expected a string");
  if (length >= size) return refuse(env, "the string is too long");
  if (napi_get_value_string_utf8(env, value, out, size, &length) != napi_ok) return refuse(env, "expected a string");
  if (memchr(out, 0, length) != NULL) return refuse(env, "the string has a NUL");
  return true;
}

bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

napi_value outcome(napi_env env, long result) {
  return number(env, result >= 0 ? (double)result : -(double)errno);
}
