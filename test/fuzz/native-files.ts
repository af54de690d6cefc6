/** Configuration files of the programs whose names we bear: strangers do not write them, but nothing in one may throw, hang or be read in two ways. */
import assert from "node:assert/strict";
import { printDhcpleased } from "../../src/config/native/print4.ts";
import { printDhcp6leased } from "../../src/config/native/print6.ts";
import { readConfig } from "../../src/config/read.ts";
import type { Target } from "./fuzz.ts";

const PRINTED = { dhcpleased: printDhcpleased, dhcp6leased: printDhcp6leased } as const;

export const NATIVE_FILES: readonly Target[] = [
  { name: "dhcpleased-conf", what: "dhcpleased.conf", samples: () => encoded(SAMPLES), run: nativeRead("dhcpleased") },
  { name: "dhcp6leased-conf", what: "dhcp6leased.conf", samples: () => encoded(SAMPLES_6), run: nativeRead("dhcp6leased") },
];

const SAMPLES = [
  'uplink = "em0" # a macro\ninterface $uplink {\n\tsend client id "01:02:03"\n\tsend vendor class id "a\\040b\\0"\n\tignore dns\n\tignore 192.0.2.1\n\tprefer ipv6\n}\n',
  "interface em0 { send host name 'a\\'b\\ c' }\ninterface em1 { send no host name }\ninterface \"eth*\" {\n}\n",
  'hook "/etc/hook" user root\nresolver file\nmanage system\ninterface em0 {\n send duid\n send user class a "b c"\n send option 43 hex:0102\n request option 43 66\n use mtu min 600\n retransmit 0.5\n send fqdn gw.example update none\n}\n',
  "a = b\\\n c\ninterface em0 {\n inform 192.0.2.5/24\n acd rfc\n metric 9223372036854775807\n allow 192.0.2.1 }\n",
];

const SAMPLES_6 = [
  "up = em0\nrequest rapid commit\nrequest prefix delegation on $up for { em1/64 em2\n\n reserve/60 }\nrequest prefix delegation on $up for reserve\n",
  'request prefix delegation on em0 iaid 7 hint 2001:db8::/56 for { "em1" host id stable em2/62 host id ::7\n host\n id }\n',
  "interface em0 {\n request address iaid 3\n request option 31 56\n send option 16 hex:00007ed9\n no route\n with ra\n pace rfc }\nresolver none\n",
  "request prefix delegation on em0 for em1/129\nrequest prefix delegation on em0 for em0\nrequest prefix for {\n em1\n}\n",
];

function encoded(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

/** What is wrong is told with its place; what is right is printed so that it is read as the same. */
function nativeRead(format: keyof typeof PRINTED): (bytes: Uint8Array) => string {
  return (bytes) => {
    const text = Buffer.from(bytes).toString("latin1");
    const lines = text.split("\n").length;
    const result = readConfig(text, { format });
    if ("config" in result) {
      const printed = PRINTED[format](result.file);
      const again = readConfig(Buffer.from(printed, "utf8").toString("latin1"), { format });
      assert.ok("config" in again, `our own print is refused: ${printed}`);
      assert.deepEqual(again.config, result.config);
      return "value";
    }
    assert.ok(result.problems.length > 0);
    for (const { line, column, message, hint } of result.problems) {
      assert.ok(line >= 1 && line <= lines + 1 && column >= 1, `${line}:${column} of ${lines} lines`);
      assert.ok(message !== "" && hint !== "");
    }
    return "refused";
  };
}
