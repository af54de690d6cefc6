import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { securenetsIn } from "../../src/config/securenets.ts";

test("a network stands in a line by mask, by length, or as one host, in both families", () => {
  const text = `# comment\n255.255.255.0 192.0.2.0 # lab\n\nhost 198.51.100.7\n203.0.113.0/25\n255.0.0.0\t10.1.2.3\n0.0.0.0 0.0.0.0\nffff:ffff:: 2001:db8::\nhost 2001:db8::7\n2001:db8:1::/48\n`;
  assert.deepEqual(securenetsIn(text), {
    networks: ["192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/25", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "2001:db8::7/128", "2001:db8:1::/48"],
  });
});

for (const line of [
  "192.0.2.1",
  "255.0.255.0 192.0.2.0",
  "host 192.0.2.0/24",
  "host",
  "255.255.255.0 192.0.2.0 extra",
  "ffff::ffff 2001:db8::",
  "any",
  "host name",
])
  test(`a line that is no network is told with its number, and nobody is let in by it: ${line}`, () => {
    const told = securenetsIn(`10.0.0.0/8\n${line}\n`);
    assert.ok("fault" in told && told.fault.startsWith("line 2 is no network"), JSON.stringify(told));
  });

test("any text is read as networks or as a fault", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = securenetsIn(text);
      if ("networks" in read) for (const network of read.networks) assert.match(network, /^[0-9a-f.:]+\/\d+$/);
    }),
  );
});
