/** What may be asked over the control socket, as HTTP with JSON. It reads views and passes commands on; it decides nothing. */
import { type Context, Hono } from "hono";
import { LIMITS } from "../base/limits.ts";
import { asciiJson } from "../base/text.ts";
import { recordings } from "./recordings.ts";

/** What can be shown: one key a service. */
export const SERVICES = ["uplink4", "uplink6", "lan", "directory"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What main is asked for: reload and log for the program, the others for an interface. */
const INTERFACE_VERBS = ["renew", "release", "reboot", "attach", "detach"] as const;
export type Verb = "reload" | "log" | (typeof INTERFACE_VERBS)[number];
export type Outcome = { readonly result: "done" | "denied" | "absent" | "failed"; readonly text: string };
const STATUSES = { done: 200, denied: 403, absent: 404, failed: 409 } as const;

export type ControlSources = {
  /** JSON text; undefined when it did not come in time. */
  readonly mainView: () => Promise<string | undefined>;
  readonly engineView: (
    service: ServiceName,
    asked: { readonly view: "show" | "trace" | "record" | "explain"; readonly name: string; readonly after: number },
  ) => Promise<string | undefined>;
  readonly command: (connection: number, verb: Verb, argument: string) => Promise<Outcome>;
  /** Events of one interface, or of all (""), as server-sent events; undefined when as many watch as may. */
  readonly watch: (interfaceName: string) => ReadableStream<Uint8Array> | undefined;
};
export type Env = { readonly Bindings: { readonly connection: number } };

const NAME = "[^\\s/]{1,15}";

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
    if (main === undefined) return busy(context);
    const told = JSON.parse(main) as { readonly services: readonly string[] };
    const running = SERVICES.filter((service) => told.services.includes(service));
    const views = await Promise.all(
      running.map(async (service) => [service, await sources.engineView(service, { view: "show", name: "", after: 0 })] as const),
    );
    return json(JSON.stringify({ main: told, ...Object.fromEntries(views.map(([service, view]) => [service, parsed(view)])) }));
  });

  app.get(`/v1/explain/:interface{${NAME}}`, async (context) => {
    const told = await sources.engineView("uplink4", { view: "explain", name: context.req.param("interface"), after: 0 });
    if (told === undefined) return busy(context);
    return told === "null" ? absent(context) : json(told);
  });

  app.get("/v1/watch", (context) => {
    const stream = sources.watch(context.req.query("interface") ?? "");
    if (stream === undefined) return context.json({ error: "too-many", hint: `at most ${LIMITS.watchers} may watch at once` }, 503);
    return context.body(stream, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  });

  recordings(app, sources);

  app.post("/v1/reload", async (context) => outcome(await sources.command(context.env.connection, "reload", "")));
  app.post("/v1/log/:level{error|warn|info|debug}", async (context) =>
    outcome(await sources.command(context.env.connection, "log", context.req.param("level"))),
  );
  app.post(`/v1/uplink4/:interface{${NAME}}/:verb{${INTERFACE_VERBS.join("|")}}`, async (context) => {
    const verb = INTERFACE_VERBS.find((one) => one === context.req.param("verb")) ?? "renew";
    return outcome(await sources.command(context.env.connection, verb, context.req.param("interface")));
  });

  app.notFound((context) =>
    context.json(
      {
        error: "not-found",
        hint: `GET /v1/show, /v1/watch, /v1/explain/INTERFACE, GET or POST /v1/trace/SERVICE/NAME, POST /v1/reload, /v1/log/LEVEL, /v1/uplink4/INTERFACE/${INTERFACE_VERBS.join("|")}`,
      },
      404,
    ),
  );
  return app;
}

/** Whoever reads it may be a terminal. */
export function json(text: string, status = 200): Response {
  return new Response(asciiJson(text), { status, headers: { "content-type": "application/json" } });
}

export function busy(context: Context): Response {
  return context.json({ error: "busy", hint: "try again in a moment" }, 503);
}

export function absent(context: Context): Response {
  return context.json({ error: "not-found", hint: "leasehold show lists what there is" }, 404);
}

/** null: the engine did not answer. */
function parsed(view: string | undefined): unknown {
  return view === undefined ? null : (JSON.parse(view) as unknown);
}

function outcome({ result, text }: Outcome): Response {
  const body = { ok: result === "done", result, text };
  return json(JSON.stringify(body), STATUSES[result]);
}
