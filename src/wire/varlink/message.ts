/** Varlink calls and replies, strictly: every field is one we know and of its type. */
import type { Codec } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { isObject, type Json, type JsonObject, json } from "./json.ts";

/** How many replies a caller wants: one, any number, none; or to leave Varlink after the reply. */
export type CallMode = "single" | "more" | "oneway" | "upgrade";
export type VarlinkCall = { readonly method: string; readonly parameters: JsonObject; readonly mode: CallMode };
export type VarlinkReply =
  /** `continues`: further replies to the same call follow. */
  | { readonly kind: "reply"; readonly parameters: JsonObject; readonly continues: boolean }
  | { readonly kind: "error"; readonly error: string; readonly parameters: JsonObject };

/** Errors every service may answer. */
export const VARLINK_ERROR = {
  interfaceNotFound: "org.varlink.service.InterfaceNotFound",
  methodNotFound: "org.varlink.service.MethodNotFound",
  methodNotImplemented: "org.varlink.service.MethodNotImplemented",
  invalidParameter: "org.varlink.service.InvalidParameter",
  permissionDenied: "org.varlink.service.PermissionDenied",
  expectedMore: "org.varlink.service.ExpectedMore",
} as const;

/** An interface in reverse-domain form and a member: `io.systemd.UserDatabase.GetUserRecord`. */
const MEMBER = /^[A-Za-z](?:-*[A-Za-z0-9])*(?:\.[A-Za-z0-9](?:-*[A-Za-z0-9])*)+\.[A-Z][A-Za-z0-9]*$/;
const MODES = ["more", "oneway", "upgrade"] as const;
const CALL_FIELDS: readonly string[] = ["method", "parameters", ...MODES];
const REPLY_FIELDS: readonly string[] = ["parameters", "continues", "error"];

/** One call without its NUL. `parameters` that are absent or null are empty. */
export const varlinkCall: Codec<VarlinkCall> = {
  decode: (reader) => {
    const offset = reader.offset;
    const fields = fieldsOf(json.decode(reader), CALL_FIELDS, offset);
    const modes = MODES.filter((mode) => flagOf(fields[mode], offset));
    if (modes.length > 1) throw new WireError("bad-value", offset);
    return { method: memberOf(fields["method"], offset), parameters: parametersOf(fields["parameters"], offset), mode: modes[0] ?? "single" };
  },
  encode: (writer, { method, parameters, mode }) => json.encode(writer, { method, parameters, ...(mode === "single" ? {} : { [mode]: true }) }),
};

/** One reply without its NUL. */
export const varlinkReply: Codec<VarlinkReply> = {
  decode: (reader) => {
    const offset = reader.offset;
    const fields = fieldsOf(json.decode(reader), REPLY_FIELDS, offset);
    const parameters = parametersOf(fields["parameters"], offset);
    const continues = flagOf(fields["continues"], offset);
    if (fields["error"] === undefined) return { kind: "reply", parameters, continues };
    if (continues) throw new WireError("bad-value", offset);
    return { kind: "error", error: memberOf(fields["error"], offset), parameters };
  },
  encode: (writer, reply) => {
    if (reply.kind === "error") json.encode(writer, { error: reply.error, parameters: reply.parameters });
    else json.encode(writer, { parameters: reply.parameters, ...(reply.continues ? { continues: true } : {}) });
  },
};

/** As it goes into a stream, with its NUL. JSON writes a NUL inside text as an escape, so none can be in the middle. */
export function terminated<T>(codec: Codec<T>): Codec<T> {
  return {
    decode: (reader) => {
      const value = codec.decode(reader.sub(Math.max(0, reader.remaining - 1)));
      const offset = reader.offset;
      if (reader.u8() !== 0) throw new WireError("bad-value", offset);
      return value;
    },
    encode: (writer, value) => {
      codec.encode(writer, value);
      writer.u8(0);
    },
  };
}

function fieldsOf(value: Json, known: readonly string[], offset: number): JsonObject {
  if (!isObject(value) || Object.keys(value).some((name) => !known.includes(name))) throw new WireError("bad-value", offset);
  return value;
}

function memberOf(value: Json | undefined, offset: number): string {
  if (typeof value !== "string" || value.length > 255 || !MEMBER.test(value)) throw new WireError("bad-value", offset);
  return value;
}

function parametersOf(value: Json | undefined, offset: number): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new WireError("bad-value", offset);
  return value;
}

function flagOf(value: Json | undefined, offset: number): boolean {
  if (value !== undefined && typeof value !== "boolean") throw new WireError("bad-value", offset);
  return value === true;
}
