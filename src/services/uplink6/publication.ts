/** What of a lease is published for others, once each time that it is another one. */
import type { Lease, Phase, Told } from "../../machines/dhcp6-client/state.ts";
import type { Uplink6Host } from "../../ports/kernel.ts";
import type { LinkFact } from "../links.ts";
import type { Times } from "../wall-time.ts";
import type { Uplink6Interface } from "./config.ts";
import { factsOf } from "./facts.ts";

type Source = Told | Lease;

export class Publication {
  readonly #host: Uplink6Host;
  #published: Source | undefined;
  /** It was said under other wishes of the operator. */
  #outdated = false;

  constructor(host: Uplink6Host) {
    this.#host = host;
  }

  /** What a link that is down led to, nobody reaches. */
  update(link: LinkFact | undefined, phase: Phase, { name, ignoreDns }: Uplink6Interface, times: Times): void {
    if (link === undefined) return;
    const source = this.#sourceIn(phase);
    if (source === this.#published && (source === undefined || !this.#outdated)) return;
    [this.#published, this.#outdated] = [source, false];
    if (source === undefined) this.#host.withdraw(link.index, name);
    else this.#host.publish(link.index, name, factsOf(name, source, { ignoreDns }, times));
  }

  /** The operator's wishes are other ones: it is said again. */
  restart(): void {
    this.#outdated = true;
  }

  withdraw(link: LinkFact | undefined): void {
    if (link === undefined || this.#published === undefined) return;
    this.#published = undefined;
    this.#host.withdraw(link.index, link.name);
  }

  /** What was told without a lease holds until it is told anew. */
  #sourceIn(phase: Phase): Source | undefined {
    if (phase.kind === "down") return undefined;
    if (phase.kind === "informed") return phase.told;
    if (phase.held !== undefined || phase.kind !== "informing" || this.#published === undefined) return phase.held;
    return "delegations" in this.#published ? undefined : this.#published;
  }
}
