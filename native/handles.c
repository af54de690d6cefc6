/* Objects that stand for native state; see handles.h. */
#include "handles.h"

const napi_type_tag batch_tag = {0x6c65617365686f6cULL, 0x6462617463680001ULL};
const napi_type_tag poll_tag = {0x6c65617365686f6cULL, 0x64706f6c6c000001ULL};

napi_value wrap_handle(napi_env env, const napi_type_tag *tag, void *state, napi_finalize finalize) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok || napi_type_tag_object(env, object, tag) != napi_ok) return NULL;
  if (napi_wrap(env, object, state, finalize, NULL, NULL) != napi_ok) return NULL;
  return object;
}

void *unwrap_handle(napi_env env, const napi_type_tag *tag, napi_value value) {
  napi_valuetype type;
  bool ours = false;
  void *state = NULL;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(env, value, tag, &ours) != napi_ok || !ours ||
      napi_unwrap(env, value, &state) != napi_ok || state == NULL) {
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
      napi_throw_type_error(env, NULL, "expected a handle of this addon");
    return NULL;
  }
  return state;
}
