/** `POST /v1/reconfigure`: which clients of the DHCPv6 server shall come back, and what became of that. */
import type { Context, Hono } from "hono";
import { parseDuid } from "../base/duid.ts";
import type { ReconfigureAnswer, ReconfigureRequest } from "../ports/reconfigure.ts";
import { busy, type ControlSources, type Env, json, STATUSES } from "./app.ts";

export const PURPOSES = ["renew", "rebind", "information-request"] as const satisfies readonly ReconfigureRequest["purpose"][];
const NAME = /^[^\s/]{1,15}$/;
const RESULTS = {
  told: "done",
  more: "done",
  "no-client": "absent",
  "no-link": "absent",
  off: "failed",
  denied: "denied",
  "not-running": "absent",
} as const satisfies Readonly<Record<ReconfigureAnswer["outcome"], keyof typeof STATUSES>>;

export function reconfigure(app: Hono<Env>, sources: ControlSources): void {
  app.post("/v1/reconfigure", async (context) => {
    const wanted = wantedBy(context);
    if ("hint" in wanted) return context.json({ error: "bad-value", ...wanted }, 400);
    const answer = await sources.reconfigure(context.env.connection, wanted);
    if (answer === undefined) return busy(context);
    const { outcome, clients } = answer;
    const result = RESULTS[outcome];
    return json(JSON.stringify({ ok: result === "done", result, text: sentence(answer, wanted), outcome, clients }), STATUSES[result]);
  });
}

function wantedBy(context: Context): ReconfigureRequest | { readonly hint: string } {
  const link = context.req.query("interface") ?? "";
  if (link !== "" && !NAME.test(link)) return { hint: "interface: the name of a link" };
  const said = context.req.query("client");
  const client = said === undefined ? undefined : parseDuid(said);
  if (said !== undefined && client === undefined) return { hint: "client: a DUID in hexadecimal" };
  const wanted = context.req.query("purpose");
  const purpose = PURPOSES.find((one) => one === wanted);
  return wanted !== undefined && purpose === undefined ? { hint: `purpose: ${PURPOSES.join(", ")}` } : { link, client, purpose };
}

function sentence({ outcome, clients }: ReconfigureAnswer, { link, client }: ReconfigureRequest): string {
  const where = link === "" ? "" : ` on ${link}`;
  switch (outcome) {
    case "told":
      return `${clients === 1 ? "1 client is" : `${clients} clients are`} told to come back${where}; leasehold show tells who did`;
    case "more":
      return `${clients} clients are told to come back${where}, and others after them; leasehold show tells who did`;
    case "no-client":
      return client === undefined
        ? `no client${where} holds a key of ours: only those that said they accept Reconfigure can be told`
        : `this client has no lease here${where}, or never said that it accepts Reconfigure`;
    case "no-link":
      return `the configuration has no link ${link}`;
    case "off":
      return `reconfigure is not switched on${where}: with reconfigure = true in its block clients get keys with their next Request`;
    case "denied":
      return "only root may do this; use sudo";
    default:
      return "no DHCPv6 server runs; the configuration has no [lan.INTERFACE], or it is starting";
  }
}
