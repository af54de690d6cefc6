import assert from "node:assert/strict";
import test from "node:test";
import { ALLOW_ALL, buildFilter, RETURN } from "../../../src/platform/fence/bpf.ts";
import { type FenceProfile, PROFILES } from "../../../src/platform/fence/profiles.ts";
import {
  ARCHITECTURES,
  type Architecture,
  AUDIT_ARCHITECTURE,
  SYSCALLS,
  type SyscallName,
  syscallNumber,
  X32_BIT,
} from "../../../src/platform/fence/syscalls.ts";
import { judge } from "./interpreter.ts";

const PID = 4711;
const EACCES = 13;
const ENOTTY = 25;
const profiles: readonly FenceProfile[] = Object.values(PROFILES);
/** Arguments that have fooled filters: nothing, all bits, single flags, high halves. */
const ARGUMENTS = [0n, 1n, 2n, 3n, 4n, 5n, 7n, BigInt(PID), 0x1000n, 0x5421n, 0x5401n, 0xffffffffn, 0x1_0000_0000n, 0x4_0000_0000n, -1n, 1n << 63n];

type Ask = { readonly name: SyscallName | number; readonly arguments?: readonly bigint[]; readonly architecture?: Architecture };

function asker(profile: FenceProfile, own: Architecture): (ask: Ask) => number {
  const program = buildFilter({ rules: profile.rules, architecture: own, pid: PID });
  return ({ name, arguments: values = [], architecture = own }) =>
    judge(program, {
      number: typeof name === "number" ? name : syscallNumber(name, own),
      architecture: AUDIT_ARCHITECTURE[architecture],
      arguments: values,
    });
}

/** "allow", "kill" or the errno. */
function verdict(value: number): "allow" | "kill" | number {
  if (value === RETURN.allow) return "allow";
  if (value === RETURN.killProcess) return "kill";
  assert.equal(value >>> 16, RETURN.errno >>> 16);
  return value & 0xffff;
}

const everyPlace = (): readonly (readonly bigint[])[] =>
  [0, 1, 2, 3, 4, 5].flatMap((place) => ARGUMENTS.map((value) => Array.from({ length: 6 }, (_, i) => (i === place ? value : 0n))));

for (const profile of profiles)
  for (const own of ARCHITECTURES) {
    const ask = asker(profile, own);
    const named = new Map(profile.rules.map(({ name }) => [syscallNumber(name, own), name]));

    test(`${profile.name} on ${own}: of 0 to 600 only calls in its table pass, whatever their arguments`, () => {
      for (let number = 0; number <= 600; number++) {
        if (named.has(number)) continue;
        for (const values of [...everyPlace(), ARGUMENTS.slice(0, 6)])
          assert.equal(verdict(ask({ name: number, arguments: values })), "kill", `call ${number} with ${values.join()}`);
      }
    });

    test(`${profile.name} on ${own}: every call of its table passes with some arguments, or answers with an error`, () => {
      for (const { name, cases } of profile.rules) {
        for (const { when, answer } of cases) {
          const values = Array.from({ length: 6 }, () => 0n);
          for (const {
            argument,
            is: [first = 0],
          } of when)
            values[argument] = BigInt(first === "ownPid" ? PID : first);
          assert.equal(verdict(ask({ name, arguments: values })), answer === "allow" ? "allow" : answer.errno, name);
        }
      }
    });

    test(`${profile.name} on ${own}: another architecture's calls are refused, known or not`, () => {
      const program = buildFilter({ rules: profile.rules, architecture: own, pid: PID });
      const foreign = [
        ...ARCHITECTURES.filter((name) => name !== own).map((name) => AUDIT_ARCHITECTURE[name]),
        0x40000003 /* i386 */,
        0x40000028 /* arm */,
        0,
        0xffffffff,
      ];
      for (const architecture of foreign)
        for (const number of [0, 1, ...named.keys()]) assert.equal(judge(program, { number, architecture }), RETURN.killProcess);
    });

    test(`${profile.name} on ${own}: x32 calls and negative numbers are refused`, () => {
      for (const number of [...named.keys(), 0, 512, 547]) assert.equal(verdict(ask({ name: number + X32_BIT })), "kill");
      for (const number of [0xffffffff, 0x80000000, 0x7fffffff, X32_BIT]) assert.equal(verdict(ask({ name: number })), "kill");
    });

    test(`${profile.name} on ${own}: ${profile.jitless ? "no mapping becomes executable" : "code may be compiled"}`, () => {
      for (const name of ["mmap", "mprotect", "pkey_mprotect"] as const) {
        for (let protection = 0n; protection < 0x40n; protection++) {
          const expected = profile.jitless && (protection & 4n) !== 0n ? "kill" : "allow";
          for (const high of [0n, 1n << 32n, 4n << 32n])
            assert.equal(verdict(ask({ name, arguments: [0n, 4096n, protection | high, 0x22n, -1n, 0n] })), expected, `${name} ${protection}`);
        }
      }
    });

    test(`${profile.name} on ${own}: no one else is signalled, nothing opens, no device is spoken to`, () => {
      assert.equal(verdict(ask({ name: "tgkill", arguments: [BigInt(PID), 1n, 6n] })), "allow");
      for (const other of [0n, 1n, -1n, BigInt(PID + 1), BigInt(-PID)])
        assert.equal(verdict(ask({ name: "tgkill", arguments: [other, BigInt(PID), 6n] })), "kill");
      for (const values of everyPlace()) assert.equal(verdict(ask({ name: "openat", arguments: values })), EACCES);
      assert.equal(verdict(ask({ name: "ioctl", arguments: [3n, 0x5421n] })), "allow");
      for (const question of [0x5401n, 0x802c542an]) assert.equal(verdict(ask({ name: "ioctl", arguments: [3n, question] })), ENOTTY);
      for (const request of [0x5412n /* TIOCSTI */, 0x541cn /* TIOCLINUX */, 0x8914n /* SIOCSIFFLAGS */, 0x400454can /* TUNSETIFF */, 0n])
        assert.equal(verdict(ask({ name: "ioctl", arguments: [3n, request] })), "kill");
      for (const [command, expected] of [
        [0n, "kill"],
        [1n, "allow"],
        [2n, "allow"],
        [3n, "allow"],
        [4n, "allow"],
        [5n, "kill"],
        [7n, "kill"],
        [8n /* SETOWN */, "kill"],
        [10n /* SETSIG */, "kill"],
        [1030n, "allow"],
        [1031n, "kill"],
        [1033n /* ADD_SEALS */, "kill"],
      ] as const) {
        assert.equal(verdict(ask({ name: "fcntl", arguments: [3n, command] })), expected, `fcntl ${command}`);
      }
      assert.equal(verdict(ask({ name: "newfstatat", arguments: [3n, 0n, 0n, 0x1000n] })), "allow");
      assert.equal(verdict(ask({ name: "newfstatat", arguments: [-100n, 0n, 0n, 0n] })), "kill");
    });
  }

test("only fetcher and store make sockets, and only TCP and UDP over the Internet", () => {
  for (const profile of profiles) {
    const ask = asker(profile, "x64");
    const outward = profile.name === "fetcher" || profile.name === "store";
    for (let domain = 0n; domain < 48n; domain++)
      for (const type of [1n, 2n, 3n, 4n, 5n, 10n])
        for (const flags of [0n, 0o2000000n | 0o4000n]) {
          const expected = outward && (domain === 2n || domain === 10n) && (type === 1n || type === 2n) ? "allow" : "kill";
          assert.equal(
            verdict(ask({ name: "socket", arguments: [domain, type | flags, 0n] })),
            expected,
            `${profile.name}: socket ${domain} ${type}`,
          );
        }
    assert.equal(verdict(ask({ name: "connect" })), outward ? "allow" : "kill");
    for (const [level, name] of [
      [1n, 26n /* ATTACH_FILTER */],
      [1n, 25n /* BINDTODEVICE */],
      [1n, 36n /* MARK */],
      [263n, 5n /* RX_RING */],
      [6n, 31n /* ULP */],
      [0n, 64n /* iptables */],
    ] as const) {
      assert.equal(verdict(ask({ name: "setsockopt", arguments: [3n, level, name] })), "kill");
    }
  }
});

test("the table is what the manual says it is", () => {
  const has = (profile: FenceProfile, name: SyscallName): boolean => profile.rules.some((rule) => rule.name === name);
  const holders = (name: SyscallName): readonly string[] => profiles.filter((profile) => has(profile, name)).map(({ name: one }) => one);
  assert.deepEqual(holders("pwritev2"), ["engine+journal", "engine+streams"]);
  assert.deepEqual(holders("fdatasync"), ["engine+journal", "engine+streams"]);
  assert.deepEqual(holders("sendmmsg"), ["engine+journal", "engine+streams", "frontend"]);
  assert.deepEqual(holders("setsockopt"), ["fetcher", "store"]);
  assert.deepEqual(
    profiles.filter(({ jitless }) => jitless).map(({ name }) => name),
    ["engine", "frontend"],
  );
  for (const name of Object.keys(SYSCALLS) as SyscallName[]) assert.notDeepEqual(holders(name), [], `${name} is in no profile`);
});

test("a rule that answers nothing, a call named twice and a condition without values are mistakes of ours", () => {
  const twice = [
    { name: "read", cases: [{ when: [], answer: "allow" }] },
    { name: "read", cases: [{ when: [], answer: "allow" }] },
  ] as const;
  assert.throws(() => buildFilter({ rules: twice, architecture: "x64", pid: PID }), /one rule a call/);
  const empty = [{ name: "read", cases: [{ when: [{ argument: 0, is: [] }], answer: "allow" }] }] as const;
  assert.throws(() => buildFilter({ rules: empty, architecture: "x64", pid: PID }), /at least one value/);
  const none = buildFilter({ rules: [{ name: "read", cases: [] }], architecture: "x64", pid: PID });
  assert.equal(judge(none, { number: 0, architecture: AUDIT_ARCHITECTURE.x64 }), RETURN.killProcess);
  assert.equal(judge(ALLOW_ALL, { number: 999, architecture: 0 }), RETURN.allow);
});
