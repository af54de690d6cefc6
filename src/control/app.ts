/** What may be asked over the control socket, as HTTP with JSON. It reads views and passes commands on; it decides nothing. */
import { type Context, Hono } from "hono";
import { LIMITS } from "../base/limits.ts";

/** What can be shown: one key a service. */
export const SERVICES = ["uplink4", "uplink6", "lan", "directory"] as const;
export type ServiceName = (typeof SERVICES)[number];

export type ControlSources = {
  /** JSON text; undefined when it did not come in time. */
  readonly mainView: () => Promise<string | undefined>;
  readonly engineView: (
    service: ServiceName,
    asked: { readonly view: "show" | "trace" | "record"; readonly name: string; readonly after: number },
  ) => Promise<string | undefined>;
  readonly command: (connection: number, verb: "reload" | "log", argument: string) => Promise<{ readonly ok: boolean; readonly text: string }>;
};
/** Where nobody says for how long. */
const RECORDING_SECONDS = 10;
type Env = { readonly Bindings: { readonly connection: number } };

export function controlApp(sources: ControlSources): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    // Nothing reads a body: one that is announced is passed over, and one too long for that, or without an end, ends here.
    const tooMuch = Number(context.req.header("content-length") ?? 0) > LIMITS.controlRequestBytes;
    if (tooMuch || context.req.header("transfer-encoding") !== undefined) return context.json({ error: "too-large", hint: "send no body" }, 413);
    return next();
  });

  app.get("/v1/show", async (context) => {
    const main = await sources.mainView();
    if (main === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
    const told = JSON.parse(main) as { readonly services: readonly string[] };
    const running = SERVICES.filter((service) => told.services.includes(service));
    const views = await Promise.all(
      running.map(async (service) => [service, await sources.engineView(service, { view: "show", name: "", after: 0 })] as const),
    );
    return context.json({ main: told, ...Object.fromEntries(views.map(([service, view]) => [service, parsed(view)])) });
  });

  app.get("/v1/trace/:interface{[^\\s/]{1,15}}", (context) => trace(sources, context, "uplink4", context.req.param("interface")));
  app.get("/v1/trace/:service{uplink4|uplink6|lan|directory}/:name{[^\\s/]{1,15}}", (context) => {
    const service = SERVICES.find((one) => one === context.req.param("service")) ?? "uplink4";
    return trace(sources, context, service, context.req.param("name"));
  });

  app.post("/v1/trace/:service{uplink4|uplink6|lan|directory}/:name{[^\\s/]{1,15}}", (context) => {
    const service = SERVICES.find((one) => one === context.req.param("service")) ?? "uplink4";
    return record(sources, context, service, context.req.param("name"));
  });

  app.post("/v1/reload", async (context) => outcome(await sources.command(context.env.connection, "reload", "")));
  app.post("/v1/log/:level{error|warn|info|debug}", async (context) =>
    outcome(await sources.command(context.env.connection, "log", context.req.param("level"))),
  );

  app.notFound((context) =>
    context.json({ error: "not-found", hint: "GET /v1/show, GET or POST /v1/trace/SERVICE/NAME, POST /v1/reload, POST /v1/log/LEVEL" }, 404),
  );
  return app;
}

/** A page of a recording. */
async function trace(sources: ControlSources, context: Context, service: ServiceName, name: string): Promise<Response> {
  const after = Number(context.req.query("after") ?? 0);
  const known = Number.isInteger(after) && after >= 0 && after <= LIMITS.recordingSteps + 1;
  const page = known ? await sources.engineView(service, { view: "trace", name, after }) : undefined;
  if (page === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
  return page === "null"
    ? context.json({ error: "not-found", hint: "leasehold show lists what there is" }, 404)
    : context.body(page, 200, { "content-type": "application/json" });
}

/** A recording begins of what is not always recorded: whoever may read it may ask for it. Reading it ends it. */
async function record(sources: ControlSources, context: Context, service: ServiceName, name: string): Promise<Response> {
  const seconds = Number(context.req.query("seconds") ?? RECORDING_SECONDS);
  const known = Number.isInteger(seconds) && seconds > 0 && seconds <= LIMITS.recordingSeconds;
  if (!known) return context.json({ error: "bad-value", hint: `seconds: 1 to ${LIMITS.recordingSeconds}` }, 400);
  const begun = await sources.engineView(service, { view: "record", name, after: seconds });
  if (begun === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
  return begun === "null"
    ? context.json({ error: "not-found", hint: "nothing of that name is recorded only while asked to" }, 404)
    : context.body(begun, 200, { "content-type": "application/json" });
}

/** null: the engine did not answer. */
function parsed(view: string | undefined): unknown {
  return view === undefined ? null : (JSON.parse(view) as unknown);
}

function outcome({ ok, text }: { readonly ok: boolean; readonly text: string }): Response {
  return new Response(JSON.stringify({ ok, text }), { status: ok ? 200 : 403, headers: { "content-type": "application/json" } });
}
