/** What is shown of clients that were told to come back: how often what happened, and the latest of them by name. */
import type { Duid } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { RECONFIGURE_PURPOSES } from "../../../ports/reconfigure.ts";
import { Counters } from "../../counters.ts";
import { TYPE } from "./codes.ts";
import { keyOf, type ReconfigurePurpose, type Told } from "./reconfigure-tries.ts";

export const PURPOSE_NAMES = {
  [TYPE.renew]: "renew",
  [TYPE.rebind]: "rebind",
  [TYPE.informationRequest]: "information-request",
} as const satisfies Readonly<Record<ReconfigurePurpose, (typeof RECONFIGURE_PURPOSES)[number]>>;

export type ReconfiguredView = {
  readonly client: Duid;
  readonly link: string;
  readonly asked: (typeof PURPOSE_NAMES)[ReconfigurePurpose];
  readonly tries: number;
  readonly state: "told" | "answered" | "given up";
};
export type ReconfigureView = {
  /** Clients that were told and have not asked for anything yet; rounds that still look for more. */
  readonly underWay: number;
  readonly rounds: number;
  /** Clients without leases that would obey. */
  readonly booked: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The latest first. */
  readonly latest: readonly ReconfiguredView[];
};

export class ReconfigureShown {
  readonly counts = new Counters();
  readonly #latest = new Map<string, ReconfiguredView>();

  put({ link, duid, purpose }: Told, name: string, tries: number, state: ReconfiguredView["state"]): void {
    const key = keyOf(link, duid);
    this.#latest.delete(key);
    this.#latest.set(key, { client: duid, link: name, asked: PURPOSE_NAMES[purpose], tries, state });
    for (const oldest of this.#latest.keys()) {
      if (this.#latest.size <= LIMITS.reconfiguredShown) return;
      this.#latest.delete(oldest);
    }
  }

  latest(): readonly ReconfiguredView[] {
    return [...this.#latest.values()].toReversed();
  }
}
