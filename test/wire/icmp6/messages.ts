/** Messages for tests: arbitrary ones made of the table's samples. */
import fc from "fast-check";
import { type Ipv6Address, ipv6Of } from "../../../src/base/ipv6.ts";
import type { Icmp6Header, Icmp6Message } from "../../../src/wire/icmp6/message.ts";
import { everyNdOption, type NdOptionSet } from "../../../src/wire/icmp6/options.ts";

export const HEADER: Icmp6Header = { source: "fe80::1" as Ipv6Address, destination: "fe80::2" as Ipv6Address, hopLimit: 255 };

const options = fc
  .record(
    Object.fromEntries(
      everyNdOption().map(({ key, samples, repeats }) => {
        const one = fc.constantFrom(...samples.map(({ value }) => value));
        return [key, repeats ? fc.array(one, { minLength: 1, maxLength: 3 }) : one];
      }),
    ),
    { requiredKeys: [] },
  )
  .map((given) => ({ ...given }) as NdOptionSet["options"]);

const CODES = everyNdOption().map(({ code }) => code);
const unknown = fc.array(
  fc
    .record({
      code: fc.integer({ min: 0, max: 255 }).filter((code) => !CODES.includes(code)),
      eights: fc.integer({ min: 1, max: 4 }),
      fill: fc.nat(255),
    })
    .map(({ code, eights, fill }) => ({ code, bytes: new Uint8Array(8 * eights - 2).fill(fill) })),
  { maxLength: 3 },
);
const set = fc.record({ options, unknown, malformed: fc.constant([]) }, { noNullPrototype: true });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const target: fc.Arbitrary<Ipv6Address> = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => ipv6Of(bytes.map((byte, i) => (i === 0 ? byte & 0x7f : byte))));
const flag = fc.boolean();

export const anyMessage: fc.Arbitrary<Icmp6Message> = fc.oneof(
  set.map((rest) => ({ kind: "routerSolicitation" as const, ...rest })),
  fc
    .tuple(
      set,
      fc.record(
        {
          hopLimit: fc.nat(255),
          managed: flag,
          otherConfiguration: flag,
          homeAgent: flag,
          preference: fc.constantFrom("high" as const, "medium" as const, "low" as const),
          proxy: flag,
          lifetimeSeconds: u16,
          reachableMilliseconds: u32,
          retransmitMilliseconds: u32,
        },
        { noNullPrototype: true },
      ),
    )
    .map(([rest, fields]) => ({ kind: "routerAdvertisement" as const, ...fields, ...rest })),
  fc.tuple(set, target).map(([rest, address]) => ({ kind: "neighborSolicitation" as const, target: address, ...rest })),
  fc.tuple(set, target, flag, flag, flag).map(([rest, address, router, solicited, override]) => ({
    kind: "neighborAdvertisement" as const,
    router,
    solicited,
    override,
    target: address,
    ...rest,
  })),
  fc
    .tuple(fc.constantFrom("echoRequest" as const, "echoReply" as const), u16, u16, fc.uint8Array({ maxLength: 80 }))
    .map(([kind, identifier, sequence, data]) => ({ kind, identifier, sequence, data })),
);
