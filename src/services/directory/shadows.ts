/**
 * Password hashes and how they age, by the names of users: kept only where a map for root alone is provided, and apart from all that
 * everybody may read. A shadow is what stands behind the name in shadow(5): a hash and six numbers of days, any of which may be missing.
 */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { SECRET_YP_MAPS, type YpConfig } from "./config.ts";

/** What nobody logs in with, and nothing is known of. */
export const NO_SHADOW = "*::::::";

/** Printable ASCII as crypt(5) has it; `x` says that it stands elsewhere, and nothing at all would let everybody in. */
const HASH = /^[!-9;-~]+$/;
const AGEING = /^(?:[0-9]{0,10}:){5}[0-9]{0,10}$/;

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
