/** One Reconfigure message (RFC 9915 §18.3.11, §21.19): to the client itself, or back along the relays it was last heard over (§19.3). */
import { type Duid, duidBytes } from "../../../base/duid.ts";
import { ipv6Bytes } from "../../../base/ipv6.ts";
import type { Note } from "../../leases/note.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION, PORT, TYPE } from "./codes.ts";
import type { ReconfigureKeys } from "./reconfigure-keys.ts";
import type { ReconfigurePurpose } from "./reconfigure-tries.ts";

export type ReconfigureTo = {
  readonly server: Uint8Array;
  readonly link: number;
  readonly duid: Duid;
  readonly purpose: ReconfigurePurpose;
  readonly note: Note;
  /** The kernel's index of the interface it leaves by. */
  readonly index: number;
};

export function sendReconfigure({ server, link, duid, purpose, note, index }: ReconfigureTo, keys: ReconfigureKeys, out: ReplyBatch): void {
  out.begin();
  const lengthAts = note.relays.map((relay) => {
    out.u8(TYPE.relayReply);
    out.u8(relay.hopCount);
    out.copy(ipv6Bytes(relay.linkAddress), 0, 16);
    out.copy(ipv6Bytes(relay.peerAddress), 0, 16);
    if (relay.interfaceId !== undefined) {
      out.option(OPTION.interfaceId, relay.interfaceId.length);
      out.copy(relay.interfaceId, 0, relay.interfaceId.length);
    }
    if (relay.relayPort !== undefined) {
      out.option(OPTION.relayPort, 2);
      out.u16(relay.relayPort);
    }
    return out.option(OPTION.relayMessage, 0);
  });
  writeMessage({ server, duid, purpose }, { keys, owner: { link, peer: ipv6Bytes(note.peer), duid: duidBytes(duid) } }, out);
  for (const lengthAt of lengthAts) out.endOption(lengthAt);
  const [outermost] = note.relays;
  const relayPort = outermost?.relayPort === undefined ? PORT.server : (note.source?.port ?? PORT.server);
  const to = ipv6Bytes(outermost === undefined ? note.peer : (note.source?.address ?? note.peer));
  out.finish({ link: index, port: outermost === undefined ? PORT.client : relayPort, held: false }, to, 0);
}

type Signing = { readonly keys: ReconfigureKeys; readonly owner: Parameters<ReconfigureKeys["keyOf"]>[0] };

/** Transaction 0; nothing but these four options may stand in it. */
function writeMessage(
  { server, duid, purpose }: Pick<ReconfigureTo, "server" | "duid" | "purpose">,
  { keys, owner }: Signing,
  out: ReplyBatch,
): void {
  const start = out.end;
  out.u32(TYPE.reconfigure << 24);
  out.option(OPTION.serverId, server.length);
  out.copy(server, 0, server.length);
  const client = duidBytes(duid);
  out.option(OPTION.clientId, client.length);
  out.copy(client, 0, client.length);
  out.option(OPTION.reconfigureMessage, 1);
  out.u8(purpose);
  keys.writeDigest(owner, start, out);
}
