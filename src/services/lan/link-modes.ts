/** What a link is for: its hosts are served, or relayed, or it is where relays send to. */
import type { LanConfig } from "./config.ts";

export type LinkMode = "server" | "relay" | "uplink" | "off";

export class LinkModes {
  readonly #known = new Map<number, LinkMode>();
  #interfaces: LanConfig["interfaces"] = [];

  configure({ interfaces }: LanConfig): void {
    this.#interfaces = interfaces;
    this.#known.clear();
  }

  /** A link came, went, or has another name. */
  forget(): void {
    this.#known.clear();
  }

  /** Remembered, because every batch asks. */
  of(link: number, nameOf: (link: number) => string | undefined): LinkMode {
    const known = this.#known.get(link);
    if (known !== undefined) return known;
    const mode = this.ofName(nameOf(link));
    this.#known.set(link, mode);
    return mode;
  }

  ofName(name: string | undefined): LinkMode {
    const own = this.#interfaces.find((one) => one.name === name)?.dhcp6.mode ?? "off";
    if (own !== "off" || name === undefined) return own;
    return this.#interfaces.some(({ dhcp6 }) => dhcp6.mode === "relay" && dhcp6.relay.uplinks.includes(name)) ? "uplink" : "off";
  }
}
