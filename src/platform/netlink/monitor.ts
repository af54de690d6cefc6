/** Opens route netlink sockets: for questions and changes, or joined to groups of events for a role to read. */
import { Writer } from "../../base/cursor.ts";
import { AF, check, native, SO, SOCK, SOL } from "../native.ts";

const NETLINK_ROUTE = 0;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const ONE = new Uint8Array(new Int32Array([1]).buffer);

/** @param groups GROUP numbers; events of these are received */
export function openNetlink(groups: readonly number[]): number {
  const fd = check(native().socket(AF.netlink, SOCK.raw, NETLINK_ROUTE), "socket netlink");
  for (const option of [NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) native().setSockOpt(fd, SOL.netlink, option, ONE); // older kernels have neither
  native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, new Uint8Array(new Int32Array([RECEIVE_BUFFER_BYTES]).buffer));
  check(native().bind(fd, netlinkAddress(groups)), "bind netlink");
  return fd;
}

/** A socket that main opens and the frontend reads. */
export function openMonitor(groups: readonly number[]): number {
  return openNetlink(groups);
}

/** struct sockaddr_nl */
function netlinkAddress(groups: readonly number[]): Uint8Array {
  const writer = new Writer(12);
  writer.hostU16(AF.netlink);
  writer.zeros(6);
  writer.hostU32(groups.reduce((mask, group) => mask | (1 << (group - 1)), 0) >>> 0);
  return writer.take();
}
