/* The addon's door: one flat object of functions. */
#include "support.h"

static bool define(napi_env env, napi_value exports, const struct function *functions) {
  for (; functions->name != NULL; functions++) {
    napi_value value;
    if (napi_create_function(env, functions->name, NAPI_AUTO_LENGTH, functions->call, NULL, &value) != napi_ok ||
        napi_set_named_property(env, exports, functions->name, value) != napi_ok) return false;
  }
  return true;
}

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const struct function *const files[] = {
    socket_functions, message_functions, batch_functions, ready_functions, time_functions, file_functions,
    journal_functions, committer_functions, process_functions, capability_functions,
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    if (!define(env, exports, files[i])) return NULL;
  return exports;
}
