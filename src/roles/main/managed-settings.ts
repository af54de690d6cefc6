/**
 * `[system] manage`: main sets what uplinks need of the kernel and puts it back when it ends. A router must forward; and once it does, the
 * kernel learns nothing from router advertisements of a link whose `accept_ra` is not 2. What stood there before is on disk, so that a
 * run after a kill knows it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import type { Log } from "../../ports/log.ts";
import { entryFor } from "../../services/uplink4/config.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { systemFailure } from "./failures.ts";
import { replaceFile } from "./state-folder.ts";

const FILE = "managed.json";
const SETTING = /^ipv4\/ip_forward$|^ipv6\/conf\/[^/]{1,15}\/(?:accept_ra|forwarding)$/;
type Changed = { readonly setting: string; readonly before: string; readonly set: string };
type Wanted = { readonly setting: string; readonly value: string };

export type ManagedSetup = {
  /** The runtime folder: what is set ends with the machine. */
  readonly folder: string;
  readonly network: Pick<KernelNetwork, "links">;
  readonly log: Log;
  readonly settings?: string;
};

export class ManagedSettings {
  readonly #setup: Required<ManagedSetup>;
  #changed: readonly Changed[];
  #configuration: Configuration | undefined;

  constructor(setup: ManagedSetup) {
    this.#setup = { settings: "/proc/sys/net", ...setup };
    this.#changed = changedIn(join(setup.folder, FILE));
  }

  configure(configuration: Configuration): void {
    this.#configuration = configuration.host.manage ? configuration : undefined;
    if (this.#configuration === undefined) this.putBack();
    else this.apply();
  }

  /** Links come and go, and a new one has the kernel's own settings. Advertisements first: forwarding makes the kernel forget what it learned. */
  apply(): void {
    if (this.#configuration === undefined) return;
    const links = this.#setup.network.links().flatMap(({ name }) => name ?? []);
    for (const { setting, value } of wantedBy(this.#configuration, links)) this.#set(setting, value);
  }

  /** What somebody else has set meanwhile stays. */
  putBack(): void {
    for (const { setting, before, set } of this.#changed.toReversed()) if (this.#read(setting) === set) this.#write(setting, before);
    if (this.#changed.length > 0) this.#keep([]);
  }

  #set(setting: string, value: string): void {
    const before = this.#read(setting);
    if (before === undefined || before === value) return;
    const known = this.#changed.find((one) => one.setting === setting)?.before ?? before;
    this.#keep([...this.#changed.filter((one) => one.setting !== setting), { setting, before: known, set: value }]);
    this.#write(setting, value);
    this.#setup.log.write("info", "managed", { setting, value, before });
  }

  #read(setting: string): string | undefined {
    const path = join(this.#setup.settings, setting);
    return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  }

  #write(setting: string, value: string): void {
    this.#attempt(setting, () => writeFileSync(join(this.#setup.settings, setting), `${value}\n`));
  }

  #keep(changed: readonly Changed[]): void {
    this.#changed = changed;
    this.#attempt(FILE, () => replaceFile(this.#setup.folder, FILE, new TextEncoder().encode(`${JSON.stringify(changed)}\n`)));
  }

  #attempt(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      this.#setup.log.write("error", "manageFailed", { what, error: failure.message });
    }
  }
}

/**
 * A host that only fetches addresses for itself is no router, and is made none. But others may make it one, and routers tell what DHCPv6
 * does not: an uplink of it takes their advertisements in any case.
 */
export function wantedBy({ uplink4, uplink6, lan }: Configuration, links: readonly string[]): readonly Wanted[] {
  const routes = (lan?.interfaces ?? []).length > 0 || (uplink6 ?? []).some(({ delegations }) => delegations.length > 0);
  const uplinks6 = (uplink6 ?? []).map(({ name }) => name);
  const isRouted4 = (name: string): boolean => routes && uplink4 !== undefined && entryFor(uplink4, name) !== undefined;
  const advertised = links.filter((name) => uplinks6.includes(name) || isRouted4(name));
  return [
    ...advertised.map((name) => ({ setting: `ipv6/conf/${name}/accept_ra`, value: "2" })),
    ...(routes && uplink4 !== undefined ? [{ setting: "ipv4/ip_forward", value: "1" }] : []),
    ...(routes ? [{ setting: "ipv6/conf/all/forwarding", value: "1" }] : []),
  ];
}

/** Nothing but settings of ours is ever put back, whatever the file says. */
function changedIn(path: string): readonly Changed[] {
  try {
    const all = JSON.parse(readFileSync(path, "utf8")) as readonly Changed[];
    return all.filter(
      ({ setting, before, set }) => SETTING.test(setting) && !setting.includes("..") && /^-?\d+$/.test(before) && /^-?\d+$/.test(set),
    );
  } catch {
    return []; // there is none
  }
}
