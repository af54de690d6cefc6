/** A client with real chance, and what it sends when nobody answers, or somebody always answers the same. */
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import { type Instant, instant } from "../../../src/base/time.ts";
import { dhcp6Client } from "../../../src/machines/dhcp6-client/client.ts";
import type { ClientConfig } from "../../../src/machines/dhcp6-client/config.ts";
import { type ClientEvent, type ClientState, initialState } from "../../../src/machines/dhcp6-client/state.ts";
import { type Dhcp6ClientMessage, dhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { CONFIG, DUID, SERVER } from "./timeline.ts";

export type Said = { readonly message: Dhcp6ClientMessage; readonly at: Instant };
type Options = Dhcp6ClientMessage["options"];
/** undefined: silence. */
export type Server = (message: Dhcp6ClientMessage, count: number) => { readonly kind: "advertise" | "reply"; readonly options: Options } | undefined;

/** An answer is here so soon. */
const ANSWER_MS = 1;

export class Life {
  state: ClientState;
  readonly said: Said[] = [];
  now: Instant = instant(0);
  readonly #seed: number;
  readonly #server: Server;
  #steps = 0;
  #answers: { readonly at: Instant; readonly message: Dhcp6ClientMessage }[] = [];

  constructor(seed: number, config: Partial<ClientConfig> = {}, server: Server = () => undefined) {
    this.#seed = seed;
    this.#server = server;
    this.state = initialState({ ...CONFIG, ...config });
  }

  happens(event: ClientEvent): this {
    const { state, effects } = dhcp6Client.step(this.state, event, { now: this.now, entropy: new Entropy(seedOf(this.#seed, this.#steps++)) });
    this.state = state;
    for (const effect of effects) {
      if (effect.kind !== "send") continue;
      this.said.push({ message: effect.message, at: this.now });
      const answer = this.#server(effect.message, this.said.length);
      if (answer === undefined) continue;
      const { transactionId } = effect.message;
      const options = { clientId: DUID, serverId: SERVER, ...answer.options };
      this.#answers.push({ at: instant(this.now + ANSWER_MS), message: dhcp6({ kind: answer.kind, transactionId, options }) });
    }
    return this;
  }

  runsTo(seconds: number): this {
    for (;;) {
      const [answer] = this.#answers;
      const due = dhcp6Client.deadline(this.state);
      if (Math.min(answer?.at ?? Number.POSITIVE_INFINITY, due) > seconds * 1000) break;
      if (answer !== undefined && answer.at <= due) {
        this.#answers = this.#answers.slice(1);
        this.now = instant(Math.max(this.now, answer.at));
        this.happens({ kind: "received", message: answer.message });
      } else {
        this.now = instant(Math.max(this.now, due));
        this.happens({ kind: "deadline" });
      }
    }
    this.now = instant(seconds * 1000);
    return this;
  }

  /** Messages of the last conversation of that kind. */
  last(kind: Dhcp6ClientMessage["kind"]): readonly Said[] {
    const ofKind = this.said.filter(({ message }) => message.kind === kind);
    const id = ofKind.at(-1)?.message.transactionId;
    return ofKind.filter(({ message }) => message.transactionId === id);
  }
  /** How many went out from one second to another. */
  count(from: number, to: number): number {
    return this.said.filter(({ at }) => at >= from * 1000 && at < to * 1000).length;
  }
}

/** Seconds between one message and the next. */
export function pausesOf(said: readonly Said[]): readonly number[] {
  return said.slice(1).map(({ at }, i) => (at - (said[i]?.at ?? 0)) / 1000);
}
