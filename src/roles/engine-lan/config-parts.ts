/** The configuration, put together from the pieces in which it comes. */
import { decodeAll } from "../../base/codec.ts";
import { LIMITS } from "../../base/limits.ts";
import type { LanConfig } from "../../services/lan/config.ts";
import { lanConfig } from "../messages/lan.ts";

export type ConfigPart = { readonly bytes: Uint8Array; readonly isLast: boolean };

export class ConfigParts {
  #generation = -1;
  #parts: Uint8Array[] = [];
  #length = 0;

  /**
   * Pieces of one generation come one behind the other; with another generation it begins anew.
   * @returns the configuration when this was its last piece
   * @throws WireError when the whole is none
   */
  add({ bytes, isLast }: ConfigPart, generation: number): LanConfig | undefined {
    if (generation !== this.#generation) this.#begin(generation);
    this.#length += bytes.length;
    if (this.#length <= LIMITS.lanConfigBytes) this.#parts.push(bytes);
    if (!isLast) return undefined;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#begin(-1);
    return decodeAll(lanConfig, whole);
  }

  #begin(generation: number): void {
    this.#generation = generation;
    this.#parts = [];
    this.#length = 0;
  }
}
