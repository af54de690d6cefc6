/** Whether an uplink can speak: its link runs, its sockets are there, and it has a link-local address that is its own (RFC 9915 §16). */
import { isLinkLocalV6 } from "../../base/ipv6.ts";
import { after } from "../../base/time.ts";
import type { Alarm } from "../../ports/clock.ts";
import type { KnownAddress } from "../addresses.ts";
import type { LinkFact } from "../links.ts";
import type { UplinkPorts } from "./ports.ts";

/** What main could not do is asked for again, each time a little later. */
const RETRY_FIRST_MS = 2000;
const RETRY_MAX_MS = 60_000;

export type PresenceSetup = {
  readonly ports: Pick<UplinkPorts, "clock" | "sockets" | "routers">;
  readonly addressesOf: (link: number) => readonly KnownAddress[];
  /** It can speak, or it cannot any more; told as often as something about it is looked at. */
  readonly isUp: (up: boolean) => void;
  /** Routers can be asked: once each time that this comes to be. */
  readonly routersReachable: (reachable: boolean) => void;
};

export class Presence {
  readonly #setup: PresenceSetup;
  readonly #retry: Alarm;
  #retryMs = RETRY_FIRST_MS;
  #link: LinkFact | undefined;
  #socketReady = false;
  #routerSocketReady = false;
  #reachable = false;

  constructor(setup: PresenceSetup) {
    this.#setup = setup;
    this.#retry = setup.ports.clock.alarm(() => this.#openSockets());
  }

  get link(): LinkFact | undefined {
    return this.#link;
  }

  linkIs(fact: LinkFact): void {
    const isNew = this.#link === undefined;
    this.#link = fact;
    if (isNew) this.#openSockets();
    this.look();
  }

  /** Its sockets go with it. */
  linkGone(): void {
    if (this.#link === undefined) return;
    const { index, name } = this.#link;
    this.#setup.isUp(false);
    for (const sockets of this.#bothSockets()) sockets.close(index, name);
    [this.#socketReady, this.#routerSocketReady] = [false, false];
    this.#link = undefined;
    this.#tellRouters(false);
  }

  socketReady(): void {
    this.#socketReady = true;
    this.#retryMs = RETRY_FIRST_MS;
    this.look();
  }

  routerSocketReady(): void {
    this.#routerSocketReady = true;
    this.look();
  }

  /** Sockets went with the role that held them; they are asked for again. What is under way goes on, and is sent again in its time. */
  socketsLost(): void {
    [this.#socketReady, this.#routerSocketReady] = [false, false];
    this.#tellRouters(false);
    this.#openSockets();
  }

  /** Main tried, and the kernel would not: there is no other way, so it is tried again. */
  openFailed(): void {
    this.#retry.set(after(this.#setup.ports.clock.now(), this.#retryMs / 1000));
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  /** Something about it may be different. */
  look(): void {
    if (this.#link === undefined) return;
    const { index, running } = this.#link;
    const isUsable = ({ address, tentative, dadFailed }: KnownAddress): boolean => isLinkLocalV6(address) && !tentative && !dadFailed;
    const usable = running && this.#setup.addressesOf(index).some(isUsable);
    this.#setup.isUp(usable && this.#socketReady);
    this.#tellRouters(usable && this.#routerSocketReady);
  }

  close(): void {
    this.#retry.close();
  }

  #tellRouters(reachable: boolean): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    this.#setup.routersReachable(reachable);
  }

  #openSockets(): void {
    if (this.#link === undefined) return;
    const { index, name } = this.#link;
    const [client, routers] = this.#bothSockets();
    if (!this.#socketReady) client.open(index, name);
    if (!this.#routerSocketReady) routers.open(index, name);
  }

  #bothSockets(): readonly [UplinkPorts["sockets"], UplinkPorts["sockets"]] {
    return [this.#setup.ports.sockets, this.#setup.ports.routers.sockets];
  }
}
