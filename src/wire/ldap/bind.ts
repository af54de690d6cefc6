/** Bind requests and responses (RFC 4511 §4.2): simple, and SASL with its mechanism and credentials. */
import type { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import {
  anyElement,
  countOf,
  element,
  optionalElement,
  skipExtensions,
  TAG,
  textOf,
  viewOf,
  writeBytes,
  writeElement,
  writeInteger,
  writeText,
} from "./ber.ts";
import type { Authentication, BindRequest, BindResponse } from "./operations.ts";
import { readResult, writeResult } from "./result.ts";

const SIMPLE = 0x80;
const SASL = 0xa3;
const SERVER_CREDENTIALS = 0x87;
const MOST_VERSION = 127;

export function readBind(content: Reader): BindRequest {
  const offset = content.offset;
  const version = countOf(element(content, TAG.integer));
  if (version < 1 || version > MOST_VERSION) throw new WireError("bad-value", offset);
  const name = textOf(element(content, TAG.octetString));
  const authentication = readAuthentication(content);
  skipExtensions(content);
  return { kind: "bindRequest", version, name, authentication };
}

export function writeBind(writer: Writer, { version, name, authentication }: BindRequest): void {
  writeInteger(writer, TAG.integer, version);
  writeText(writer, TAG.octetString, name);
  if (authentication.kind === "simple") return writeBytes(writer, SIMPLE, authentication.password);
  writeElement(writer, SASL, (inner) => {
    writeText(inner, TAG.octetString, authentication.mechanism);
    if (authentication.credentials !== undefined) writeBytes(inner, TAG.octetString, authentication.credentials);
  });
}

export function readBound(content: Reader): BindResponse {
  const result = readResult(content);
  const credentials = optionalElement(content, SERVER_CREDENTIALS);
  skipExtensions(content);
  return { kind: "bindResponse", result, ...(credentials === undefined ? {} : { serverCredentials: viewOf(credentials) }) };
}

export function writeBound(writer: Writer, { result, serverCredentials }: BindResponse): void {
  writeResult(writer, result);
  if (serverCredentials !== undefined) writeBytes(writer, SERVER_CREDENTIALS, serverCredentials);
}

function readAuthentication(reader: Reader): Authentication {
  const offset = reader.offset;
  const { tag, content } = anyElement(reader);
  if (tag === SIMPLE) return { kind: "simple", password: viewOf(content) };
  if (tag !== SASL) throw new WireError("unsupported", offset);
  const mechanism = textOf(element(content, TAG.octetString));
  const credentials = optionalElement(content, TAG.octetString);
  content.finish();
  return { kind: "sasl", mechanism, ...(credentials === undefined ? {} : { credentials: viewOf(credentials) }) };
}
