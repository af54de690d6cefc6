/** Files of leases that are read: ours, Kea's and ISC's. What is no lease is named with its line, and costs the others nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { exportEnd, exportHead, formatOf, readLeases } from "../../../src/cli/leases/formats.ts";
import { duration, leaseLine, leaseSentences } from "../../../src/cli/leases/words.ts";
import { leaseOf } from "../../../src/ports/lease-json.ts";
import type { Lease } from "../../../src/ports/leases.ts";

const T = 1_800_000_000;
const LEASE = {
  ...{ kind: "address", address: "2001:db8::1", prefixLength: 128, link: "lan0", state: "bound", client: "00030001020000000001", iaid: 7 },
  ...{ startSeconds: T, preferredUntilSeconds: T + 3600, validUntilSeconds: T + 7200, hostName: "printer" },
} as unknown as Lease;
const own = (...lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

test("our export is read as it was written, each lease to the link it names or to the one that is said", () => {
  const text = own(exportHead(T), LEASE, { ...LEASE, client: undefined, state: "declined" }, exportEnd(2));
  assert.equal(formatOf(text), "leasehold");
  const read = readLeases(text, "leasehold", "");
  assert.deepEqual([read.leases[0], read.leases[1]?.client, read.unreadable], [LEASE, undefined, []]);
  assert.deepEqual(
    readLeases(text, "leasehold", "lan1").leases.map(({ link }) => link),
    ["lan1", "lan1"],
  );
});

test("a file of ours that was cut, is of another version, or is none, is told so", () => {
  const whats = (text: string): readonly string[] => readLeases(text, "leasehold", "").unreadable.map(({ line, what }) => `${line}: ${what}`);
  assert.match(whats(own(exportHead(T), LEASE))[0] ?? "", /^3: the file was cut/);
  assert.match(whats(own({ ...exportHead(T), version: 2 }, LEASE))[0] ?? "", /^1: version 2/);
  assert.match(whats("{}\n")[0] ?? "", /^1: this is no list/);
  const bad = own(
    exportHead(T),
    { ...LEASE, iaid: -1 },
    { ...LEASE, address: "x" },
    { ...LEASE, hostName: "a\nb" },
    { ...LEASE, client: "0003" },
    exportEnd(4),
  );
  assert.deepEqual(
    whats(bad).map((one) => one.replace(/(: \w+):.*/, "$1")),
    ["2: iaid", "3: address", "4: hostName", "5: client"],
  );
});

const KEA =
  "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n";
test("Kea's memfile: the last line of a lease holds, one with lifetime 0 takes it away (columns of Kea 2.2 and later)", () => {
  const text = `${KEA}${[
    "2001:db8::1,00:03:00:01:02:00:00:00:00:01,7200,1800007200,1,3600,0,7,128,0,0,printer.home,,0,,1,0,0",
    "2001:db8::1,00:03:00:01:02:00:00:00:00:01,7200,1800009200,1,3600,0,7,128,0,0,printer.home,,0,,1,0,0",
    "2001:db8::2,00:03:00:01:02:00:00:00:00:02,7200,1800007200,1,3600,0,7,128,0,0,,,0,,1,0,0",
    "2001:db8::2,00:03:00:01:02:00:00:00:00:02,0,1800007200,1,0,0,7,128,0,0,,,0,,1,0,0",
    "2001:db8:100::,00:03:00:01:02:00:00:00:00:01,4294967295,6094967295,1,4294967295,2,9,56,0,0,evil&#x2cname,,0,,1,0,0",
    "2001:db8::3,00:00:00,86400,1800086400,1,0,0,0,128,0,0,,,1,,,,0",
    "2001:db8::4,00:03:00:01:02:00:00:00:00:04,7200,1800007200,1,3600,0,7,128,0,0,,,2,,1,0,0",
    "2001:db8::5,zz,7200,1800007200,1,3600,0,7,128,0,0,,,0,,1,0,0",
    "2001:db8::6,00:03:00:01:02:00:00:00:00:06,7200,1800007200,1,3600,1,7,128,0,0,,,0,,1,0,0",
    "192.0.2.1,00:03:00:01:02:00:00:00:00:06,7200,1800007200,1,3600,0,7,128,0,0,,,0,,1,0,0",
  ].join("\n")}\n`;
  assert.equal(formatOf(text), "kea");
  const { leases, unreadable } = readLeases(text, "kea", "lan0");
  assert.deepEqual(leases[0], {
    ...{ kind: "address", address: "2001:db8::1", prefixLength: 128, link: "lan0", state: "bound", client: "00030001020000000001", iaid: 7 },
    ...{ startSeconds: T + 2000, preferredUntilSeconds: T + 5600, validUntilSeconds: T + 9200, hostName: "printer.home" },
  });
  assert.deepEqual(
    leases.map(({ address, state, validUntilSeconds }) => `${address} ${state} ${validUntilSeconds}`),
    ["2001:db8::1 bound 1800009200", "2001:db8:100:: bound 4294967295", "2001:db8::3 declined 1800086400", "2001:db8::4 expired 1800007200"],
  );
  assert.equal(leases[1]?.hostName, "", "what is no name is left out");
  assert.deepEqual(
    unreadable.map(({ line }) => line),
    [9, 10, 11],
  );
});
test("Kea's list of IPv4 leases is told to be another one", () => {
  const text = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id\n192.0.2.1,02:00:00:00:00:01,,7200,1800007200,1\n";
  assert.match(readLeases(text, "kea", "").unreadable[0]?.what ?? "", /no duid/);
});

const ISC = `# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
server-duid "\\000\\001\\000\\001";
ia-na "\\007\\000\\000\\000\\000\\003\\000\\001\\002\\000\\000\\000\\000\\"" {
  cltt 5 2027/01/15 08:00:00;
  iaaddr 2001:db8::1 {
    binding state active;
    preferred-life 3600;
    max-life 7200;
    ends 5 2027/01/15 10:00:00;
    set ddns-fwd-name = "a;b}";
  }
}
ia-pd "\\001\\000\\000\\000\\000\\003\\000\\001\\002\\000\\000\\000\\000\\002" {
  cltt epoch 1800000000; # Fri Jan 15 08:00:00 2027
  iaprefix 2001:db8:100::/56 {
    binding state active;
    preferred-life 4294967295;
    max-life 4294967295;
    ends never;
  }
}
ia-na "\\001\\000" {
  cltt 5 2027/01/15 08:00:00;
}
ia-na "\\007\\000\\000\\000\\000\\003\\000\\001\\002\\000\\000\\000\\000\\003" {
  cltt 5 2027/01/15 08:00:00;
  iaaddr 2001:db8::3 {
    binding state abandoned;
    preferred-life 3600;
    max-life 7200;
    ends 5 2027/01/15 10:00:00;
  }
  iaaddr 2001:db8::4 {
    binding state active;
  }
}
`;
test("ISC's dhcpd6.leases: IAIDs in the writer's byte order, octal names, the last of each lease (dhcpd.leases(5))", () => {
  assert.equal(formatOf(ISC), "isc");
  const { leases, unreadable } = readLeases(ISC, "isc", "lan0");
  assert.deepEqual(
    leases.map(({ kind, address, prefixLength, client, iaid, state, preferredUntilSeconds, validUntilSeconds }) =>
      [kind, `${address}/${prefixLength}`, client, iaid, state, preferredUntilSeconds, validUntilSeconds].join(" "),
    ),
    [
      `address 2001:db8::1/128 00030001020000000022 7 bound ${T + 3600} ${T + 7200}`,
      "prefix 2001:db8:100::/56 00030001020000000002 1 bound 4294967295 4294967295",
      `address 2001:db8::3/128 00030001020000000003 7 declined ${T + 3600} ${T + 7200}`,
    ],
  );
  assert.deepEqual(
    unreadable.map(({ line }) => line),
    [23, 34],
  );
  assert.equal(readLeases(ISC.replace("little", "big"), "isc", "").leases[0]?.iaid, 0x07000000);
});

test("no text of a file throws, hangs or becomes a lease that is none", () => {
  const piece = fc.constantFrom(
    KEA,
    ISC,
    own(exportHead(T), LEASE, exportEnd(1)),
    "ia-na",
    '"',
    "{",
    "}",
    ";",
    "\\",
    ",",
    "\n",
    "\\377",
    "2001:db8::1",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), fc.constantFrom("leasehold", "kea", "isc"), (pieces, format) => {
      for (const lease of readLeases(pieces.join(""), format, "lan0").leases)
        assert.equal(typeof leaseOf(JSON.parse(JSON.stringify(lease))), "object");
    }),
  );
  for (const text of ["", "interface eth0\n", "<xml/>"]) assert.equal(formatOf(text), undefined);
});

test("a lease as a line and as sentences: who has it, how long, and what it is called", () => {
  const line = leaseLine(LEASE, T + 3600);
  assert.match(line, /^2001:db8::1 +lan0 +bound +1 h +printer +LL 02:00:00:00:00:01 IAID 7$/);
  assert.match(
    leaseLine({ ...LEASE, kind: "prefix", prefixLength: 56, client: undefined, hostName: "", link: "" }, T + 9000),
    /^2001:db8::1\/56 +- +bound +over +- +-$/,
  );
  assert.deepEqual(leaseSentences(LEASE, T), [
    "2001:db8::1 is bound on lan0.",
    "  client: LL 02:00:00:00:00:01 (00030001020000000001), IA_NA 7",
    "  name: printer",
    "  promised: 2027-01-15T08:00:00Z",
    "  preferred until 2027-01-15T09:00:00Z (1 h)",
    "  valid until 2027-01-15T10:00:00Z (2 h)",
  ]);
  assert.deepEqual([0, 59, 61, 3600, 90_061].map(duration), ["0 s", "59 s", "1 min 1 s", "1 h", "1 d 1 h"]);
});
