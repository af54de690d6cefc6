/**
 * Password hashes and how they age, by the names of users: kept only where a map for root alone is provided, and apart from all that
 * everybody may read. A shadow is what stands behind the name in shadow(5): a hash and six numbers of days, any of which may be missing.
 */
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { SECRET_YP_MAPS, type YpConfig } from "./config.ts";
import type { Sliced } from "./sort.ts";

export type Shadows = ReadonlyMap<string, string>;
/** undefined: the user goes. */
export type ShadowEdits = ReadonlyMap<string, string | undefined>;

export const NO_SHADOWS: Shadows = new Map();
/** What nobody logs in with, and nothing is known of. */
export const NO_SHADOW = "*::::::";

/** Printable ASCII as crypt(5) has it; `x` says that it stands elsewhere, and nothing at all would let everybody in. */
const HASH = /^[!-9;-~]+$/;
const AGEING = /^(?:[0-9]{0,10}:){5}[0-9]{0,10}$/;
const LINE_FEED = "\n";

/** Whether a map holds what on BSD and Linux root alone may read. */
export function isSecretMap(map: string): boolean {
  return SECRET_YP_MAPS.some((secret) => secret === map);
}

export function keepsShadows(yp: YpConfig | undefined): boolean {
  return yp?.maps.some(isSecretMap) === true;
}

/** @param password what came of an entry: a hash, and where days were asked for these behind it */
export function shadowOf(password: string): string {
  const end = password.indexOf(":");
  const [hash, ageing] = end === -1 ? [password, ""] : [password.slice(0, end), password.slice(end + 1)];
  const isHash = hash !== "x" && HASH.test(hash) && hash.length <= DIRECTORY_LIMITS.passwordHashBytes;
  return `${isHash ? hash : "*"}:${AGEING.test(ageing) ? ageing : ":::::"}`;
}

/** Whether it has a hash that is kept, or says `x`: programs that ask whether somebody may log in ask for the shadow then. */
export function isElsewhere(password: string): boolean {
  return password.includes(":") && (password.startsWith("x:") || hashIn(shadowOf(password)) !== "*");
}

/** What a user had come with who is read again. @param shown in the line that everybody may read */
export function passwordFrom(shown: string, shadow: string | undefined): string {
  if (shadow === undefined) return shown;
  return shown === "x" && hashIn(shadow) === "*" ? `x${shadow.slice(1)}` : shadow;
}

export function hashIn(shadow: string): string {
  return shadow.slice(0, shadow.indexOf(":"));
}

/** The nine fields of shadow(5), of which the last is nobody's. */
export function shadowLine(name: string, shadow: string): string {
  return `${name}:${shadow}:`;
}

/** In the order of sources: of the same name the first one's, as of everything else. */
export function mergedShadows(all: readonly Shadows[]): Shadows {
  const some = all.filter(({ size }) => size > 0);
  const [first = NO_SHADOWS, ...further] = some;
  if (further.length === 0) return first;
  const merged = new Map(first);
  for (const shadows of further) for (const [name, shadow] of shadows) if (!merged.has(name)) merged.set(name, shadow);
  return merged;
}

export function editedShadows(shadows: Shadows, edits: ShadowEdits): Shadows {
  if (edits.size === 0) return shadows;
  const edited = new Map(shadows);
  for (const [name, shadow] of edits) {
    if (shadow === undefined) edited.delete(name);
    else edited.set(name, shadow);
  }
  return edited;
}

export function sameShadows(one: Shadows, other: Shadows): boolean {
  return one === other || (one.size === other.size && [...one].every(([name, shadow]) => other.get(name) === shadow));
}

export function storedShadows(shadows: Shadows): Uint8Array {
  return new TextEncoder().encode([...shadows].map(([name, shadow]) => `${name}:${shadow}${LINE_FEED}`).join(""));
}

/** What is none of ours is a name without a shadow: it is judged where it is used. */
export function* shadowsIn(bytes: Uint8Array): Sliced<Shadows> {
  const shadows = new Map<string, string>();
  for (const line of new TextDecoder().decode(bytes).split(LINE_FEED)) {
    const end = line.indexOf(":");
    if (end !== -1) shadows.set(line.slice(0, end), line.slice(end + 1));
    if (shadows.size % LIMITS.directorySliceRows === 0) yield;
  }
  return shadows;
}
