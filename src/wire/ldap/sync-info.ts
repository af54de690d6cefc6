/** The value of an intermediate response that tells how a synchronisation goes on (RFC 4533 §2.5). */
import type { Codec } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { anyElement, booleanOf, eachOf, element, optionalElement, TAG, viewOf, writeBoolean, writeBytes, writeElement } from "./ber.ts";
import { cookieOf, uuidOf } from "./controls.ts";

/** Name of the intermediate response that carries this. */
export const SYNC_INFO_OID = "1.3.6.1.4.1.4203.1.9.1.4";

export type SyncInfo =
  | { readonly kind: "newCookie"; readonly cookie: Uint8Array }
  /** The phase that sent deletes, or presents, ends; `refreshDone` is false when the other one follows. */
  | { readonly kind: "refreshDelete" | "refreshPresent"; readonly cookie?: Uint8Array; readonly refreshDone: boolean }
  /** These entries are present, or with `refreshDeletes` gone. */
  | { readonly kind: "idSet"; readonly cookie?: Uint8Array; readonly refreshDeletes: boolean; readonly uuids: readonly Uint8Array[] };

const NEW_COOKIE = 0x80;
const REFRESH_DELETE = 0xa1;
const REFRESH_PRESENT = 0xa2;
const ID_SET = 0xa3;

/** Cookies and identifiers are views into the received bytes. */
export const syncInfo: Codec<SyncInfo> = { decode: readInfo, encode: writeInfo };

function readInfo(reader: Reader): SyncInfo {
  const offset = reader.offset;
  const { tag, content } = anyElement(reader);
  switch (tag) {
    case NEW_COOKIE:
      return { kind: "newCookie", cookie: viewOf(content) };
    case REFRESH_DELETE:
    case REFRESH_PRESENT: {
      const cookie = cookieOf(content);
      const done = optionalElement(content, TAG.boolean);
      content.finish();
      return { kind: tag === REFRESH_DELETE ? "refreshDelete" : "refreshPresent", ...cookie, refreshDone: done === undefined || booleanOf(done) };
    }
    case ID_SET: {
      const cookie = cookieOf(content);
      const deletes = optionalElement(content, TAG.boolean);
      const uuids = eachOf(element(content, TAG.set), LIMITS.ldapSyncIds, (each) => uuidOf(element(each, TAG.octetString)));
      content.finish();
      return { kind: "idSet", ...cookie, refreshDeletes: deletes !== undefined && booleanOf(deletes), uuids };
    }
    default:
      throw new WireError("unsupported", offset);
  }
}

function writeInfo(writer: Writer, value: SyncInfo): void {
  switch (value.kind) {
    case "newCookie":
      return writeBytes(writer, NEW_COOKIE, value.cookie);
    case "refreshDelete":
    case "refreshPresent":
      return writeElement(writer, value.kind === "refreshDelete" ? REFRESH_DELETE : REFRESH_PRESENT, (inner) => {
        if (value.cookie !== undefined) writeBytes(inner, TAG.octetString, value.cookie);
        if (!value.refreshDone) writeBoolean(inner, TAG.boolean, false);
      });
    case "idSet":
      return writeElement(writer, ID_SET, (inner) => {
        if (value.cookie !== undefined) writeBytes(inner, TAG.octetString, value.cookie);
        if (value.refreshDeletes) writeBoolean(inner, TAG.boolean, true);
        writeElement(inner, TAG.set, (set) => {
          for (const uuid of value.uuids) writeBytes(set, TAG.octetString, uuid);
        });
      });
    default:
      return absurd(value);
  }
}
