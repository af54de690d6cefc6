/** What other people's DHCPv4 servers write into their lease files, read as one kind of thing: the leases that run now. */
import { readFileSync } from "node:fs";

export type PeerLease4 = { readonly address: string; readonly mac: string; readonly expiresAtSeconds: number };

/** address,hwaddr,client_id,valid_lifetime,expire,...: the last line of an address counts; a lifetime of 0 takes it back. */
export function keaLeases4(text: string): readonly PeerLease4[] {
  const rows = lines(text)
    .slice(1)
    .map((line) => line.split(","));
  const last = new Map(rows.map(([address = "", mac = "", , valid = "", expire = ""]) => [address, { address, mac, valid, expire }]));
  return [...last.values()]
    .filter(({ valid }) => valid !== "0")
    .map(({ address, mac, expire }) => ({ address, mac, expiresAtSeconds: Number(expire) }));
}

/** One block a change, `ends epoch SECONDS`: the last of an address counts. */
export function iscLeases4(text: string): readonly PeerLease4[] {
  const blocks = [...text.matchAll(/^lease (\S+) \{\n([\s\S]*?)^\}/gm)];
  const last = new Map(blocks.map(([, address = "", body = ""]) => [address, body]));
  return [...last].flatMap(([address, body]) => {
    const mac = /hardware ethernet (\S+);/.exec(body)?.[1];
    const ends = /^\s*ends epoch (\d+);/m.exec(body)?.[1];
    const runs = /^\s*binding state active;/m.test(body);
    return runs && mac !== undefined && ends !== undefined ? [{ address, mac, expiresAtSeconds: Number(ends) }] : [];
  });
}

/** expiry mac address name clientid */
export function dnsmasqLeases4(text: string): readonly PeerLease4[] {
  return lines(text)
    .map((line) => line.split(" "))
    .map(([expire = "", mac = "", address = ""]) => ({ address, mac, expiresAtSeconds: Number(expire) }));
}

/**
 * Busybox's: when it was written (64 bits), then rows of seconds left, address, hardware address and name. An offer stands there too, for a
 * minute: longer than any lease it is told to give.
 * @returns undefined while it is being written
 */
export function udhcpdLeases4(file: string, leaseSeconds: number): readonly PeerLease4[] | undefined {
  const bytes = readFileSync(file);
  if (bytes.length < UDHCPD_HEADER_BYTES) return undefined;
  const writtenAt = Number(bytes.readBigInt64BE(0));
  const rows: PeerLease4[] = [];
  for (let at = UDHCPD_HEADER_BYTES; at + UDHCPD_ROW_BYTES <= bytes.length; at += UDHCPD_ROW_BYTES) {
    const row = bytes.subarray(at, at + UDHCPD_ROW_BYTES);
    const mac = row
      .subarray(8, 14)
      .toString("hex")
      .replace(/..(?!$)/g, "$&:");
    const leftSeconds = row.readInt32BE(0);
    if (leftSeconds > 0 && leftSeconds <= leaseSeconds)
      rows.push({ address: row.subarray(4, 8).join("."), mac, expiresAtSeconds: writtenAt + leftSeconds });
  }
  return rows;
}

const UDHCPD_HEADER_BYTES = 8;
const UDHCPD_ROW_BYTES = 36;

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
