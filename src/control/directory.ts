/** The directory over the control socket: what it holds, what an update would change, and the commands of an operator. */
import type { Context, Hono } from "hono";
import { absent, busy, type ControlSources, type Env, json, mainView, outcome } from "./app.ts";

const VERBS = ["refresh", "accept", "probe"] as const;
export type DirectoryVerb = (typeof VERBS)[number];

const SOURCE = "[A-Za-z0-9_-]{1,64}";
const MOST_ROWS = 4_000_000;

export function directory(app: Hono<Env>, sources: ControlSources): void {
  app.get("/v1/directory", (context) => view(sources, context, { view: "show", name: "", after: 0 }));
  app.get("/v1/directory/probe", (context) => view(sources, context, { view: "explain", name: "probe", after: 0 }));
  app.get("/v1/directory/diff", (context) => difference(sources, context));
  app.get("/v1/directory/source/:place{[0-9]{1,4}}", (context) =>
    view(sources, context, { view: "explain", name: context.req.param("place"), after: 0 }),
  );
  for (const verb of VERBS) {
    app.post(`/v1/directory/${verb}`, (context) => obey(sources, context, verb, ""));
    app.post(`/v1/directory/${verb}/:source{${SOURCE}}`, (context) => obey(sources, context, verb, context.req.param("source")));
  }
}

async function difference(sources: ControlSources, context: Context): Promise<Response> {
  const after = Number(context.req.query("after") ?? 0);
  const known = Number.isInteger(after) && after >= 0 && after <= MOST_ROWS;
  if (!known) return context.json({ error: "bad-value", hint: "after: what the page before said as next" }, 400);
  return view(sources, context, { view: "explain", name: "diff", after });
}

type Asked = { readonly view: "show" | "explain"; readonly name: string; readonly after: number };

async function view(sources: ControlSources, context: Context, asked: Asked): Promise<Response> {
  const told = await sources.engineView("directory", asked);
  if (told !== undefined) return told === "null" ? absent(context) : json(told);
  return (await mainView(sources))?.services.includes("directory") === false ? noDirectory(context) : busy(context);
}

async function obey(sources: ControlSources, { env }: Context<Env>, verb: DirectoryVerb, source: string): Promise<Response> {
  return outcome(await sources.command(env.connection, { service: "any", verb, argument: source }));
}

function noDirectory(context: Context): Response {
  return context.json({ error: "not-found", hint: "the configuration has no [directory]" }, 404);
}
