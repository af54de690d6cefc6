/** Messages for tests: arbitrary ones made of the table's samples, and raw ones whose option fields are given as bytes. */
import fc from "fast-check";
import { Writer } from "../../../src/base/cursor.ts";
import { type Ipv4Address, ipv4Of } from "../../../src/base/ipv4.ts";
import { type MacAddress, macOf } from "../../../src/base/mac.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, dhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { everyOption, optionOfCode } from "../../../src/wire/dhcp4/options.ts";

/** A message with these bytes in its option fields; sname and file are zero unless given. */
export function rawMessage({
  options,
  sname = new Uint8Array(0),
  file = new Uint8Array(0),
}: {
  readonly options: Uint8Array;
  readonly sname?: Uint8Array;
  readonly file?: Uint8Array;
}): Uint8Array {
  const writer = new Writer();
  writer.bytes(encodeDhcp4(dhcp4({ op: "reply", xid: 1, options: { messageType: "ack" } })).subarray(0, 44));
  writer.bytes(sname);
  writer.zeros(64 - sname.length);
  writer.bytes(file);
  writer.zeros(128 - file.length);
  writer.u32(0x63825363);
  writer.bytes(options);
  return writer.take();
}

const address: fc.Arbitrary<Ipv4Address> = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4Of);
const mac: fc.Arbitrary<MacAddress> = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macOf);
const fieldText = fc.stringMatching(/^[a-z0-9./-]{0,63}$/);

/** Each option with one of its samples, or not there. */
const options = fc
  .record(
    Object.fromEntries(
      everyOption()
        .filter(({ key }) => key !== "overload" && key !== "messageType")
        .map(({ key, samples }) => [key, fc.constantFrom(...samples.map(({ value }) => value))]),
    ),
    { requiredKeys: [] },
  )
  .map((given) => ({ ...given, messageType: "ack" }) as Dhcp4Message["options"]);

/** Options without an entry, longer than one instance holds at times. */
const unknown = fc.uniqueArray(
  fc.record(
    {
      code: fc.integer({ min: 1, max: 254 }).filter((code) => optionOfCode(code) === undefined),
      bytes: fc.uint8Array({ maxLength: 600 }),
    },
    { noNullPrototype: true },
  ),
  { selector: ({ code }) => code, maxLength: 4 },
);

export const anyMessage: fc.Arbitrary<Dhcp4Message> = fc
  .record({
    op: fc.constantFrom("request" as const, "reply" as const),
    hops: fc.integer({ min: 0, max: 255 }),
    xid: fc.integer({ min: 0, max: 0xffffffff }),
    secs: fc.integer({ min: 0, max: 0xffff }),
    broadcast: fc.boolean(),
    ciaddr: address,
    yiaddr: address,
    siaddr: address,
    giaddr: address,
    chaddr: mac.map(chaddr),
    sname: fieldText,
    file: fieldText,
    options,
    unknown,
  })
  .map(dhcp4);
