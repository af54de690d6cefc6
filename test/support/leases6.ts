/** The lease files of other people's DHCPv6 servers. The last word on an address or prefix counts. */

export type PeerLease6 = {
  readonly kind: "address" | "prefix";
  readonly address: string;
  readonly prefixLength: number;
  /** Hexadecimal, without separators. */
  readonly duid: string;
  readonly iaid: number;
  readonly validSeconds: number;
  readonly expiresAtSeconds: number;
};

/** address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,...,state,...; lease types 0 and 2. */
export function keaLeases6(csv: string): readonly PeerLease6[] {
  const rows = csv.split("\n").slice(1);
  const all = rows.filter((row) => row !== "").map((row) => row.split(","));
  const leases = all.map(
    ([address = "", duid = "", valid = "", expire = "", , , type = "", iaid = "", length = ""]): PeerLease6 => ({
      kind: type === "2" ? "prefix" : "address",
      address,
      prefixLength: Number(length),
      duid: duid.replaceAll(":", ""),
      iaid: Number(iaid),
      validSeconds: Number(valid),
      expiresAtSeconds: Number(expire),
    }),
  );
  return latest(leases);
}

/** ia-na HEX { cltt ...; iaaddr ADDRESS { binding state active; preferred-life N; max-life N; ends 6 YYYY/MM/DD HH:MM:SS; } } */
export function iscLeases6(text: string): readonly PeerLease6[] {
  const blocks = [...text.matchAll(/^ia-(na|pd) (\S+) \{\n(.*?)^\}/gms)];
  const leases = blocks.flatMap(([, , id = "", body = ""]) => {
    const bytes = id.replace(/^"|"$/g, "").replaceAll(":", "");
    const parts = [...body.matchAll(/^ {2}ia(addr|prefix) (\S+) \{\n(.*?)^ {2}\}/gms)];
    return parts
      .filter(([, , , inner = ""]) => inner.includes("binding state active"))
      .map(([, kind, at = "", inner = ""]) => iscLease(bytes, kind, at, inner));
  });
  return latest(leases);
}

function iscLease(bytes: string, kind: string | undefined, at: string, inner: string): PeerLease6 {
  const [address = "", length = "128"] = at.split("/");
  const [, day = "", time = ""] = /ends \d (\S+) (\S+);/.exec(inner) ?? [];
  return {
    kind: kind === "prefix" ? "prefix" : "address",
    address,
    prefixLength: Number(length),
    duid: bytes.slice(8),
    iaid: Buffer.from(bytes.slice(0, 8), "hex").readUInt32LE(), // the file has it in the order of the machine
    validSeconds: Number(/max-life (\d+);/.exec(inner)?.[1] ?? 0),
    expiresAtSeconds: Date.parse(`${day.replaceAll("/", "-")}T${time}Z`) / 1000,
  };
}

function latest(leases: readonly PeerLease6[]): readonly PeerLease6[] {
  const byKey = new Map(leases.map((lease) => [`${lease.address}/${lease.prefixLength}`, lease]));
  return [...byKey.values()].filter(({ validSeconds }) => validSeconds > 0);
}
