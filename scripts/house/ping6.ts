/** An ICMPv6 echo from an address of a host in one namespace, and who hears it in another. */
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { AF, check, native, SOCK } from "../../src/platform/native.ts";
import { inet6Address, readInet6Address, SOCKADDR_BYTES } from "../../src/platform/inet6-sockets.ts";
import { insideOf } from "./rows/inside.ts";
import { pause } from "./rows/row.ts";

const ICMPV6 = 58;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const HEADER_BYTES = 8;
const TRIES = 10;
const PAUSE_MS = 50;

export type Echo = {
  /** Process ids in the namespaces of the host that asks and of the target. */
  readonly from: number;
  readonly at: number;
  readonly source: Ipv6Address;
  readonly target: Ipv6Address;
};
export type Echoed = {
  readonly answered: boolean;
  /** The target's kernel had a question from the source. */
  readonly heard: boolean;
};

/** Asks for half a second, until there was an answer. */
export async function ping6({ from, at, source, target }: Echo): Promise<Echoed> {
  const identifier = process.pid & 0xffff;
  const opened: number[] = [];
  const open = (pid: number): number => {
    const fd = insideOf(pid, () => check(native().socket(AF.inet6, SOCK.raw, ICMPV6), "socket"));
    opened.push(fd);
    return fd;
  };
  let echoed: Echoed = { answered: false, heard: false };
  try {
    const asking = open(from);
    const hearing = open(at);
    check(native().bind(asking, inet6Address(source, 0, 0)), "bind");
    for (let sequence = 0; sequence < TRIES && !echoed.answered; sequence++) {
      // the kernel fills in the checksum of this protocol
      const question = Uint8Array.of(ECHO_REQUEST, 0, 0, 0, identifier >> 8, identifier & 255, 0, sequence);
      native().sendTo(asking, question, inet6Address(target, 0, 0), 0);
      await pause(PAUSE_MS);
      echoed = {
        answered: sendersOf(asking, ECHO_REPLY, identifier).includes(target),
        heard: echoed.heard || sendersOf(hearing, ECHO_REQUEST, identifier).includes(source),
      };
    }
    return echoed;
  } finally {
    for (const fd of opened) native().close(fd);
  }
}

/** Of such messages that came in since; raw sockets hear every ICMPv6 message for their namespace, without its IP header. */
function sendersOf(fd: number, type: number, identifier: number): readonly Ipv6Address[] {
  const senders: Ipv6Address[] = [];
  const buffer = new Uint8Array(2048);
  const sender = new Uint8Array(SOCKADDR_BYTES);
  for (;;) {
    const length = native().recvFrom(fd, buffer, sender, 0);
    if (length < 0) return senders;
    const [kind, , , , high = 0, low = 0] = buffer;
    if (length >= HEADER_BYTES && kind === type && high * 256 + low === identifier) senders.push(readInet6Address(sender).address);
  }
}
