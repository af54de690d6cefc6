/** What may be asked over the control socket, as HTTP with JSON. It reads views and passes commands on; it decides nothing. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { LIMITS } from "../base/limits.ts";

export type ControlSources = {
  /** JSON text; undefined when it did not come in time. */
  readonly mainView: () => Promise<string | undefined>;
  readonly engineView: (asked: { readonly view: "show" | "trace"; readonly name: string; readonly after: number }) => Promise<string | undefined>;
  readonly command: (connection: number, verb: "reload" | "log", argument: string) => Promise<{ readonly ok: boolean; readonly text: string }>;
};
type Env = { readonly Bindings: { readonly connection: number } };

export function controlApp(sources: ControlSources): Hono<Env> {
  const app = new Hono<Env>();
  app.use(bodyLimit({ maxSize: LIMITS.controlRequestBytes }));

  app.get("/v1/show", async (context) => {
    const [main, uplink4] = await Promise.all([sources.mainView(), sources.engineView({ view: "show", name: "", after: 0 })]);
    if (main === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
    return context.json({ main: JSON.parse(main) as unknown, uplink4: uplink4 === undefined ? null : (JSON.parse(uplink4) as unknown) });
  });

  app.get("/v1/trace/:interface{[^\\s/]{1,15}}", async (context) => {
    const after = Number(context.req.query("after") ?? 0);
    const known = Number.isInteger(after) && after >= 0 && after <= LIMITS.traceSteps + 1;
    const page = known ? await sources.engineView({ view: "trace", name: context.req.param("interface"), after }) : undefined;
    if (page === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
    return page === "null"
      ? context.json({ error: "not-found", hint: "leasehold show lists the interfaces" }, 404)
      : context.body(page, 200, { "content-type": "application/json" });
  });

  app.post("/v1/reload", async (context) => outcome(await sources.command(context.env.connection, "reload", "")));
  app.post("/v1/log/:level{error|warn|info|debug}", async (context) =>
    outcome(await sources.command(context.env.connection, "log", context.req.param("level"))),
  );

  app.notFound((context) =>
    context.json({ error: "not-found", hint: "GET /v1/show, GET /v1/trace/INTERFACE, POST /v1/reload, POST /v1/log/LEVEL" }, 404),
  );
  return app;
}

function outcome({ ok, text }: { readonly ok: boolean; readonly text: string }): Response {
  return new Response(JSON.stringify({ ok, text }), { status: ok ? 200 : 403, headers: { "content-type": "application/json" } });
}
