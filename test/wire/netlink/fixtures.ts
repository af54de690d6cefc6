/** What a named kernel sent, as files: NAME.hex with the command that caused it, NAME.json with what is in it. */
import { readdirSync, readFileSync } from "node:fs";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { readEvents } from "../../../src/wire/netlink/events.ts";
import type { NetlinkMessage } from "../../../src/wire/netlink/message.ts";

const FOLDER = new URL("../../../fixtures/netlink/", import.meta.url);

export type Fixture = { readonly name: string; readonly datagrams: readonly Uint8Array[]; readonly values: readonly unknown[] };

export function fixtures(): readonly Fixture[] {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".hex"))
    .map((file) => file.slice(0, -4));
  return names.map((name) => {
    const parts = readFileSync(new URL(`${name}.hex`, FOLDER), "utf8")
      .split(/^# datagram .*$/m)
      .slice(1);
    return { name, datagrams: parts.map(bytesOf), values: JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as unknown[] };
  });
}

/** Events as they stand in a file. */
export function eventsOf(datagram: Uint8Array): unknown {
  const { events, overrun, refused } = readEvents(datagram);
  return { events, ...(overrun ? { overrun } : {}), ...(refused.length > 0 ? { refused: refused.map(({ message }) => message) } : {}) };
}

/** Messages as they stand in a file: bytes in hex. */
export function messagesOf(messages: readonly NetlinkMessage[]): unknown {
  return messages.map((message) => {
    if (message.kind === "data") return { ...message, body: toHex(message.body) };
    return message.kind === "error" ? { ...message, echo: toHex(message.echo) } : message;
  });
}
