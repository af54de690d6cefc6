/** Single datagrams that have stopped DHCPv6 clients before, sent to the running program: it lives, says why, and holds what it held. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesOf } from "../../src/base/hex.ts";
import { total } from "../support/mutated-flood.ts";
import { accounted6, factsOf6, facts6, Target6 } from "../support/uplink6-flood.ts";
import { isBound, isRenewed, keptAllAlong } from "../support/uplink6-stories.ts";
import { inWorld6, OUR_DUID, type World6 } from "../support/uplink6-world.ts";
import { needsPeers } from "../support/unpacked.ts";

const CLIENT = "0001 0012 00042f6b1c1d0f4e4c5a9b7d5a1e6c3f2b1a";
const SERVER = "0002 000a 0003000102005e1006bd";
/** One IA_PD around options, by its number. */
const ia = (inner: string, iaid = "00000001"): string => option("0019", `${iaid} 00000000 00000000 ${inner}`);
const prefix = (length: number, inner = ""): string =>
  option("001a", `00000258 00000384 ${hex(length, 2)} 20010db8770000000000000000000000 ${inner}`);

/** Each row: what it is, and the message behind its type and transaction. */
const BODIES: readonly (readonly [what: string, body: string])[] = [
  ...[129, 130, 160, 192, 254, 255].map((length) => [`a prefix of ${length} bits`, `${CLIENT}${SERVER}${ia(prefix(length))}`] as const),
  ["a status code without its number", `${CLIENT}${SERVER}${option("000d", "")}${ia(prefix(56))}`],
  ["a status code of one byte", `${CLIENT}${SERVER}${option("000d", "00")}${ia(prefix(56))}`],
  ["a status code without its number in the IA", `${CLIENT}${SERVER}${ia(option("000d", "") + prefix(56))}`],
  ["a status code of one byte in the prefix", `${CLIENT}${SERVER}${ia(prefix(56, option("000d", "00")))}`],
  ["two servers", `${CLIENT}${SERVER}${SERVER}${ia(prefix(56))}`],
  ["no server", `${CLIENT}${ia(prefix(56))}`],
  ["a server without a DUID", `${CLIENT}${option("0002", "")}${ia(prefix(56))}`],
  ["a server whose DUID is too long", `${CLIENT}${option("0002", `0002${"a5".repeat(129)}`)}${ia(prefix(56))}`],
  ["no client", `${SERVER}${ia(prefix(56))}`],
  ["another client", `${CLIENT.replace("2b1a", "2b1b")}${SERVER}${ia(prefix(56))}`],
  ["an IA that nobody asked for, of the highest number", `${CLIENT}${SERVER}${ia(prefix(56), "ffffffff")}`],
  ["an IA that nobody asked for, of the number behind ours", `${CLIENT}${SERVER}${ia(prefix(56), "00000002")}`],
  ["an IA that ends within its numbers", `${CLIENT}${SERVER}${option("0019", "00000001 0000")}`],
  ["an IA that reaches beyond the message", `${CLIENT}${SERVER}0019 00ff 00000001`],
  ["a prefix longer than its IA", `${CLIENT}${SERVER}${ia("001a 0040 00000258 00000384 38 20010db877")}`],
  ["an option that ends within its header", `${CLIENT}${SERVER}0019 00`],
  ["preferred for longer than valid (RFC 9915 §21.22)", `${CLIENT}${SERVER}${ia(prefix(56).replace("00000258", "ffffffff"))}`],
  ["T1 behind T2 (RFC 9915 §21.21)", `${CLIENT}${SERVER}${option("0019", `00000001 00000064 00000032 ${prefix(56)}`)}`],
];
const [ADVERTISE, REPLY] = [2, 7];
const STRANGE_TYPES = [0, 1, 3, 4, 5, 6, 8, 9, 11, 12, 13, ...Array.from({ length: 242 }, (_, i) => 14 + i)];
const DELEGATING = "2001:db8:77";

describe("datagrams that are no answers", { concurrency: 3 }, () => {
  for (const state of ["soliciting", "bound"] as const)
    test(
      `${state}: prefix lengths 129 to 255, message types 0 and 14 to 255, nothing at all, bad status codes, two servers, strange IAs and transactions change nothing`,
      needsPeers,
      () =>
        inWorld6("Kea", async (world) => {
          const kea = state === "bound" ? await world.serve() : undefined;
          await world.watch();
          await world.leasehold();
          const target = await Target6.at(world, "c0", { far: "s0", port: "p0", duid: OUR_DUID });
          try {
            const held = kea === undefined ? undefined : await isBound(world);
            await world.until("a message of ours", () => target.listen().at(-1) ?? (target.transactionId > 0 ? true : undefined), 90);
            const answers = (): number => kea?.log().split(/DHCP6_PD_LEASE_(?:ADVERT|ALLOC|RENEW)/).length ?? 1;
            const real = (): number => answers() - 1;
            const first = await accounted6(world, [target], real);
            const before = factsOf6(first, "c0");
            const realBefore = real();
            for (const [what, payloads] of everything(target)) {
              target.listen();
              await target.give(payloads());
              const after = factsOf6(await accounted6(world, [target], real), "c0");
              assert.ok(after.accepted - before.accepted <= real() - realBefore, `${what} was taken`);
              assert.ok(
                ["soliciting", "bound", "renewing"].includes(after.state) && (kea === undefined) === (after.state === "soliciting"),
                `${what}: ${after.state}`,
              );
            }
            const after = await accounted6(world, [target], real);
            assert.deepEqual(after.pids, first.pids, "the same processes");
            const now = factsOf6(after, "c0");
            assert.ok(total(now.ignored) - total(before.ignored) >= BODIES.length * 2 + STRANGE_TYPES.length, JSON.stringify(now.ignored));
            assert.ok(world.news().every(({ address }) => !address.startsWith(DELEGATING)));
            if (held === undefined) return await stillTakes(world, target);
            await isRenewed(world, held);
            await keptAllAlong(world, held);
          } finally {
            target.close();
          }
        }),
    );
});

/** What is sent one kind after the other, of the transaction that is open then. */
function everything(target: Target6): readonly (readonly [string, () => readonly Uint8Array[]])[] {
  const said = (type: number, body: string, transactionId = target.transactionId): Uint8Array =>
    bytesOf(`${hex(type, 2)}${hex(transactionId, 6)}${body}`.replaceAll(" ", ""));
  const whole = `${CLIENT}${SERVER}${ia(prefix(56))}`;
  return [
    ["nothing", () => [new Uint8Array(0), bytesOf("07"), bytesOf("0700"), bytesOf("070000")]],
    ["what is wrong within", () => BODIES.flatMap(([, body]) => [ADVERTISE, REPLY].map((type) => said(type, body)))],
    ["another transaction", () => [1, 0x800000].map((bit) => said(ADVERTISE, whole, target.transactionId ^ bit))],
    ["a type that no server says", () => STRANGE_TYPES.map((type) => said(type, whole))],
  ];
}

/** Control: after all that, what is right is taken. */
async function stillTakes(world: World6, target: Target6): Promise<void> {
  const accepted = factsOf6(await facts6(world), "c0").accepted;
  target.listen();
  await target.give([target.answer("advertise")]);
  await world.until("the right one taken", async () => factsOf6(await facts6(world), "c0").accepted > accepted);
}

function option(code: string, body: string): string {
  return `${code} ${hex(body.replaceAll(" ", "").length / 2, 4)} ${body}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
