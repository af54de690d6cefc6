/* Objects that stand for native state: tagged, so that another addon's object is never taken for ours. */
#ifndef LEASEHOLD_HANDLES_H
#define LEASEHOLD_HANDLES_H

#include "support.h"

extern const napi_type_tag batch_tag;
extern const napi_type_tag poll_tag;

/** Makes the object that owns `state`; `finalize` runs when it is collected or the environment ends. NULL on failure. */
napi_value wrap_handle(napi_env env, const napi_type_tag *tag, void *state, napi_finalize finalize);
/** The state behind `value`, or NULL with a TypeError pending. */
void *unwrap_handle(napi_env env, const napi_type_tag *tag, napi_value value);

#endif
