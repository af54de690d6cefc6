/**
 * A DHCPv6 provider that delegates prefixes (RFC 9915 §18.3): datagrams in, datagrams out, nothing else. Deterministic, without a socket
 * or a clock, so that the same actor serves simulated worlds and real links. It can be told to renumber, to forget, and to be a nuisance.
 */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { ipv6Prefix, UNSPECIFIED_V6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { after, type Instant } from "../../base/time.ts";
import { type IaPd, iaPd, iaPrefix, STATUS } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, dhcp6, encodeDhcp6 } from "../../wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../wire/dhcp6/options.ts";
import { clientMessageIn, DHCP6_PORT, type Heard, type Said } from "./exchange.ts";
import { type Binding6, isPiece, PrefixBook, type PrefixPool } from "./prefixes.ts";

export type Provider6Config = {
  readonly serverId: Duid;
  readonly pool: PrefixPool;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  /** T1 and T2; 0 leaves them to the client. */
  readonly renewSeconds: number;
  readonly rebindSeconds: number;
  readonly rapidCommit: boolean;
  /** Says inside of a prefix without lifetimes that there is none, as some do, instead of in the IA. */
  readonly refusesInside?: boolean;
  /** Sent with every answer that grants something: preference, resolvers, SOL_MAX_RT. */
  readonly options: Dhcp6Options;
};
/**
 * serve: as it should be. silent: takes everything, says nothing. none: has no prefix to give. no-binding: knows nobody who renews.
 * slow: answers after `slowMs`.
 */
export const PROVIDER6_MODES = ["serve", "silent", "none", "no-binding", "slow"] as const;
export type Provider6Mode = (typeof PROVIDER6_MODES)[number];

/** What was done about one IA_PD. */
export type Provider6Event = Binding6 & { readonly kind: "offered" | "delegated" | "extended" | "withdrawn" | "released" };

/** What is offered is kept for the client so long. */
const OFFER_SECONDS = 30;

type Asking = { readonly message: Dhcp6ClientMessage; readonly client: Duid; readonly now: Instant };
type Granting = "offered" | "delegated" | "extended";

export class PrefixProvider {
  mode: Provider6Mode = "serve";
  slowMs = 3000;
  readonly book = new PrefixBook();
  readonly #watch: (event: Provider6Event) => void;
  #config: Provider6Config;

  constructor(config: Provider6Config, watch: (event: Provider6Event) => void = () => undefined) {
    this.#config = config;
    this.#watch = watch;
  }

  get config(): Provider6Config {
    return this.#config;
  }

  /** Another pool renumbers: at its next message each client is told that the old prefix is over and gets one of the new pool. */
  reconfigure(config: Partial<Provider6Config>): void {
    this.#config = { ...this.#config, ...config };
  }

  /** A server that lost its memory. */
  forget(): void {
    this.book.clear();
  }

  /** @returns what to send back; what is not for a server gives nothing */
  onDatagram({ from, payload }: Heard, now: Instant): readonly Said[] {
    const message = clientMessageIn(payload);
    const client = message?.options.clientId;
    if (message === undefined || client === undefined || !this.#isForUs(message)) return [];
    const answer = this.#answer({ message, client, now });
    if (answer === undefined || this.mode === "silent") return [];
    return [{ to: from, port: DHCP6_PORT.client, payload: encodeDhcp6(answer), afterMs: this.mode === "slow" ? this.slowMs : 0 }];
  }

  /** RFC 9915 §16: some messages name a server, others must not. */
  #isForUs({ kind, options: { serverId } }: Dhcp6ClientMessage): boolean {
    if (kind === "request" || kind === "renew" || kind === "release") return serverId === this.#config.serverId;
    return kind === "solicit" || kind === "rebind" ? serverId === undefined : kind === "informationRequest";
  }

  #answer(asking: Asking): Dhcp6ClientMessage | undefined {
    const { message } = asking;
    const ias = message.options.iaPd ?? [];
    switch (message.kind) {
      case "solicit": {
        const commits = this.#config.rapidCommit && message.options.rapidCommit === true;
        const answers = ias.map((ia) => this.#given(asking, ia, commits ? "delegated" : "offered"));
        return this.#reply(asking, commits ? "reply" : "advertise", { iaPd: answers, ...(commits ? { rapidCommit: true } : {}) });
      }
      case "request":
        return this.#reply(asking, "reply", { iaPd: ias.map((ia) => this.#given(asking, ia, "delegated")) });
      case "renew":
      case "rebind":
        return this.#reply(asking, "reply", { iaPd: ias.map((ia) => this.#extended(asking, ia)) });
      case "release":
        for (const { iaid } of ias) this.#released(asking, iaid);
        return this.#reply(asking, "reply", { status: { code: STATUS.success, message: "" } });
      case "informationRequest":
        return this.#reply(asking, "reply", {});
      default:
        return undefined;
    }
  }

  /** What it has in the pool, what it wishes for, or a free one; what it has or names of an earlier pool is over. */
  #given({ client, now }: Asking, ia: IaPd, kind: Granting): IaPd {
    const { pool, refusesInside, preferredSeconds, validSeconds, renewSeconds, rebindSeconds } = this.#config;
    const { iaid } = ia;
    const had = this.book.of(client, iaid, now);
    const gone = had.filter(({ prefix }) => !isPiece(pool, prefix));
    const kept = had.find(({ prefix }) => isPiece(pool, prefix))?.prefix;
    const prefix = this.mode === "none" ? undefined : this.book.choose(pool, kept ?? wishIn(ia), client, iaid, now);
    const over = [...new Set([...gone.map((binding) => binding.prefix), ...namedIn(ia).filter((named) => !isPiece(pool, named))])].map((one) =>
      iaPrefix(one),
    );
    if (kind !== "offered") for (const binding of gone) this.#withdraw(binding);
    if (prefix === undefined && over.length > 0) return iaPd({ iaid, iaPrefix: over });
    const status = { code: STATUS.noPrefixAvail, message: "no prefix left" };
    if (prefix === undefined && refusesInside === true)
      return iaPd({ iaid, iaPrefix: [iaPrefix(ipv6Prefix(UNSPECIFIED_V6, pool.delegatedLength), { status })] });
    if (prefix === undefined) return iaPd({ iaid, status });
    const isReserved = kind === "offered" && kept === undefined;
    const binding = { client, iaid, prefix, until: after(now, isReserved ? OFFER_SECONDS : validSeconds) };
    if (kind !== "offered" || isReserved) this.book.bind(binding);
    this.#watch({ ...binding, kind });
    return iaPd({ iaid, renewSeconds, rebindSeconds, iaPrefix: [iaPrefix(prefix, { preferredSeconds, validSeconds }), ...over] });
  }

  /** A wish that goes along is granted; a prefix that we know nothing of is not (RFC 9915 §18.3.4), but for a Rebind of a free one (§18.3.5). */
  #extended(asking: Asking, ia: IaPd): IaPd {
    const { client, message, now } = asking;
    const isKnown = this.mode !== "no-binding" && this.book.of(client, ia.iaid, now).length > 0;
    const named = namedIn(ia);
    if (isKnown) return this.#given(asking, ia, "extended");
    if (named.length === 0) return this.#given(asking, ia, "delegated");
    if (message.kind !== "rebind" || this.mode === "no-binding") {
      return iaPd({ iaid: ia.iaid, status: { code: STATUS.noBinding, message: "unknown here" } });
    }
    return this.#given(asking, ia, "delegated");
  }

  #withdraw(binding: Binding6): void {
    this.book.free(binding);
    this.#watch({ ...binding, kind: "withdrawn" });
  }

  #released({ client, now }: Asking, iaid: number): void {
    for (const binding of this.book.of(client, iaid, now)) {
      this.book.free(binding);
      this.#watch({ ...binding, kind: "released" });
    }
  }

  #reply({ message, client }: Asking, kind: "advertise" | "reply", options: Dhcp6Options): Dhcp6ClientMessage {
    const { serverId } = this.#config;
    return dhcp6({ kind, transactionId: message.transactionId, options: { ...this.#config.options, ...options, clientId: client, serverId } });
  }
}

/** Prefixes that an IA names; "::/56" names none. */
function namedIn({ options }: IaPd): readonly Ipv6Prefix[] {
  return (options.iaPrefix ?? []).map(({ prefix }) => prefix).filter((prefix) => addressOf(prefix) !== UNSPECIFIED_V6);
}

function wishIn(ia: IaPd): Ipv6Prefix | undefined {
  return namedIn(ia)[0];
}

function addressOf(prefix: Ipv6Prefix): Ipv6Address {
  return splitIpv6Prefix(prefix).address;
}
