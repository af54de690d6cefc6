import assert from "node:assert/strict";
import test from "node:test";
import { ARCHITECTURES, type Architecture, SYSCALLS, type SyscallName, syscallNumber } from "../../../src/platform/fence/syscalls.ts";
import { genericSyscalls, type Headers, installedSyscalls } from "./headers.ts";

const own = ARCHITECTURES.find((name) => name === process.arch);
const names = Object.keys(SYSCALLS) as SyscallName[];

compare(own ?? "x64", own === undefined ? `no table for ${process.arch}` : installedSyscalls());
if (own !== "arm64") compare("arm64", genericSyscalls());

function compare(architecture: Architecture, headers: Headers): void {
  const skip = typeof headers === "string" ? headers : false;
  test(`every system-call number of ${architecture} is the one in the kernel's headers`, { skip }, () => {
    if (typeof headers === "string") return;
    for (const name of names) assert.equal(syscallNumber(name, architecture), headers.get(name), name);
  });
}

test("no two names have one number", () => {
  for (const architecture of ARCHITECTURES) assert.equal(new Set(names.map((name) => syscallNumber(name, architecture))).size, names.length);
});
