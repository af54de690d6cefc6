/** What `dhcpleasectl` does: attach or confirm, poll once a second, report. The world comes in as functions. */
import type { UplinkView } from "../../services/uplink4/view.ts";
import type { Answer } from "../client.ts";
import { holdsAddress, isBound } from "./report.ts";

export type Wishes = {
  readonly name: string;
  readonly list: boolean;
  /** Polls, one a second. */
  readonly maxWait: number;
};
export type World = {
  /** @throws Error when nobody answers */
  readonly ask: (method: "GET" | "POST", path: string) => Promise<Answer>;
  readonly exists: (name: string) => boolean;
  readonly second: () => Promise<void>;
  /** A second has gone by and there is nothing to report yet. */
  readonly dot: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};
export type Result =
  | { readonly kind: "seen"; readonly view: UplinkView; readonly dots: number }
  /** Nobody serves it, or not in time. */
  | { readonly kind: "unmanaged"; readonly dots: number }
  | { readonly kind: "failed"; readonly text: string };

/** States change on one clock and are told on another. */
const CLOCK_MS = 100;

export async function converse(wishes: Wishes, world: World): Promise<Result> {
  const { name, list, maxWait } = wishes;
  if (!list && !world.exists(name)) return { kind: "failed", text: `${name}: there is no such interface` };
  const askedAt = world.now();
  const refused = list ? undefined : await begin(name, world);
  if (refused !== undefined) return { kind: "failed", text: refused };
  for (let dots = 0; ; dots++) {
    const view = await look(name, world);
    const over = dots >= maxWait;
    if (view === undefined && (list || over)) return { kind: "unmanaged", dots };
    if (view !== undefined && (over || settled(view, list ? 0 : askedAt))) return { kind: "seen", view, dots };
    world.dot();
    await world.second();
  }
}

/** An address that was bound before we asked has not been confirmed yet. */
function settled(view: UplinkView, askedAt: number): boolean {
  return isBound(view) && Date.parse(view.since) >= askedAt - CLOCK_MS;
}

/** Exit codes where nothing old is to be kept: an address is held, none in time, nobody serves the interface. */
export function newExitCode(result: Result): 0 | 1 | 2 | 3 {
  if (result.kind === "failed") return 1;
  if (result.kind === "unmanaged") return 3;
  return holdsAddress(result.view) ? 0 : 2;
}

/** What is not served is attached; a link that is down is set up by that too. @returns why not */
async function begin(name: string, world: World): Promise<string | undefined> {
  const verb = (await look(name, world))?.running === true ? "reboot" : "attach";
  const { status, body } = await world.ask("POST", `/v1/uplink4/${encodeURIComponent(name)}/${verb}`);
  if (status === 200) return undefined;
  const { text } = body as { readonly text?: string };
  return `${name}: ${text ?? "the program is busy; try again in a moment"}`;
}

async function look(name: string, world: World): Promise<UplinkView | undefined> {
  const { status, body } = await world.ask("GET", "/v1/show");
  if (status !== 200) return undefined;
  const { uplink4 } = body as { readonly uplink4?: { readonly uplinks: readonly UplinkView[] } | null };
  return uplink4?.uplinks.find((one) => one.interface === name);
}
