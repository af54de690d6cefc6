/** One small file for each uplink with what no kernel can carry: resolvers, time servers and whatever else its server told. Anybody may read it. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./state-folder.ts";

const MODE = 0o644;
const SUFFIX = ".4.json";

export class PublishedUplinks {
  readonly #folder: string;

  constructor(runtimeFolder: string) {
    this.#folder = join(runtimeFolder, "uplinks");
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 });
  }

  /** @param name an interface's name that the guard has judged; `record` too */
  publish(name: string, record: Uint8Array): void {
    replaceFile(this.#folder, `${name}${SUFFIX}`, record, MODE);
  }

  withdraw(name: string): void {
    rmSync(join(this.#folder, `${name}${SUFFIX}`), { force: true });
  }

  /** Of this run and those before it. */
  names(): readonly string[] {
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length));
  }
}
