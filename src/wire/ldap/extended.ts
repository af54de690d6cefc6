/** Extended operations (RFC 4511 §4.12, StartTLS among them) and intermediate responses (§4.13). */
import type { Reader, Writer } from "../../base/cursor.ts";
import { element, optionalElement, skipExtensions, textOf, viewOf, writeBytes, writeText } from "./ber.ts";
import type { ExtendedRequest, ExtendedResponse, IntermediateResponse } from "./operations.ts";
import { readResult, writeResult } from "./result.ts";

type Tags = { readonly name: number; readonly value: number };
const REQUEST: Tags = { name: 0x80, value: 0x81 };
const RESPONSE: Tags = { name: 0x8a, value: 0x8b };

export function readExtendedRequest(content: Reader): ExtendedRequest {
  const name = textOf(element(content, REQUEST.name));
  const value = optionalElement(content, REQUEST.value);
  skipExtensions(content);
  return { kind: "extendedRequest", name, ...(value === undefined ? {} : { value: viewOf(value) }) };
}

export function writeExtendedRequest(writer: Writer, request: ExtendedRequest): void {
  writeParts(writer, REQUEST, request);
}

export function readExtendedResponse(content: Reader): ExtendedResponse {
  const result = readResult(content);
  return { kind: "extendedResponse", result, ...readParts(content, RESPONSE) };
}

export function writeExtendedResponse(writer: Writer, response: ExtendedResponse): void {
  writeResult(writer, response.result);
  writeParts(writer, RESPONSE, response);
}

export function readIntermediate(content: Reader): IntermediateResponse {
  return { kind: "intermediateResponse", ...readParts(content, REQUEST) };
}

export function writeIntermediate(writer: Writer, response: IntermediateResponse): void {
  writeParts(writer, REQUEST, response);
}

function readParts(content: Reader, tags: Tags): { readonly name?: string; readonly value?: Uint8Array } {
  const name = optionalElement(content, tags.name);
  const value = optionalElement(content, tags.value);
  skipExtensions(content);
  return { ...(name === undefined ? {} : { name: textOf(name) }), ...(value === undefined ? {} : { value: viewOf(value) }) };
}

function writeParts(writer: Writer, tags: Tags, { name, value }: { readonly name?: string; readonly value?: Uint8Array }): void {
  if (name !== undefined) writeText(writer, tags.name, name);
  if (value !== undefined) writeBytes(writer, tags.value, value);
}
