/** Leases over the control socket: lists page by page, and changes. Who has the leases judges again what is read here. */
import type { Context, Hono } from "hono";
import { parseDuid } from "../base/duid.ts";
import { parseIpv6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import { exactlyOf, isLink } from "../ports/lease-json.ts";
import { LEASE_STATES, type LeaseFilter, type LeasePage } from "../ports/leases.ts";
import { busy, type ControlSources, type Env, json, mainView, STATUSES } from "./app.ts";
import { changesIn } from "./lease-changes.ts";

/** What one page of ours asks the engine at most: 32 times some thousand rows. */
const FRAMES_PER_PAGE = 32;

export function leases(app: Hono<Env>, sources: ControlSources): void {
  app.get("/v1/leases", async (context) => {
    const asked = askedFor(context);
    if ("hint" in asked) return context.json({ error: "bad-value", ...asked }, 400);
    const page = await pageOf(sources, asked.filter, asked.after);
    if (page !== undefined) return json(JSON.stringify({ ...page, next: page.next ?? null }));
    return (await runs(sources)) === false ? noServer(context) : busy(context);
  });
  app.post("/v1/leases", (context) => change(sources, context));
}

/** What was read may be as long as the longest request. */
async function change(sources: ControlSources, context: Context<Env>): Promise<Response> {
  const changes = changesIn(await context.req.text());
  if ("hint" in changes) return context.json({ error: "bad-value", ...changes }, 400);
  const changed = await sources.changeLeases(context.env.connection, changes);
  if (changed === undefined || changed.result === "failed") return busy(context);
  if (changed.result === "absent") return (await runs(sources)) === false ? noServer(context) : busy(context);
  const text = changed.result === "denied" ? "only root may do this; use sudo" : "";
  return json(JSON.stringify({ ok: changed.result === "done", ...changed, text }), STATUSES[changed.result]);
}

/** Whether there is a server of leases; undefined: main does not say. */
async function runs(sources: ControlSources): Promise<boolean | undefined> {
  return (await mainView(sources))?.services.includes("lan");
}

function noServer(context: Context): Response {
  return context.json({ error: "not-found", hint: "the configuration has no [lan.INTERFACE], so nothing is leased" }, 404);
}

/** As many leases as fit a page, from as many frames of the engine as that takes: packets come in between. */
async function pageOf(sources: ControlSources, filter: LeaseFilter, after: number): Promise<LeasePage | undefined> {
  let page = await sources.leases(filter, after);
  for (let frames = 1; page?.next !== undefined && frames < FRAMES_PER_PAGE; frames++) {
    if (page.leases.length + LIMITS.leasesPerFrame > LIMITS.pageRows) break;
    const more: LeasePage | undefined = await sources.leases(filter, page.next);
    if (more === undefined) return undefined;
    page = { ...more, leases: [...page.leases, ...more.leases] };
  }
  return page;
}

function askedFor(context: Context): { readonly filter: LeaseFilter; readonly after: number } | { readonly hint: string } {
  const said = (name: string): string | undefined => context.req.query(name);
  const after = Number(said("after") ?? 0);
  if (!Number.isInteger(after) || after < 0 || after > 0xffff_ffff) return { hint: "after: what the page before said as next" };
  const link = said("link") ?? "";
  if (!isLink(link)) return { hint: "link: the name of a link" };
  const client = said("client") === undefined ? undefined : parseDuid(said("client") ?? "");
  if (client === undefined && said("client") !== undefined) return { hint: "client: a DUID in hexadecimal" };
  const holds = said("holds") === undefined ? undefined : parseIpv6(said("holds") ?? "");
  if (holds === undefined && said("holds") !== undefined) return { hint: "holds: an IPv6 address" };
  const exactly = exactlyOf(said("lease"));
  if (exactly === undefined && said("lease") !== undefined) return { hint: "lease: an IPv6 address or prefix" };
  const state = LEASE_STATES.find((one) => one === said("state"));
  if (state === undefined && said("state") !== undefined) return { hint: `state: ${LEASE_STATES.join(", ")}` };
  return { filter: { link, client, holds, exactly, state }, after };
}
