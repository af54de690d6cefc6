/*
 * What every file of the addon shares: reading arguments, returning results.
 *
 * The rules of this layer: a function returns a number, >= 0 or -errno; an argument of the wrong type throws a
 * TypeError; nothing of the caller's memory is remembered after the call; no policy and no protocol.
 * No reader below runs JavaScript (nothing is coerced), so what was checked is still true when it is used.
 */
#ifndef LEASEHOLD_SUPPORT_H
#define LEASEHOLD_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8
#include <node_api.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A caller's bytes, valid until the call returns. `data` is NULL exactly when `length` is 0. */
struct span {
  uint8_t *data;
  size_t length;
};

/** A caller's 32-bit integers, valid until the call returns. */
struct ints {
  int32_t *data;
  size_t length;
};

struct function {
  const char *name;
  napi_callback call;
};

/** Each file's functions, ended by an entry without a name. */
extern const struct function socket_functions[];
extern const struct function message_functions[];
extern const struct function batch_functions[];
extern const struct function ready_functions[];
extern const struct function time_functions[];
extern const struct function file_functions[];
extern const struct function journal_functions[];
extern const struct function committer_functions[];
extern const struct function process_functions[];
extern const struct function capability_functions[];

/* Readers. Each returns false with a TypeError pending when the value is of another type. */
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
bool read_int(napi_env env, napi_value value, int *out);
bool read_u32(napi_env env, napi_value value, uint32_t *out);
bool read_double(napi_env env, napi_value value, double *out);
bool read_bytes(napi_env env, napi_value value, struct span *out);
bool read_ints(napi_env env, napi_value value, struct ints *out);
/** A string without NUL of at most size - 1 bytes of UTF-8. */
bool read_text(napi_env env, napi_value value, char *out, size_t size);
bool is_undefined(napi_env env, napi_value value);

/** A number for JavaScript. */
napi_value number(napi_env env, double value);
/** `result` when it is not negative, else -errno. */
napi_value outcome(napi_env env, long result);
napi_value type_error(napi_env env, const char *message);

#endif
