/** What may be asked over the control socket, as HTTP with JSON. It reads views and passes commands on; it decides nothing. */
import { type Context, Hono } from "hono";
import { LIMITS } from "../base/limits.ts";
import { asciiJson } from "../base/text.ts";
import type { LeaseChanges, LeaseFilter, LeaseOutcome, LeasePage } from "../ports/leases.ts";
import { directory, type DirectoryVerb } from "./directory.ts";
import { leases } from "./leases.ts";
import type { ReconfigureAnswer, ReconfigureRequest } from "../ports/reconfigure.ts";
import { reconfigure } from "./reconfigure.ts";
import { recordings } from "./recordings.ts";

/** What can be shown: one key a service. */
export const SERVICES = ["uplink4", "uplink6", "lan", "directory"] as const;
export type ServiceName = (typeof SERVICES)[number];
/** Those of one interface: an interface may have both. */
const UPLINK_SERVICES = ["uplink4", "uplink6"] as const;
type UplinkService = (typeof UPLINK_SERVICES)[number];

/** What main is asked for: reload and log for the program, the others for an interface. */
const UPLINK_VERBS = ["renew", "release", "reboot"] as const;
/** Interfaces are attached to the one service that needs to know no more of them than their names. */
const ATTACHING = ["attach", "detach"] as const;
const INTERFACE_VERBS = [...UPLINK_VERBS, ...ATTACHING] as const;
export type Asked = {
  readonly service: UplinkService | "any";
  readonly verb: "reload" | "log" | (typeof INTERFACE_VERBS)[number] | DirectoryVerb;
  /** A level, an interface, or a source of the directory; "" where there is nothing to say. */
  readonly argument: string;
};
export type Outcome = { readonly result: "done" | "denied" | "absent" | "failed"; readonly text: string };
/** An outcome for each lease that was put, then for each that was removed; none where nothing was done. */
export type LeasesChanged = { readonly result: Outcome["result"]; readonly outcomes: readonly LeaseOutcome[] };
export const STATUSES = { done: 200, denied: 403, absent: 404, failed: 409 } as const;

export type ControlSources = {
  /** JSON text; undefined when it did not come in time. */
  readonly mainView: () => Promise<string | undefined>;
  readonly engineView: (
    service: ServiceName,
    asked: { readonly view: "show" | "trace" | "record" | "explain"; readonly name: string; readonly after: number },
  ) => Promise<string | undefined>;
  /** A part of a list of leases; undefined when it did not come in time. */
  readonly leases: (filter: LeaseFilter, after: number) => Promise<LeasePage | undefined>;
  /** undefined: nobody said in time what became of it. */
  readonly changeLeases: (connection: number, changes: LeaseChanges) => Promise<LeasesChanged | undefined>;
  /** undefined: nobody said in time what became of it. */
  readonly reconfigure: (connection: number, wanted: ReconfigureRequest) => Promise<ReconfigureAnswer | undefined>;
  readonly command: (connection: number, asked: Asked) => Promise<Outcome>;
  /** Events of one interface, or of all (""), as server-sent events; undefined when as many watch as may. */
  readonly watch: (interfaceName: string) => ReadableStream<Uint8Array> | undefined;
};
export type Env = { readonly Bindings: { readonly connection: number } };

const NAME = "[^\\s/]{1,15}";

export function controlApp(sources: ControlSources): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    // Only changes of leases have a body: any other is passed over, and one too long, or without an announced end, ends here.
    const tooMuch = Number(context.req.header("content-length") ?? 0) > LIMITS.controlRequestBytes;
    if (tooMuch || context.req.header("transfer-encoding") !== undefined)
      return context.json({ error: "too-large", hint: "send no body, or a shorter one with its length" }, 413);
    return next();
  });

  app.get("/v1/show", async (context) => {
    const told = await mainView(sources);
    if (told === undefined) return busy(context);
    const running = SERVICES.filter((service) => told.services.includes(service));
    const views = await Promise.all(
      running.map(async (service) => [service, await sources.engineView(service, { view: "show", name: "", after: 0 })] as const),
    );
    return json(JSON.stringify({ main: told, ...Object.fromEntries(views.map(([service, view]) => [service, parsed(view)])) }));
  });

  app.get(`/v1/explain/:interface{${NAME}}`, async (context) => {
    const main = await mainView(sources);
    const running = UPLINK_SERVICES.filter((service) => main?.services.includes(service));
    const told = await Promise.all(running.map((service) => explanation(sources, service, context.req.param("interface"))));
    const known = told.filter((one) => one !== undefined && one !== null);
    const [first] = known;
    if (first !== undefined) return json(JSON.stringify({ ...first, services: known.map(({ service }) => service) }));
    return main === undefined || told.includes(undefined) ? busy(context) : absent(context);
  });
  app.get(`/v1/explain/:service{${UPLINK_SERVICES.join("|")}}/:interface{${NAME}}`, async (context) => {
    const service = context.req.param("service") === "uplink6" ? "uplink6" : "uplink4";
    const told = await explanation(sources, service, context.req.param("interface"));
    if (told === undefined) return busy(context);
    return told === null ? absent(context) : json(JSON.stringify(told));
  });

  app.get("/v1/watch", (context) => {
    const stream = sources.watch(context.req.query("interface") ?? "");
    if (stream === undefined) return context.json({ error: "too-many", hint: `at most ${LIMITS.watchers} may watch at once` }, 503);
    return context.body(stream, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  });

  recordings(app, sources);
  leases(app, sources);
  reconfigure(app, sources);
  directory(app, sources);

  const obey = async ({ env }: Context<Env>, asked: Asked): Promise<Response> => outcome(await sources.command(env.connection, asked));
  app.post("/v1/reload", (context) => obey(context, { service: "any", verb: "reload", argument: "" }));
  app.post("/v1/log/:level{error|warn|info|debug}", (context) =>
    obey(context, { service: "any", verb: "log", argument: context.req.param("level") }),
  );
  for (const [path, service, verbs] of [
    ["uplink4", "uplink4", INTERFACE_VERBS],
    ["uplink6", "uplink6", UPLINK_VERBS],
    ["uplinks", "any", UPLINK_VERBS],
  ] as const)
    for (const verb of verbs)
      app.post(`/v1/${path}/:interface{${NAME}}/${verb}`, (context) => obey(context, { service, verb, argument: context.req.param("interface") }));

  app.notFound((context) =>
    context.json(
      {
        error: "not-found",
        hint: `GET /v1/show, /v1/watch, /v1/explain/INTERFACE, /v1/explain/SERVICE/INTERFACE, GET or POST /v1/trace/SERVICE/NAME, GET or POST /v1/leases, GET /v1/directory, POST /v1/reconfigure, /v1/reload, /v1/log/LEVEL, /v1/uplink4/INTERFACE/${INTERFACE_VERBS.join("|")}, /v1/uplink6/INTERFACE/${UPLINK_VERBS.join("|")}`,
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

export async function mainView(sources: ControlSources): Promise<{ readonly services: readonly string[] } | undefined> {
  const view = await sources.mainView();
  return view === undefined ? undefined : (JSON.parse(view) as { readonly services: readonly string[] });
}

/** @returns null when the service has no such interface, undefined when it did not answer */
async function explanation(
  sources: ControlSources,
  service: UplinkService,
  name: string,
): Promise<{ readonly service: UplinkService } | null | undefined> {
  const view = await sources.engineView(service, { view: "explain", name, after: 0 });
  if (view === undefined) return undefined;
  const told = JSON.parse(view) as object | null;
  return told === null ? null : { service, ...told };
}

/** null: the engine did not answer. */
function parsed(view: string | undefined): unknown {
  return view === undefined ? null : (JSON.parse(view) as unknown);
}

export function outcome({ result, text }: Outcome): Response {
  const body = { ok: result === "done", result, text };
  return json(JSON.stringify(body), STATUSES[result]);
}
