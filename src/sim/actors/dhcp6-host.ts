/**
 * A host that takes an address, a prefix or both by DHCPv6 (RFC 9915 §18.2): the other side of a server under test. Written for
 * itself, from the text alone. It is impatient, keeps what it was given until that ends, and says what was wrong with an answer.
 */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { earliest, type Instant, instant, NEVER } from "../../base/time.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, type Dhcp6ClientMessage, dhcp6, encodeDhcp6 } from "../../wire/dhcp6/message.ts";
import { requestCodes } from "../../wire/dhcp6/options.ts";
import { ALL_AGENTS, clientMessageIn, DHCP6_PORT, type Heard, type Said } from "./exchange.ts";
import { faultIn, type Given, givenIn, type Held6 } from "./host6-answer.ts";

export type Dhcp6HostConfig = {
  readonly duid: Duid;
  readonly iaid: number;
  readonly address: boolean;
  /** The length to wish for; undefined asks for no prefix. */
  readonly prefixLength: number | undefined;
  readonly rapidCommit: boolean;
};
export type Host6Phase = "off" | "soliciting" | "requesting" | "bound" | "renewing" | "rebinding" | "confirming" | "releasing";
/** `wrong`: an answer no server may give; `detail` says why. */
export type Host6Event = {
  readonly kind: "advertised" | "bound" | "extended" | "lost" | "refused" | "released" | "confirmed" | "wrong";
  readonly held: readonly Held6[];
  readonly detail: string;
};

type Exchange = { readonly kind: Dhcp6ClientKind; readonly id: number; readonly began: Instant; readonly tries: number; readonly sendAt: Instant };

const KINDS: Readonly<Record<Exclude<Host6Phase, "off" | "bound">, Dhcp6ClientKind>> = {
  soliciting: "solicit",
  requesting: "request",
  renewing: "renew",
  rebinding: "rebind",
  confirming: "confirm",
  releasing: "release",
};
const MOST_TRIES: Partial<Record<Host6Phase, number>> = { requesting: 10, confirming: 4, releasing: 4 };
const LONGEST_PAUSE_MS = 32_000;
const REQUESTED = requestCodes(["dnsServers", "domainSearch"]);

export class Dhcp6Host {
  readonly config: Dhcp6HostConfig;
  readonly #random: () => number;
  readonly #watch: (event: Host6Event) => void;
  #phase: Host6Phase = "off";
  #held: readonly Held6[] = [];
  #server: Duid | undefined;
  #exchange: Exchange | undefined;
  /** What the exchange names. */
  #wished: readonly Held6[] = [];
  #renewAt: Instant = NEVER;
  #rebindAt: Instant = NEVER;
  #resolvers: readonly Ipv6Address[] = [];

  /** @param random 32 bits of chance */
  constructor(config: Dhcp6HostConfig, random: () => number, watch: (event: Host6Event) => void = () => undefined) {
    this.config = config;
    this.#random = random;
    this.#watch = watch;
  }

  get phase(): Host6Phase {
    return this.#phase;
  }
  /** What it was promised and still counts on. */
  get held(): readonly Held6[] {
    return this.#held;
  }
  get server(): Duid | undefined {
    return this.#server;
  }
  get resolvers(): readonly Ipv6Address[] {
    return this.#resolvers;
  }
  /** When `tick` has something to do. */
  get deadline(): Instant {
    const times = this.#phase === "bound" ? [this.#renewAt, this.#rebindAt] : this.#phase === "renewing" ? [this.#rebindAt] : [];
    return earliest(...times, this.#exchange?.sendAt ?? NEVER, ...this.#held.map(({ validUntil }) => validUntil));
  }

  start(now: Instant): readonly Said[] {
    if (this.#phase !== "off") return [];
    return this.#begin("soliciting", now);
  }

  /** The power goes: nothing is given back. What was promised is forgotten, and the address goes with the machine. */
  stop(): void {
    this.#phase = "off";
    this.#exchange = undefined;
    this.#held = [];
  }

  /** Gives everything back. */
  release(now: Instant): readonly Said[] {
    const given = this.#held;
    if (given.length === 0) return [];
    this.#held = []; // not used any more from now on (RFC 9915 §18.2.7)
    return this.#begin("releasing", now, given);
  }

  /** The cable was out: is this still the right link (RFC 9915 §18.2.12)? Whoever has prefixes asks by Rebind. */
  reconnected(now: Instant): readonly Said[] {
    if (this.#phase === "off" || this.#phase === "releasing") return [];
    if (this.#held.length === 0) return this.#begin("soliciting", now);
    return this.#begin(this.config.prefixLength === undefined ? "confirming" : "rebinding", now);
  }

  tick(now: Instant): readonly Said[] {
    this.#expire(now);
    if (this.#phase === "bound" && now >= this.#rebindAt) return this.#begin("rebinding", now);
    if (this.#phase === "bound" && now >= this.#renewAt) return this.#begin("renewing", now);
    if (this.#phase === "renewing" && now >= this.#rebindAt) return this.#begin("rebinding", now);
    if (
      this.#phase !== "off" &&
      this.#phase !== "releasing" &&
      this.#phase !== "soliciting" &&
      this.#phase !== "requesting" &&
      this.#held.length === 0
    )
      return this.#begin("soliciting", now);
    const { sendAt, tries } = this.#exchange ?? { sendAt: NEVER, tries: 0 };
    if (now < sendAt) return [];
    if (tries < (MOST_TRIES[this.#phase] ?? Number.POSITIVE_INFINITY)) return this.#again(now);
    return this.#gaveUp(now);
  }

  heard({ payload }: Heard, now: Instant): readonly Said[] {
    this.#expire(now);
    const message = clientMessageIn(payload);
    const exchange = this.#exchange;
    if (message === undefined || exchange === undefined || message.transactionId !== exchange.id) return [];
    if (message.kind !== "advertise" && message.kind !== "reply") return [];
    if (message.options.clientId !== this.config.duid) return [];
    const fault = faultIn(message, this.config);
    if (fault !== undefined) {
      this.#tell("wrong", fault);
      return [];
    }
    if (message.kind === "advertise") return this.#phase === "soliciting" ? this.#advertised(message, now) : [];
    return this.#replied(message, now);
  }

  #advertised(message: Dhcp6ClientMessage, now: Instant): readonly Said[] {
    const given = givenIn(message, now);
    if (given.held.length === 0) return this.#refused(given);
    this.#tell("advertised", given.held.map(({ value }) => value).join(" "));
    this.#server = message.options.serverId;
    return this.#begin("requesting", now, given.held);
  }

  #replied(message: Dhcp6ClientMessage, now: Instant): readonly Said[] {
    const status = message.options.status?.code ?? STATUS.success;
    switch (this.#phase) {
      case "soliciting":
        return message.options.rapidCommit === true && this.config.rapidCommit ? this.#granted(message, now) : [];
      case "requesting":
      case "renewing":
      case "rebinding":
        return status === STATUS.success ? this.#granted(message, now) : [];
      case "confirming":
        if (status === STATUS.notOnLink) return this.#lost("not on this link", now);
        this.#rest();
        this.#tell("confirmed", "");
        return [];
      case "releasing":
        this.#tell("released", "");
        this.stop();
        return [];
      default:
        return [];
    }
  }

  #granted(message: Dhcp6ClientMessage, now: Instant): readonly Said[] {
    const extending = this.#phase === "renewing" || this.#phase === "rebinding";
    const given = givenIn(message, now);
    if (given.noBinding && extending) {
      this.#server = message.options.serverId;
      return this.#begin("requesting", now, this.#held);
    }
    if (given.held.length === 0 && given.withdrawn.length === 0) return extending ? [] : this.#startOver(given, now);
    const gone = new Set<string>([...given.withdrawn, ...given.held.map(({ value }) => value)]);
    this.#held = [...this.#held.filter(({ value }) => !gone.has(value)), ...given.held];
    this.#server = message.options.serverId;
    this.#resolvers = message.options.dnsServers ?? [];
    if (this.#held.length === 0) return this.#lost("withdrawn", now);
    [this.#renewAt, this.#rebindAt] = [given.renewAt, given.rebindAt];
    this.#rest();
    this.#tell(extending ? "extended" : "bound", given.withdrawn.join(" "));
    return [];
  }

  /** The server could not keep what it advertised. */
  #startOver(given: Given, now: Instant): readonly Said[] {
    this.#refused(given);
    if (this.#phase === "soliciting") return [];
    return this.#begin("soliciting", now, [], 1000 + (this.#random() % 4000));
  }

  /** Asked again when the pause of this exchange ends. */
  #refused({ status }: Given): readonly Said[] {
    this.#tell("refused", `status ${status}`);
    return [];
  }

  #lost(why: string, now: Instant): readonly Said[] {
    const held = this.#held;
    this.#held = [];
    this.#watch({ kind: "lost", held, detail: why });
    return this.#begin("soliciting", now);
  }

  #gaveUp(now: Instant): readonly Said[] {
    if (this.#phase === "releasing") this.stop();
    else if (this.#phase === "confirming") this.#rest();
    else return this.#begin("soliciting", now);
    return [];
  }

  #rest(): void {
    this.#phase = "bound";
    this.#exchange = undefined;
  }

  #expire(now: Instant): void {
    const ended = this.#held.filter(({ validUntil }) => validUntil <= now);
    if (ended.length === 0) return;
    this.#held = this.#held.filter(({ validUntil }) => validUntil > now);
    this.#watch({ kind: "lost", held: ended, detail: "ended" });
  }

  #begin(phase: keyof typeof KINDS, now: Instant, wished: readonly Held6[] = this.#held, pauseMs = 0): readonly Said[] {
    this.#phase = phase;
    this.#wished = wished;
    this.#exchange = { kind: KINDS[phase], id: this.#random() & 0xffffff, began: now, tries: 0, sendAt: instant(now + pauseMs) };
    return pauseMs === 0 ? this.#again(now) : [];
  }

  #again(now: Instant): readonly Said[] {
    const exchange = this.#exchange;
    if (exchange === undefined) return [];
    const base = this.#phase === "renewing" || this.#phase === "rebinding" ? 4000 : 1000;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, base * 2 ** exchange.tries) + (this.#random() % 200);
    this.#exchange = { ...exchange, tries: exchange.tries + 1, sendAt: instant(now + pauseMs) };
    const payload = encodeDhcp6(this.#message(exchange, now));
    return [{ to: ALL_AGENTS, port: DHCP6_PORT.server, payload, afterMs: 0 }];
  }

  #message({ kind, id, began }: Exchange, now: Instant): Dhcp6ClientMessage {
    const { duid, iaid, address, prefixLength, rapidCommit } = this.config;
    const named = kind === "request" || kind === "renew" || kind === "release";
    const addresses = this.#wished.flatMap((held) => (held.kind === "address" ? [iaAddress(held.value)] : []));
    const prefixes = this.#wished.flatMap((held) => (held.kind === "prefix" ? [iaPrefix(held.value)] : []));
    const wish = prefixes.length > 0 || kind === "release" ? prefixes : [iaPrefix(`::/${prefixLength ?? 64}` as Ipv6Prefix)];
    return dhcp6({
      kind,
      transactionId: id,
      options: {
        clientId: duid,
        ...(named && this.#server !== undefined ? { serverId: this.#server } : {}),
        ...(address ? { iaNa: [iaNa({ iaid, ...(addresses.length === 0 ? {} : { iaAddress: addresses }) })] } : {}),
        ...(prefixLength !== undefined && kind !== "confirm" ? { iaPd: [iaPd({ iaid, iaPrefix: wish })] } : {}),
        requestedOptions: REQUESTED,
        elapsedHundredths: Math.min(0xffff, Math.floor((now - began) / 10)),
        ...(kind === "solicit" && rapidCommit ? { rapidCommit: true as const } : {}),
      },
    });
  }

  #tell(kind: Host6Event["kind"], detail: string): void {
    this.#watch({ kind, held: this.#held, detail });
  }
}
