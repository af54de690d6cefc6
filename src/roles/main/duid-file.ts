/** Who we are to clients and servers: a DUID made once from chance, kept for ever (RFC 9915 §11.5), whatever cards and disks come and go. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Duid, duidBytes, duidUuid, parseDuid } from "../../base/duid.ts";
import { native } from "../../platform/native.ts";
import { replaceFile } from "./state-folder.ts";

const UUID_BYTES = 16;
/** RFC 6355 §4. */
const UUID_TYPE = 4;
/** RFC 9562 §5.4. */
const VERSION_4 = 0x40;
const VARIANT = 0x80;

const KEY_BYTES = 16;
/** What is made with each: who gets other addresses where it is lost. */
const KEYS = {
  /** Host parts of what the server gives (RFC 9915 §13.1). */
  "server-key": "clients get",
  /** Host parts of our own interfaces (RFC 7217 §5). */
  "stable-secret": "our interfaces get",
} as const;

/**
 * Made once from chance and told to nobody.
 * @throws Error when the file is there and is not whole: another key would give everyone another address
 */
export function ownKey(stateFolder: string, name: keyof typeof KEYS): Uint8Array {
  const path = join(stateFolder, name);
  if (existsSync(path)) {
    const known = new Uint8Array(readFileSync(path));
    if (known.length === KEY_BYTES) return known;
    throw new Error(`${path} does not hold ${KEY_BYTES} bytes: put it back from a copy, or remove it and ${KEYS[name]} other addresses`);
  }
  const made = new Uint8Array(KEY_BYTES);
  native().random(made);
  replaceFile(stateFolder, name, made);
  return made;
}

/** @throws Error when the file is there and holds no DUID: a new one would give every lease to a stranger */
export function ownDuid(stateFolder: string): Duid {
  const path = join(stateFolder, "duid");
  if (existsSync(path)) {
    const known = parseDuid(readFileSync(path, "utf8").trim());
    if (known === undefined || isCut(known))
      throw new Error(`${path} holds no DUID: put it back from a copy, or remove it to become a new client and server`);
    return known;
  }
  const uuid = new Uint8Array(UUID_BYTES);
  native().random(uuid);
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | VERSION_4;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | VARIANT;
  const made = duidUuid(uuid);
  replaceFile(stateFolder, "duid", new TextEncoder().encode(`${made}\n`));
  return made;
}

/** A file that lost its end still reads as a DUID, of somebody else. */
function isCut(duid: Duid): boolean {
  const bytes = duidBytes(duid);
  return bytes[0] === 0 && bytes[1] === UUID_TYPE && bytes.length !== 2 + UUID_BYTES;
}
