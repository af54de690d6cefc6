/**
 * Acquisitions from a server of our own, in a world where nothing leaves the program: what the first real one needs is compiled by then,
 * and the runtime has seen it a few times. A host waits for those milliseconds.
 */
import type { Ipv4Address } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { UplinkAddress } from "../../ports/kernel.ts";
import { chaddr } from "../../wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../../wire/dhcp4/message.ts";
import { encodeUdpFrame } from "../../wire/ip/udp.ts";
import { standingClock } from "../standing-clock.ts";
import { standardUplink } from "./config.ts";
import { Uplink4 } from "./service.ts";

/** What would have left the service, for whoever carries it. */
export type Rehearsed = {
  readonly sent: readonly { readonly from: MacAddress; readonly tos: number; readonly payload: Uint8Array }[];
  readonly answers: readonly Uint8Array[];
  readonly configured: readonly UplinkAddress[];
};

const LINK = { index: 1, name: "rehearsal0", running: true, mac: "02:00:5e:10:00:01" as MacAddress };
const SERVER = "192.0.2.1" as Ipv4Address;
const SERVER_MAC = "02:00:5e:10:00:02" as MacAddress;
const ADDRESS = "192.0.2.2" as Ipv4Address;
const PORTS = { sourcePort: 67, destinationPort: 68 } as const;

export function rehearse(): Rehearsed {
  const sent: Rehearsed["sent"][number][] = [];
  const answers: Uint8Array[] = [];
  const configured: UplinkAddress[] = [];
  const due: (() => void)[] = [];
  const service = new Uplink4({
    clock: standingClock(due),
    datagrams: { broadcast: (_link, from, tos, payload) => void sent.push({ from, tos, payload }), unicast: nothing },
    arp: { open: nothing, close: nothing, send: nothing },
    kernel: { configure: (_link, _name, wanted) => void configured.push(wanted), deconfigure: nothing },
    host: { publish: nothing, withdraw: nothing },
    events: { tell: nothing },
    records: { save: nothing, remove: nothing },
    sockets: { open: nothing, close: nothing },
    log: { write: nothing },
  });
  service.configure({ interfaces: [{ ...standardUplink(LINK.name), conflictDetection: "off" }] });
  service.linkNews(LINK);
  service.linksListed(new Set([LINK.index]));
  service.socketReady(LINK.index);
  for (const messageType of ["offer", "ack"] as const) {
    for (const ring of due.splice(0)) ring();
    const question = sent.at(-1);
    if (question === undefined) break;
    const frame = answerTo(decodeDhcp4(question.payload), messageType);
    answers.push(frame);
    service.frame(LINK.index, frame, "verify");
  }
  return { sent, answers, configured };
}

function answerTo({ xid }: Dhcp4Message, messageType: "offer" | "ack"): Uint8Array {
  const options = {
    messageType,
    serverId: SERVER,
    leaseSeconds: 3600,
    subnetMask: "255.255.255.0" as Ipv4Address,
    routers: [SERVER],
    dnsServers: [SERVER],
  };
  const payload = encodeDhcp4(dhcp4({ op: "reply", xid, yiaddr: ADDRESS, chaddr: chaddr(LINK.mac), options }));
  return encodeUdpFrame({ sourceMac: SERVER_MAC, destinationMac: LINK.mac, source: SERVER, destination: ADDRESS, ...PORTS, payload });
}

function nothing(): void {}
