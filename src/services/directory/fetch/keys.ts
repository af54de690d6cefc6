/** A user's keys for SSH, of an attribute such as sshPublicKey: a line of authorized_keys a value. */
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import type { FieldSource } from "../config.ts";
import { joinedKeys, type KeyFault } from "../ssh-keys.ts";
import { valuesOf } from "./attributes.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param refused is told of each value that is no key: the others count all the same */
export function sshKeysIn(entry: SearchResultEntry, source: FieldSource, refused: (fault: KeyFault) => void): string {
  const all = source.kind === "fixed" ? [source.value] : textsOf(valuesOf(entry, source.value), refused);
  return joinedKeys(source.kind === "list" ? all : all.slice(0, 1), refused);
}

/** What was read from a file ends as its line does, and many put it into a directory so. */
function textsOf(values: readonly Uint8Array[], refused: (fault: KeyFault) => void): readonly string[] {
  return values.flatMap((value) => {
    try {
      return strict.decode(value).trim();
    } catch {
      refused("not-utf8");
      return [];
    }
  });
}
