/**
 * Public keys by which users may log in over SSH: lines of authorized_keys (sshd(8)). They are told to root and to the user alone: they
 * say who is who elsewhere. A key that is none is left out, and the user stays.
 */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { Texts } from "./by-name.ts";
import type { DirectoryConfig } from "./config.ts";
import { keepsShadows } from "./shadows.ts";

export const KEY_FAULTS = ["not-utf8", "bad-character", "bad-key", "too-long"] as const;
export type KeyFault = (typeof KEY_FAULTS)[number];

/** What no key has in it: keys of one user travel and are kept as one text. */
const BETWEEN = "\t";
const CONTROL = /\p{Cc}/u;
const SURROGATES = /\p{Cs}/u;
/** Options may stand in front, words behind. */
const KEY = /^(?!#)(?:.* )?(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]{16,}={0,3}(?: |$)/u;
const encoder = new TextEncoder();

/** Whether anybody may be told of keys: otherwise none is asked for, and none is kept. */
export function keepsKeys({ userdb }: DirectoryConfig): boolean {
  return userdb?.sshKeys === true;
}

/** Whether anything is held that not everybody may have: then nothing is recorded. */
export function keepsPrivate(config: DirectoryConfig): boolean {
  return keepsKeys(config) || keepsShadows(config.yp);
}

export function keysIn(text: string): readonly string[] {
  return text === "" ? [] : text.split(BETWEEN);
}

/** One after the other as far as there is room; each once. @param refused is told what becomes of the others */
export function joinedKeys(keys: readonly string[], refused: (fault: KeyFault) => void): string {
  const sound = new Set<string>();
  let bytes = 0;
  for (const key of keys) {
    const fault = keyFault(key);
    const more = fault === undefined && !sound.has(key) ? encoder.encode(key).length + BETWEEN.length : 0;
    if (fault !== undefined) refused(fault);
    else if (bytes + more > DIRECTORY_LIMITS.sshKeysBytes) refused("too-long");
    else if (more > 0) {
      sound.add(key);
      bytes += more;
    }
  }
  return [...sound].join(BETWEEN);
}

export function charactersOf(keys: Texts): number {
  let characters = 0;
  for (const text of keys.values()) characters += text.length;
  return characters;
}

/** A line feed in a key would be another key, with options that nobody has looked at. */
function keyFault(key: string): KeyFault | undefined {
  if (key.length > DIRECTORY_LIMITS.sshKeyCharacters) return "too-long";
  if (SURROGATES.test(key)) return "not-utf8";
  if (CONTROL.test(key)) return "bad-character";
  return KEY.test(key) ? undefined : "bad-key";
}
