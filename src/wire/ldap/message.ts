/** LDAPMessage (RFC 4511 §4.1.1): an id, one operation, controls. */
import { type Codec, decodeAll, encodeAll } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { anyElement, countOf, element, integerOf, skipExtensions, TAG, writeBytes, writeElement, writeInteger } from "./ber.ts";
import { type Control, readControls, writeControls } from "./controls.ts";
import { EXTENDED_OID, type ExtendedResponse, type Operation, OPERATION_TAG } from "./operations.ts";
import { readBind, readBound, writeBind, writeBound } from "./bind.ts";
import {
  readExtendedRequest,
  readExtendedResponse,
  readIntermediate,
  writeExtendedRequest,
  writeExtendedResponse,
  writeIntermediate,
} from "./extended.ts";
import { readResult, readUris, writeResult, writeUris } from "./result.ts";
import { readEntry, readSearch, writeEntry, writeSearch } from "./search.ts";

/** `id` is 1 to 2^31-1, and 0 in what a server says unasked. */
export type LdapMessage = { readonly id: number; readonly operation: Operation; readonly controls: readonly Control[] };

const KINDS = new Map(Object.entries(OPERATION_TAG).map(([kind, tag]) => [tag, kind as Operation["kind"]]));

/** An operation we do not speak is `unsupported`. */
export const ldapMessage: Codec<LdapMessage> = {
  decode: (reader) => {
    const message = element(reader, TAG.sequence);
    const id = countOf(element(message, TAG.integer));
    const offset = message.offset;
    const { tag, content } = anyElement(message);
    const kind = KINDS.get(tag);
    if (kind === undefined) throw new WireError("unsupported", offset);
    const operation = readOperation(kind, content);
    content.finish();
    const controls = readControls(message);
    skipExtensions(message);
    return { id, operation, controls };
  },
  encode: (writer, { id, operation, controls }) => {
    writeElement(writer, TAG.sequence, (message) => {
      writeInteger(message, TAG.integer, id);
      if (operation.kind === "abandonRequest") writeInteger(message, OPERATION_TAG.abandonRequest, operation.id);
      else if (operation.kind === "unbindRequest") writeBytes(message, OPERATION_TAG.unbindRequest, new Uint8Array(0));
      else writeElement(message, OPERATION_TAG[operation.kind], (content) => writeOperation(content, operation));
      writeControls(message, controls);
    });
  },
};

/** One message as `LdapFrames` gives it; values stay views into it. */
export function decodeLdap(bytes: Uint8Array): LdapMessage {
  return decodeAll(ldapMessage, bytes);
}

export function encodeLdap(message: LdapMessage): Uint8Array {
  return encodeAll(ldapMessage, message);
}

/** The server says that it will close the connection (RFC 4511 §4.4.1). @returns what it says, or undefined for any other message */
export function noticeOfDisconnection({ id, operation }: LdapMessage): ExtendedResponse | undefined {
  return id === 0 && operation.kind === "extendedResponse" && operation.name === EXTENDED_OID.noticeOfDisconnection ? operation : undefined;
}

function readOperation(kind: Operation["kind"], content: Reader): Operation {
  switch (kind) {
    case "bindRequest":
      return readBind(content);
    case "bindResponse":
      return readBound(content);
    case "unbindRequest":
      return { kind };
    case "searchRequest":
      return readSearch(content);
    case "searchResultEntry":
      return readEntry(content);
    case "searchResultReference":
      return { kind, uris: readUris(content) };
    case "searchResultDone": {
      const result = readResult(content);
      skipExtensions(content);
      return { kind, result };
    }
    case "extendedRequest":
      return readExtendedRequest(content);
    case "extendedResponse":
      return readExtendedResponse(content);
    case "intermediateResponse":
      return readIntermediate(content);
    case "abandonRequest": {
      const offset = content.offset;
      const id = integerOf(content);
      if (id < 0) throw new WireError("bad-value", offset);
      return { kind, id };
    }
    default:
      return absurd(kind);
  }
}

function writeOperation(content: Writer, operation: Exclude<Operation, { kind: "abandonRequest" | "unbindRequest" }>): void {
  switch (operation.kind) {
    case "bindRequest":
      return writeBind(content, operation);
    case "bindResponse":
      return writeBound(content, operation);
    case "searchRequest":
      return writeSearch(content, operation);
    case "searchResultEntry":
      return writeEntry(content, operation);
    case "searchResultReference":
      return writeUris(content, operation.uris);
    case "searchResultDone":
      return writeResult(content, operation.result);
    case "extendedRequest":
      return writeExtendedRequest(content, operation);
    case "extendedResponse":
      return writeExtendedResponse(content, operation);
    case "intermediateResponse":
      return writeIntermediate(content, operation);
    default:
      return absurd(operation);
  }
}
