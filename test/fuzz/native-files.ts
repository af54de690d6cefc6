/** Configuration files of the programs whose names we bear: strangers do not write them, but nothing in one may throw, hang or be read in two ways. */
import assert from "node:assert/strict";
import { printDhcpleased } from "../../src/config/native/print4.ts";
import { readConfig } from "../../src/config/read.ts";
import type { Target } from "./fuzz.ts";

export const NATIVE_FILES: readonly Target[] = [
  { name: "dhcpleased-conf", what: "dhcpleased.conf", samples: () => SAMPLES.map((text) => new TextEncoder().encode(text)), run: nativeRead },
];

const SAMPLES = [
  'uplink = "em0" # a macro\ninterface $uplink {\n\tsend client id "01:02:03"\n\tsend vendor class id "a\\040b\\0"\n\tignore dns\n\tignore 192.0.2.1\n\tprefer ipv6\n}\n',
  "interface em0 { send host name 'a\\'b\\ c' }\ninterface em1 { send no host name }\ninterface \"eth*\" {\n}\n",
  'hook "/etc/hook" user root\nresolver file\nmanage system\ninterface em0 {\n send duid\n send user class a "b c"\n send option 43 hex:0102\n request option 43 66\n use mtu min 600\n retransmit 0.5\n send fqdn gw.example update none\n}\n',
  "a = b\\\n c\ninterface em0 {\n inform 192.0.2.5/24\n acd rfc\n metric 9223372036854775807\n allow 192.0.2.1 }\n",
];

/** What is wrong is told with its place; what is right is printed so that it is read as the same. */
function nativeRead(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const lines = text.split("\n").length;
  const result = readConfig(text, { format: "dhcpleased" });
  if ("config" in result) {
    const printed = printDhcpleased(result.file);
    const again = readConfig(Buffer.from(printed, "utf8").toString("latin1"), { format: "dhcpleased" });
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
}
