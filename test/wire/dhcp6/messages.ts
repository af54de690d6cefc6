/** Messages for tests: arbitrary ones made of the table's samples, and raw ones whose options are given as bytes. */
import fc from "fast-check";
import { bytesOf } from "../../../src/base/hex.ts";
import { type Ipv6Address, ipv6Of } from "../../../src/base/ipv6.ts";
import type { Dhcp6ClientMessage, Dhcp6Message, Dhcp6RelayMessage } from "../../../src/wire/dhcp6/message.ts";
import { optionsAt } from "../../../src/wire/dhcp6/options.ts";
import type { Place } from "../../../src/wire/dhcp6/table.ts";

/** A Reply with these options. */
export function rawReply(options: string): Uint8Array {
  return bytesOf(`07 112233 ${options}`);
}

/** A Relay-forward with these options. */
export function rawRelay(options: string): Uint8Array {
  return bytesOf(`0c 00 ${"00".repeat(16)} fe80${"00".repeat(13)}02 ${options}`);
}

/** Each option with one of its samples, or not there; what repeats, once or more with different keys. */
function optionsFor(place: Place) {
  return fc.record(
    Object.fromEntries(
      optionsAt(place).map(({ key, samples, repeats, keyOf }) => {
        const one = fc.constantFrom(...samples.map(({ value }) => value));
        if (!repeats) return [key, one];
        return [
          key,
          keyOf === undefined ? fc.array(one, { minLength: 1, maxLength: 3 }) : fc.uniqueArray(one, { minLength: 1, maxLength: 3, selector: keyOf }),
        ];
      }),
    ),
    { requiredKeys: [] },
  );
}

function unknownFor(place: Place) {
  const codes = optionsAt(place).map(({ code }) => code);
  const code = fc.integer({ min: 0, max: 65535 }).filter((value) => !codes.includes(value));
  return fc.array(fc.record({ code, bytes: fc.uint8Array({ maxLength: 300 }) }, { noNullPrototype: true }), { maxLength: 4 });
}

const KINDS = [
  "solicit",
  "advertise",
  "request",
  "confirm",
  "renew",
  "rebind",
  "reply",
  "release",
  "decline",
  "reconfigure",
  "informationRequest",
] as const;
const address: fc.Arbitrary<Ipv6Address> = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6Of);

export const anyClientMessage: fc.Arbitrary<Dhcp6ClientMessage> = fc
  .tuple(
    fc.constantFrom(...KINDS, "addressRegistrationInform" as const, "addressRegistrationReply" as const),
    fc.integer({ min: 0, max: 0xffffff }),
    optionsFor("message"),
    unknownFor("message"),
  )
  .map(([kind, transactionId, options, unknown]) => ({ kind, transactionId, options: { ...options }, unknown, malformed: [] }));

export const anyRelayMessage: fc.Arbitrary<Dhcp6RelayMessage> = fc
  .tuple(
    fc.constantFrom("relayForward" as const, "relayReply" as const),
    fc.nat(255),
    address,
    address,
    optionsFor("relay"),
    unknownFor("relay"),
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
  )
  .map(([kind, hopCount, linkAddress, peerAddress, options, unknown, relayMessage]) => ({
    kind,
    hopCount,
    linkAddress,
    peerAddress,
    options: { ...options, relayMessage },
    unknown,
    malformed: [],
  }));

export const anyMessage: fc.Arbitrary<Dhcp6Message> = fc.oneof<fc.Arbitrary<Dhcp6Message>[]>(anyClientMessage, anyRelayMessage);
