/** Controls (RFC 4511 §4.1.11): paged results (RFC 2696), synchronisation (RFC 4533); others are kept as they came. */
import type { Codec } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import {
  booleanOf,
  countOf,
  eachOf,
  element,
  optionalElement,
  skipExtensions,
  TAG,
  textOf,
  viewOf,
  writeBoolean,
  writeBytes,
  writeElement,
  writeInteger,
  writeText,
} from "./ber.ts";

export const CONTROL_OID = {
  pagedResults: "1.2.840.113556.1.4.319",
  syncRequest: "1.3.6.1.4.1.4203.1.9.1.1",
  syncState: "1.3.6.1.4.1.4203.1.9.1.2",
  syncDone: "1.3.6.1.4.1.4203.1.9.1.3",
} as const;

/** `critical`: refuse the whole operation rather than ignore this. Cookies and values are views into the received bytes. */
export type Control = { readonly critical: boolean } & (PagedResults | SyncRequest | SyncState | SyncDone | UnknownControl);
/** In a request `size` is entries per page, in a response an estimate of all or 0. An empty cookie is the first or the last page. */
export type PagedResults = { readonly kind: "pagedResults"; readonly size: number; readonly cookie: Uint8Array };
export type SyncRequest = { readonly kind: "syncRequest"; readonly mode: SyncMode; readonly cookie?: Uint8Array; readonly reloadHint: boolean };
export type SyncState = { readonly kind: "syncState"; readonly state: SyncStateName; readonly entryUuid: Uint8Array; readonly cookie?: Uint8Array };
export type SyncDone = { readonly kind: "syncDone"; readonly cookie?: Uint8Array; readonly refreshDeletes: boolean };
export type UnknownControl = { readonly kind: "unknown"; readonly oid: string; readonly value?: Uint8Array };
export type SyncMode = "refreshOnly" | "refreshAndPersist";
export type SyncStateName = (typeof SYNC_STATES)[number];

const CONTROLS = 0xa0;
const UUID_BYTES = 16;
const SYNC_STATES = ["present", "add", "modify", "delete"] as const;
const SYNC_MODES: Readonly<Record<SyncMode, number>> = { refreshOnly: 1, refreshAndPersist: 3 };

type Body = PagedResults | SyncRequest | SyncState | SyncDone;
const KINDS = new Map<string, Body["kind"]>(Object.entries(CONTROL_OID).map(([kind, oid]) => [oid, kind as Body["kind"]]));

/** One control. */
export const control: Codec<Control> = { decode: readControl, encode: writeControl };

/** The controls at the end of a message, none when they are absent. */
export function readControls(message: Reader): readonly Control[] {
  const content = optionalElement(message, CONTROLS);
  return content === undefined ? [] : eachOf(content, LIMITS.ldapControls, readControl);
}

export function writeControls(writer: Writer, controls: readonly Control[]): void {
  if (controls.length === 0) return;
  writeElement(writer, CONTROLS, (inner) => {
    for (const each of controls) writeControl(inner, each);
  });
}

function readControl(reader: Reader): Control {
  const content = element(reader, TAG.sequence);
  const oid = textOf(element(content, TAG.octetString));
  const criticality = optionalElement(content, TAG.boolean);
  const critical = criticality !== undefined && booleanOf(criticality);
  const offset = content.offset;
  const value = optionalElement(content, TAG.octetString);
  skipExtensions(content);
  const kind = KINDS.get(oid);
  if (kind === undefined) return { kind: "unknown", critical, oid, ...(value === undefined ? {} : { value: viewOf(value) }) };
  if (value === undefined) throw new WireError("truncated", offset);
  const body = readBody(kind, element(value, TAG.sequence));
  value.finish();
  return { critical, ...body };
}

function readBody(kind: Body["kind"], content: Reader): Body {
  switch (kind) {
    case "pagedResults": {
      const body = { kind, size: countOf(element(content, TAG.integer)), cookie: viewOf(element(content, TAG.octetString)) };
      content.finish();
      return body;
    }
    case "syncRequest": {
      const mode = modeOf(element(content, TAG.enumerated));
      const cookie = cookieOf(content);
      return { kind, mode, ...cookie, reloadHint: lastFlag(content) };
    }
    case "syncState": {
      const state = stateOf(element(content, TAG.enumerated));
      const entryUuid = uuidOf(element(content, TAG.octetString));
      const cookie = cookieOf(content);
      content.finish();
      return { kind, state, entryUuid, ...cookie };
    }
    case "syncDone": {
      const cookie = cookieOf(content);
      return { kind, ...cookie, refreshDeletes: lastFlag(content) };
    }
    default:
      return absurd(kind);
  }
}

function writeControl(writer: Writer, value: Control): void {
  writeElement(writer, TAG.sequence, (inner) => {
    writeText(inner, TAG.octetString, value.kind === "unknown" ? value.oid : CONTROL_OID[value.kind]);
    if (value.critical) writeBoolean(inner, TAG.boolean, true);
    if (value.kind !== "unknown")
      writeElement(inner, TAG.octetString, (wrapped) => writeElement(wrapped, TAG.sequence, (body) => writeBody(body, value)));
    else if (value.value !== undefined) writeBytes(inner, TAG.octetString, value.value);
  });
}

function writeBody(writer: Writer, value: Body): void {
  switch (value.kind) {
    case "pagedResults":
      writeInteger(writer, TAG.integer, value.size);
      return writeBytes(writer, TAG.octetString, value.cookie);
    case "syncRequest":
      writeInteger(writer, TAG.enumerated, SYNC_MODES[value.mode]);
      if (value.cookie !== undefined) writeBytes(writer, TAG.octetString, value.cookie);
      if (value.reloadHint) writeBoolean(writer, TAG.boolean, true);
      return;
    case "syncState":
      writeInteger(writer, TAG.enumerated, SYNC_STATES.indexOf(value.state));
      writeBytes(writer, TAG.octetString, value.entryUuid);
      if (value.cookie !== undefined) writeBytes(writer, TAG.octetString, value.cookie);
      return;
    case "syncDone":
      if (value.cookie !== undefined) writeBytes(writer, TAG.octetString, value.cookie);
      if (value.refreshDeletes) writeBoolean(writer, TAG.boolean, true);
      return;
    default:
      return absurd(value);
  }
}

/** A cookie is there or not; an empty one is there. */
export function cookieOf(content: Reader): { readonly cookie?: Uint8Array } {
  const cookie = optionalElement(content, TAG.octetString);
  return cookie === undefined ? {} : { cookie: viewOf(cookie) };
}

export function uuidOf(content: Reader): Uint8Array {
  if (content.remaining !== UUID_BYTES) throw new WireError("bad-length", content.offset);
  return viewOf(content);
}

function lastFlag(content: Reader): boolean {
  const flag = optionalElement(content, TAG.boolean);
  content.finish();
  return flag !== undefined && booleanOf(flag);
}

function modeOf(content: Reader): SyncMode {
  const offset = content.offset;
  const value = countOf(content);
  if (value === SYNC_MODES.refreshOnly) return "refreshOnly";
  if (value === SYNC_MODES.refreshAndPersist) return "refreshAndPersist";
  throw new WireError("bad-value", offset);
}

function stateOf(content: Reader): SyncStateName {
  const offset = content.offset;
  const state = SYNC_STATES[countOf(content)];
  if (state === undefined) throw new WireError("bad-value", offset);
  return state;
}
