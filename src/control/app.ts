/** What may be asked over the control socket, as HTTP with JSON. It reads views and passes commands on; it decides nothing. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { LIMITS } from "../base/limits.ts";

export type ControlSources = {
  /** JSON text; undefined when it did not come in time. */
  readonly mainView: () => Promise<string | undefined>;
  readonly engineView: () => Promise<string | undefined>;
  readonly command: (connection: number, verb: "reload" | "log", argument: string) => Promise<{ readonly ok: boolean; readonly text: string }>;
};
type Env = { readonly Bindings: { readonly connection: number } };

export function controlApp(sources: ControlSources): Hono<Env> {
  const app = new Hono<Env>();
  app.use(bodyLimit({ maxSize: LIMITS.controlRequestBytes }));

  app.get("/v1/show", async (context) => {
    const [main, uplink4] = await Promise.all([sources.mainView(), sources.engineView()]);
    if (main === undefined) return context.json({ error: "busy", hint: "try again in a moment" }, 503);
    return context.json({ main: JSON.parse(main) as unknown, uplink4: uplink4 === undefined ? null : (JSON.parse(uplink4) as unknown) });
  });

  app.post("/v1/reload", async (context) => outcome(await sources.command(context.env.connection, "reload", "")));
  app.post("/v1/log/:level{error|warn|info|debug}", async (context) => outcome(await sources.command(context.env.connection, "log", context.req.param("level"))));

  app.notFound((context) => context.json({ error: "not-found", hint: "GET /v1/show, POST /v1/reload, POST /v1/log/LEVEL" }, 404));
  return app;
}

function outcome({ ok, text }: { readonly ok: boolean; readonly text: string }): Response {
  return new Response(JSON.stringify({ ok, text }), { status: ok ? 200 : 403, headers: { "content-type": "application/json" } });
}
