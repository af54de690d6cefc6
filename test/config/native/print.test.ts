/** What `dhcpleased -n -v` prints is read as what it was printed from; so is the TOML that `leasehold import` makes of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { printDhcpleased } from "../../../src/config/native/print4.ts";
import { STATEMENTS } from "../../../src/config/native/dhcpleased.ts";
import { unvis, vis } from "../../../src/config/native/vis.ts";
import { printConfig } from "../../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../../src/config/read.ts";
import { terse } from "../../../src/config/terse.ts";

type Sound = Extract<ReadResult, { readonly config: unknown }>;
function read(text: string, format: "toml" | "dhcpleased" = "dhcpleased"): Sound {
  const octets = format === "dhcpleased" ? Buffer.from(text, "utf8").toString("latin1") : text;
  const result = readConfig(octets, { format });
  assert.ok(
    "config" in result,
    "problems" in result ? `${text}\n${result.problems.map((one) => `${one.line}:${one.column}: ${one.message}`).join("\n")}` : "",
  );
  return result;
}
function returns(text: string): void {
  const { config, file } = read(text);
  const printed = printDhcpleased(file);
  assert.deepEqual(read(printed).config, config, printed);
  assert.equal(printDhcpleased(read(printed).file), printed, "printed twice it is the same text");
  assert.deepEqual(read(printConfig(terse(file)) || "[uplink4]", "toml").config, config);
}

const quoted = (text: string): string => `"${text.replace(/"|(?<=\\)[ \t]/g, "\\$&")}"`;
const octets = (least: number) => fc.uint8Array({ minLength: least, maxLength: 40 });
/** Every octet in octal, so that nothing depends on what is printed. */
const octal = (bytes: Uint8Array): string => Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
const printable = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((text) => /^[^\\.\p{C}\p{Z}][^\\\p{C}\p{Zl}\p{Zp}]*$/u.test(text));
const address = fc.ipV4();
const oneOf = (...lines: readonly string[]) => fc.constantFrom(...lines);

/** Statements of which each may stand once, and some of any number. */
const block = fc
  .tuple(
    fc.subarray(["ignore dns", "ignore routes", "ignore classless routes", "rapid commit", "broadcast flag", "use hostname", "use mtu min 600"]),
    fc.option(
      fc.oneof(
        octets(2).map((id) => `send client id ${quoted(octal(id))}`),
        oneOf("send client id ab:1:2", "send duid", 'send client id "a\\072b"'),
      ),
      { nil: "" },
    ),
    fc.option(
      fc.oneof(
        printable.map((name) => `send host name ${quoted(name)}`),
        oneOf("send no host name"),
      ),
      { nil: "" },
    ),
    fc.option(
      octets(1)
        .filter(([first]) => first !== 0)
        .map((value) => `send vendor class id ${quoted(octal(value))}`),
      { nil: "" },
    ),
    fc.array(
      address.map((server) => `ignore ${server}`),
      { maxLength: 16 },
    ),
    fc.option(oneOf("prefer ipv6", "prefer ipv6 when connected"), { nil: "" }),
    fc.option(oneOf("acd no", "acd rfc", "acd yes"), { nil: "" }),
    fc.option(
      fc.array(printable.map(quoted), { minLength: 1, maxLength: 4 }).map((classes) => `send user class ${classes.join(" ")}`),
      { nil: "" },
    ),
    fc.option(
      octets(1).map((value) => `send option 43 hex:${Buffer.from(value).toString("hex")}\nrequest option 43 66`),
      { nil: "" },
    ),
    fc.option(
      fc.double({ min: 0.25, max: 64, noNaN: true }).map((seconds) => `retransmit ${seconds}\nselect ${Math.floor(seconds) % 60}`),
      { nil: "" },
    ),
    fc.option(
      fc.nat(0xffffffff).map((number) => `metric ${number}\ndscp ${number % 64}\npriority ${number % 16}`),
      { nil: "" },
    ),
  )
  .map((lines) => lines.flat().filter((line) => line !== ""));
const name = fc.constantFrom("em0", "interface", "id", "5", "4g0", "eth*", "a\\b", "wl?", "-x", "0x1", "é0", "send");
const file = fc
  .uniqueArray(fc.tuple(name, block), { selector: ([one]) => one, maxLength: 4 })
  .map((blocks) => blocks.map(([one, lines]) => `interface ${quoted(one)} {\n${lines.map((line) => `\t${line}\n`).join("")}}\n`).join(""));

test("any configuration is printed so that it is read as the same, natively and as TOML", () => {
  fc.assert(fc.property(file, returns), { numRuns: 300 });
});

test("octets are escaped so that they are read as they were, and printable text stays", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => assert.deepEqual(unvis(vis(bytes)), bytes)));
  assert.equal(vis(new TextEncoder().encode('a "b"\\\n')), "a \\042b\\042\\134\\012");
});

test("the print has one block for each interface: client id, host name, vendor class, what is ignored, the rest", () => {
  const text = `m = em0
interface $m { prefer ipv6 }
interface $m {
  metric 7; }
interface em1 { send client id '\\0a' }
`.replace("7;", "7");
  const more =
    'interface em0 {\n ignore 192.0.2.1\n ignore routes\n ignore dns\n send vendor class id "x\\"y"\n send host name gw\n send client id 1:2:A\n}\n';
  assert.equal(
    printDhcpleased(read(text + more).file),
    'interface em0 {\n\tsend client id "01:02:0a"\n\tsend host name "gw"\n\tsend vendor class id "x\\042y"\n\tignore dns\n\tignore routes\n' +
      '\tignore 192.0.2.1\n\tprefer ipv6\n\tmetric 7\n}\ninterface em1 {\n\tsend client id "\\000a"\n}\n',
  );
});

test("prefer ipv6 is printed too, and a file without an interface prints nothing", () => {
  assert.match(printDhcpleased(read("interface em0 { prefer ipv6 }\n").file), /^\tprefer ipv6$/m);
  assert.equal(printDhcpleased(read("# nothing\n").file), "");
});

test("what stands outside of blocks returns", () =>
  returns('hook "/etc/my hook" user root\nresolver resolvconf\nmanage system\ninterface em0 { }\n'));

test("a text client id that looks like octets stays text, and octets of which the first is not 1 are text", () => {
  for (const id of ['"a\\142"', '"01\\0723"', "ab:cd", "1:2", '"\\001\\002"', '"\\0"x'.replace('"x', 'x"')])
    returns(`interface em0 { send client id ${id} }\n`);
});

test("docs/options.md names every statement, and no other", () => {
  const text = readFileSync(new URL("../../../docs/options.md", import.meta.url), "utf8");
  const block = /^interface \$uplink \{.*\n((?: .*\n)+)\}$/m.exec(text)?.[1] ?? "";
  assert.deepEqual(
    block
      .trimEnd()
      .split("\n")
      .map((line) => line.trim()),
    STATEMENTS.map(({ form }) => form),
  );
});

test("import prints what differs from the defaults, and nothing else", () => {
  assert.equal(
    printConfig(terse(read('interface em0 { ignore dns\n send vendor class id "v"\n}\ninterface em1 { }\n').file)),
    '[uplink4.em0]\nvendor_class = "v"\nignore_dns = true\n\n[uplink4.em1]\n',
  );
});
