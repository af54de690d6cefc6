/** Recordings over the control socket: what is always recorded is read page by page, the rest is recorded from now on. */
import type { Context, Hono } from "hono";
import { LIMITS } from "../base/limits.ts";
import { absent, busy, type ControlSources, type Env, json, SERVICES, type ServiceName } from "./app.ts";

/** Where nobody says for how long. */
const RECORDING_SECONDS = 10;
const WHOSE = "/v1/trace/:service{uplink4|uplink6|lan|directory}/:name{[^\\s/]{1,15}}";

export function recordings(app: Hono<Env>, sources: ControlSources): void {
  app.get("/v1/trace/:interface{[^\\s/]{1,15}}", (context) => trace(sources, context, "uplink4", context.req.param("interface")));
  app.get(WHOSE, (context) => trace(sources, context, serviceOf(context.req.param("service")), context.req.param("name")));
  app.post(WHOSE, (context) => record(sources, context, serviceOf(context.req.param("service")), context.req.param("name")));
}

function serviceOf(name: string): ServiceName {
  return SERVICES.find((one) => one === name) ?? "uplink4";
}

/** A page of a recording. */
async function trace(sources: ControlSources, context: Context, service: ServiceName, name: string): Promise<Response> {
  const after = Number(context.req.query("after") ?? 0);
  const known = Number.isInteger(after) && after >= 0 && after <= LIMITS.recordingSteps + 1;
  const page = known ? await sources.engineView(service, { view: "trace", name, after }) : undefined;
  if (page === undefined) return busy(context);
  return page === "null" ? absent(context) : json(page);
}

/** A recording begins of what is not always recorded: whoever may read it may ask for it. Reading it ends it. */
async function record(sources: ControlSources, context: Context, service: ServiceName, name: string): Promise<Response> {
  const seconds = Number(context.req.query("seconds") ?? RECORDING_SECONDS);
  const known = Number.isInteger(seconds) && seconds > 0 && seconds <= LIMITS.recordingSeconds;
  if (!known) return context.json({ error: "bad-value", hint: `seconds: 1 to ${LIMITS.recordingSeconds}` }, 400);
  const begun = await sources.engineView(service, { view: "record", name, after: seconds });
  if (begun === undefined) return busy(context);
  return begun === "null" ? context.json({ error: "not-found", hint: "nothing of that name is recorded only while asked to" }, 404) : json(begun);
}
