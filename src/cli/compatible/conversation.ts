/** What `dhcpleasectl` and `dhcp6leasectl` do: attach or confirm, poll once a second, report. The world comes in as functions. */
import type { Answer } from "../client.ts";
import type { Family, LinkView } from "./family.ts";

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
export type Result<V extends LinkView> =
  | { readonly kind: "seen"; readonly view: V; readonly dots: number }
  /** Nobody serves it, or not in time. */
  | { readonly kind: "unmanaged"; readonly dots: number }
  | { readonly kind: "failed"; readonly text: string };

/** States change on one clock and are told on another. */
const CLOCK_MS = 100;

export async function converse<V extends LinkView>(family: Family<V>, wishes: Wishes, world: World): Promise<Result<V>> {
  const { name, list, maxWait } = wishes;
  if (!list && !world.exists(name)) return { kind: "failed", text: `${name}: there is no such interface` };
  let askedAt = list ? 0 : undefined;
  for (let dots = 0; ; dots++) {
    if (askedAt === undefined) {
      const now = world.now();
      const begun = await begin(family, name, world);
      if (begun.kind === "refused") return { kind: "failed", text: begun.text };
      if (begun.kind === "asked") askedAt = now;
    }
    const view = await look(family, name, world);
    const over = dots >= maxWait;
    if (view === undefined && (list || over)) return { kind: "unmanaged", dots };
    if (view !== undefined && (over || (askedAt !== undefined && isSettled(family, view, askedAt)))) return { kind: "seen", view, dots };
    world.dot();
    await world.second();
  }
}

/** What was bound before we asked has not been confirmed yet. */
function isSettled<V extends LinkView>({ isBound }: Family<V>, view: V, askedAt: number): boolean {
  return isBound(view) && Date.parse(view.since) >= askedAt - CLOCK_MS;
}

/** Exit codes where nothing old is to be kept: something is held, nothing in time, nobody serves the interface. */
export function newExitCode<V extends LinkView>({ holds }: Family<V>, result: Result<V>): 0 | 1 | 2 | 3 {
  if (result.kind === "failed") return 1;
  if (result.kind === "unmanaged") return 3;
  return holds(result.view) ? 0 : 2;
}

type Begun = { readonly kind: "asked" | "not-yet" } | { readonly kind: "refused"; readonly text: string };

async function begin<V extends LinkView>(family: Family<V>, name: string, world: World): Promise<Begun> {
  const verb = family.verb(await look(family, name, world));
  if (verb === undefined) return { kind: "not-yet" };
  const { status, body } = await world.ask("POST", `/v1/${family.service}/${encodeURIComponent(name)}/${verb}`);
  if (status === 200) return { kind: "asked" };
  const { text } = body as { readonly text?: string };
  return { kind: "refused", text: `${name}: ${text ?? "the program is busy; try again in a moment"}` };
}

async function look<V extends LinkView>({ service }: Family<V>, name: string, world: World): Promise<V | undefined> {
  const { status, body } = await world.ask("GET", "/v1/show");
  if (status !== 200) return undefined;
  const views = (body as Readonly<Record<string, { readonly uplinks: readonly V[] } | null>>)[service];
  return views?.uplinks.find((one) => one.interface === name);
}
