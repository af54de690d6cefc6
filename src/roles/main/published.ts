/** One small file for each uplink with what no kernel can carry: resolvers, time servers and whatever else its server told. Anybody may read it. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./state-folder.ts";

const MODE = 0o644;
const SUFFIX = { ipv4: ".4.json", ipv6: ".6.json" } as const;
/** An uplink has a service for each. */
export type UplinkFamily = keyof typeof SUFFIX;

export class PublishedUplinks {
  readonly #folder: string;

  constructor(runtimeFolder: string) {
    this.#folder = join(runtimeFolder, "uplinks");
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 });
  }

  /** @param name an interface's name that the guard has judged; `record` too */
  publish(name: string, family: UplinkFamily, record: Uint8Array): void {
    replaceFile(this.#folder, `${name}${SUFFIX[family]}`, record, MODE);
  }

  withdraw(name: string, family: UplinkFamily): void {
    rmSync(join(this.#folder, `${name}${SUFFIX[family]}`), { force: true });
  }

  /** Of this run and those before it. */
  names(family: UplinkFamily): readonly string[] {
    const suffix = SUFFIX[family];
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length));
  }
}
