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
    return parts.map(([, kind, at = "", inner = ""]) => iscLease(bytes, kind, at, inner));
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
    validSeconds: inner.includes("binding state active") ? Number(/max-life (\d+);/.exec(inner)?.[1] ?? 0) : 0,
    expiresAtSeconds: Date.parse(`${day.replaceAll("/", "-")}T${time}Z`) / 1000,
  };
}

/** <AddrPD ... IAID="1" ...> <duid>00:03:...</duid> <AddrPrefix timestamp="SECONDS" pref="20" valid="30" length="56">PREFIX</AddrPrefix> */
export function dibblerLeases6(xml: string): readonly PeerLease6[] {
  const associations = [...xml.matchAll(/<AddrPD [^>]*IAID="(\d+)"[^>]*>(.*?)<\/AddrPD>/gs)];
  return associations.flatMap(([, iaid, inner = ""]) => {
    const duid = /<duid[^>]*>([^<]*)</.exec(inner)?.[1]?.replaceAll(":", "") ?? "";
    const prefixes = [...inner.matchAll(/timestamp="(\d+)" pref="\d+" valid="(\d+)" length="(\d+)">([^<]*)</g)];
    return prefixes.map(
      ([, at, valid, length, address = ""]): PeerLease6 => ({
        ...{ kind: "prefix", address, prefixLength: Number(length), duid, iaid: Number(iaid) },
        ...{ validSeconds: Number(valid), expiresAtSeconds: Number(at) + Number(valid) },
      }),
    );
  });
}

/**
 * Lines of a log: `Nov/21/2026 14:45:12: add_binding: add a new binding [IA: duid=..., type=PD, iaid=N, duration=30]`, and those that update
 * one. Which prefix is not said there: it is the one written down for the client.
 */
export function wideLeases6(log: string, prefix: { readonly address: string; readonly prefixLength: number }): readonly PeerLease6[] {
  const bindings = [...log.matchAll(/^(\S+) (\S+): \w+_binding: (add|update|remove) .*duid=([^,]*), type=PD, iaid=(\d+), duration=(\d+)\]/gm)];
  const last = bindings.at(-1);
  if (last === undefined || last[3] === "remove") return [];
  const [, day = "", time = "", , duid = "", iaid, duration] = last;
  const validSeconds = Number(duration);
  const expiresAtSeconds = Date.parse(`${day.replaceAll("/", " ")} ${time}Z`) / 1000 + validSeconds;
  return [{ kind: "prefix", ...prefix, duid: duid.replaceAll(":", ""), iaid: Number(iaid), validSeconds, expiresAtSeconds }];
}

function latest(leases: readonly PeerLease6[]): readonly PeerLease6[] {
  const byKey = new Map(leases.map((lease) => [`${lease.address}/${lease.prefixLength}`, lease]));
  return [...byKey.values()].filter(({ validSeconds }) => validSeconds > 0);
}
