/** Which messages are served at all: one row for each type, and the identifiers it must carry or must not (RFC 9915 §16). */
import { TYPE } from "./codes.ts";
import { type ClientMessage, isClient, isServer } from "./message.ts";
import type { Refusal } from "./refusals.ts";

type Rule = {
  readonly clientId: "required" | "optional";
  readonly serverId: "ours" | "absent" | "absent or ours";
  readonly ias: "allowed" | "forbidden";
};

const RULES: readonly (Rule | "others" | undefined)[] = rules({
  [TYPE.solicit]: { clientId: "required", serverId: "absent", ias: "allowed" }, // §16.2
  [TYPE.advertise]: "others", // §16.3
  [TYPE.request]: { clientId: "required", serverId: "ours", ias: "allowed" }, // §16.4
  [TYPE.confirm]: { clientId: "required", serverId: "absent", ias: "allowed" }, // §16.5
  [TYPE.renew]: { clientId: "required", serverId: "ours", ias: "allowed" }, // §16.6
  [TYPE.rebind]: { clientId: "required", serverId: "absent", ias: "allowed" }, // §16.7
  [TYPE.reply]: "others", // §16.10
  [TYPE.release]: { clientId: "required", serverId: "ours", ias: "allowed" }, // §16.9
  [TYPE.decline]: { clientId: "required", serverId: "ours", ias: "allowed" }, // §16.8
  [TYPE.reconfigure]: "others", // §16.11
  [TYPE.informationRequest]: { clientId: "optional", serverId: "absent or ours", ias: "forbidden" }, // §16.12
  [TYPE.relayForward]: "others",
  [TYPE.relayReply]: "others", // §16.14
});

/** @param toGroup whether it came by a relay or was sent to a group: clients have no other way (RFC 9915 §16) */
export function admit(message: ClientMessage, duid: Uint8Array, toGroup: boolean): Refusal | undefined {
  const rule = RULES[message.type];
  if (rule === undefined) return "unknown-type";
  if (rule === "others") return "not-for-servers";
  if (!toGroup) return "unicast";
  if (rule.clientId === "required" && message.clientIdLength === 0) return "client-id-missing";
  if (isClient(message, duid)) return "client-is-ourselves";
  if (message.serverIdLength === 0) {
    if (rule.serverId === "ours") return "server-id-missing";
  } else {
    if (rule.serverId === "absent") return "server-id-present";
    if (!isServer(message, duid)) return "server-id-foreign";
  }
  return rule.ias === "forbidden" && message.anyIa ? "ia-in-information-request" : undefined;
}

function rules(given: Readonly<Record<number, Rule | "others">>): readonly (Rule | "others" | undefined)[] {
  return Array.from({ length: 256 }, (_, type) => given[type]);
}
