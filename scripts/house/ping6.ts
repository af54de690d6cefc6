/** An ICMPv6 echo from the namespace of another process. */
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { AF, check, native, SOCK } from "../../src/platform/native.ts";
import { inet6Address } from "../../src/platform/inet6-sockets.ts";
import { insideOf } from "./rows/inside.ts";
import { pause } from "./rows/row.ts";

const ICMPV6 = 58;
const ECHO_REQUEST = 128;
const ECHO_REPLY = 129;
const TRIES = 10;
const PAUSE_MS = 50;

/** @returns whether the target answered within half a second */
export async function ping6(pid: number, target: Ipv6Address): Promise<boolean> {
  const fd = insideOf(pid, () => check(native().socket(AF.inet6, SOCK.raw, ICMPV6), "socket"));
  const identifier = Uint8Array.of(0x4c, 0x48);
  try {
    for (let sequence = 0; sequence < TRIES; sequence++) {
      // the kernel fills in the checksum of this protocol
      native().sendTo(fd, Uint8Array.of(ECHO_REQUEST, 0, 0, 0, ...identifier, 0, sequence), inet6Address(target, 0, 0), 0);
      await pause(PAUSE_MS);
      if (answered(fd, identifier)) return true;
    }
    return false;
  } finally {
    native().close(fd);
  }
}

/** Raw sockets hear every ICMPv6 message of the namespace, without its IP header. */
function answered(fd: number, identifier: Uint8Array): boolean {
  const buffer = new Uint8Array(2048);
  for (;;) {
    const length = native().recvFrom(fd, buffer, undefined, 0);
    if (length < 0) return false;
    if (length >= 8 && buffer[0] === ECHO_REPLY && buffer[4] === identifier[0] && buffer[5] === identifier[1]) return true;
  }
}
