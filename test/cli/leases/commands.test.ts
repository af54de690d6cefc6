/** `leasehold leases` over a made-up program: what is asked for, what is printed, and how each command ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import { bundled } from "../../support/bundled.ts";
import { withScratch } from "../../support/scratch.ts";

const CLI = bundled("src/cli/leasehold.ts");
const T = 1_800_000_000;
const lease = (n: number): Readonly<Record<string, unknown>> => ({
  ...{ kind: "address", address: `2001:db8::${n.toString(16)}`, prefixLength: 128, link: "lan0", state: "bound", client: "00030001020000000001" },
  ...{ iaid: n, startSeconds: T, preferredUntilSeconds: T + 60, validUntilSeconds: T + 120, hostName: "" },
});

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly asked: readonly string[] };
type Answer = (line: string, body: string) => readonly [number, unknown];

/** Runs `leasehold leases WORDS` against a program that answers as it is told; FOLDER in a word is the scratch folder. */
async function run(
  answer: Answer,
  words: readonly string[],
  prepare: (folder: string) => void = () => undefined,
  look: (folder: string) => void = () => undefined,
): Promise<Ran> {
  let ran: Ran | undefined;
  await withScratch(async (folder) => {
    prepare(folder);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += String(chunk);
      });
      request.on("end", () => {
        const line = `${request.method} ${request.url}`;
        asked.push(line);
        const [status, told] = answer(line, body);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(told));
      });
    });
    await new Promise<void>((done) => server.listen(join(folder, "control.sock"), done));
    try {
      const args = words.map((word) => word.replace("FOLDER", folder));
      const child = spawn(process.execPath, [CLI, "leases", ...args, "--runtime-dir", folder]);
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      const code = await new Promise<number | null>((done) => child.on("close", done));
      ran = { code, stdout, stderr, asked };
      look(folder);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
  assert.ok(ran !== undefined);
  return ran;
}
const page = (leases: readonly unknown[], next: number | null = null): readonly [number, unknown] => [200, { nowSeconds: T, leases, next }];

test("a list is fetched page by page and printed as it comes, with what was asked for in every request", async () => {
  const answer: Answer = (line) => (line.includes("after=0") ? page([lease(1)], 9) : page([{ ...lease(2), hostName: "\u001b]0;x", link: "" }]));
  const { code, stdout, asked } = await run(answer, [
    "list",
    "--interface",
    "lan0",
    "--client",
    "0003:0001",
    "--address",
    "2001:db8::1",
    "--state",
    "bound",
  ]);
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0] ?? "", /^LEASE +LINK +STATE +LEFT +NAME +CLIENT$/);
  assert.match(lines[1] ?? "", /^2001:db8::1 +lan0 +bound +2 min +- +LL 02:00:00:00:00:01 IAID 1$/);
  assert.match(lines[2] ?? "", /\\u\{1b\}\]0;x/, "what a client calls itself is escaped");
  assert.equal(stdout.includes("\u001b"), false);
  const query = "link=lan0&client=0003%3A0001&holds=2001%3Adb8%3A%3A1&state=bound&after=";
  assert.deepEqual(asked, [`GET /v1/leases?${query}0`, `GET /v1/leases?${query}9`]);
});

test("--json is a line of JSON for each lease; an empty list is no failure; a server that is not configured is", async () => {
  const two = await run(() => page([lease(1), lease(2)]), ["list", "--json"]);
  assert.deepEqual(
    two.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    [lease(1), lease(2)],
  );
  const none = await run(() => page([]), ["list"]);
  assert.deepEqual([none.code, none.stdout], [0, ""]);
  const off = await run(() => [404, { hint: "nothing is leased" }], ["list"]);
  assert.deepEqual([off.code, off.stderr], [3, "nothing is leased\n"]);
  const wrong = await run(() => [400, { hint: "client: a DUID" }], ["list", "--client", "x"]);
  assert.deepEqual([wrong.code, wrong.stderr], [2, "client: a DUID\n"]);
  assert.equal((await run(() => page([]), ["list", "--state", "lost"])).code, 2);
});

test("show tells one lease, and where to look when there is none", async () => {
  const found = await run(() => page([lease(1)]), ["show", "2001:db8::1"]);
  assert.match(found.stdout, /^2001:db8::1 is bound on lan0\.\n {2}client: LL/);
  assert.deepEqual(found.asked, ["GET /v1/leases?lease=2001%3Adb8%3A%3A1&after=0"]);
  const none = await run(() => page([]), ["show", "2001:db8::2"]);
  assert.deepEqual([none.code, /leases list --address 2001:db8::2/.test(none.stderr)], [3, true]);
  assert.equal((await run(() => page([]), ["show", "lan0"])).code, 2);
});

test("add and delete ask once, say what became of it, and end with it", async () => {
  const bodies: unknown[] = [];
  const answer =
    (outcome: string): Answer =>
    (line, body) => {
      if (line.startsWith("GET")) return page([]);
      bodies.push(JSON.parse(body));
      return [200, { result: "done", outcomes: [outcome] }];
    };
  const words = ["add", "2001:db8:100::/56", "--client", "0003:0001:0200:0000:0001", "--interface", "lan0", "--iaid", "9", "--valid-seconds", "100"];
  const done = await run(answer("done"), words);
  assert.deepEqual([done.code, done.stdout], [0, "2001:db8:100::/56 is 0003:0001:0200:0000:0001's on lan0\n"]);
  assert.deepEqual(bodies.pop(), {
    put: [
      {
        ...{ kind: "prefix", address: "2001:db8:100::", prefixLength: 56, link: "lan0", state: "bound", client: "00030001020000000001", iaid: 9 },
        ...{ hostName: "", startSeconds: T, preferredUntilSeconds: T + 100, validUntilSeconds: T + 100 },
      },
    ],
  });
  const held = await run(answer("held"), words);
  assert.deepEqual([held.code, held.stderr], [1, "2001:db8:100::/56: somebody else holds it\n"]);
  const deleted = await run(answer("done"), ["delete", "2001:db8::1"]);
  assert.deepEqual([deleted.code, deleted.stdout, bodies.pop()], [0, "2001:db8::1 is nobody's now\n", { remove: ["2001:db8::1"] }]);
  assert.equal((await run(answer("absent"), ["delete", "2001:db8::1"])).code, 3);
  const denied = await run((line) => (line.startsWith("GET") ? page([]) : [403, { text: "only root may do this; use sudo" }]), words);
  assert.deepEqual([denied.code, denied.stderr], [1, "only root may do this; use sudo\n"]);
  assert.equal((await run(answer("done"), ["add", "2001:db8::1", "--interface", "lan0"])).code, 2, "whose?");
  assert.equal((await run(answer("done"), [...words.slice(0, 3), "xyz", ...words.slice(4)])).code, 2);
});

test("an export has a head and an end, its name when it is whole, and 0600; to - it is a stream", async () => {
  const answer: Answer = (line) => (line.includes("after=0") ? page([lease(1)], 9) : page([lease(2)]));
  const lines = [{ format: "leasehold-leases", version: 1, at: T }, lease(1), lease(2), { end: true, leases: 2 }]
    .map((one) => `${JSON.stringify(one)}\n`)
    .join("");
  let text = "";
  const file = await run(answer, ["export", "FOLDER/out"], undefined, (folder) => {
    text = readFileSync(join(folder, "out"), "utf8");
  });
  assert.deepEqual([file.code, text], [0, lines]);
  assert.equal((await run(answer, ["export"])).stdout, lines);
  const failed = await run(answer, ["export", "FOLDER/none/out"]);
  assert.deepEqual([failed.code, /ENOENT/.test(failed.stderr)], [1, true]);
});

test("an import goes out in batches that fit a request, and tells what became of each", async () => {
  const leases = Array.from({ length: 2 * LIMITS.leaseChanges + 1 }, (_, n) => lease(n + 1));
  const text = [{ format: "leasehold-leases", version: 1, at: T }, ...leases, { end: true, leases: leases.length }]
    .map((one) => `${JSON.stringify(one)}\n`)
    .join("");
  const sizes: number[] = [];
  const answer: Answer = (_line, body) => {
    assert.ok(body.length <= LIMITS.controlRequestBytes);
    const { put } = JSON.parse(body) as { readonly put: readonly unknown[] };
    sizes.push(put.length);
    return [200, { result: "done", outcomes: put.map((_, i) => (sizes.length > 1 ? "known" : i === 0 ? "held" : i === 1 ? "over" : "done")) }];
  };
  const write = (folder: string): void => writeFileSync(join(folder, "in"), text);
  const told = await run(answer, ["import", "FOLDER/in"], write);
  assert.deepEqual([told.code, sizes], [1, [LIMITS.leaseChanges, LIMITS.leaseChanges, 1]]);
  assert.match(told.stdout, /^257 leases of .* \(leasehold\): 126 taken in, 129 were there, 1 are over, 1 refused; lines not understood: 0\n$/);
  assert.equal(told.stderr, "2001:db8::1: somebody else holds it\n");
  sizes.length = 0;
  const json = JSON.parse((await run(answer, ["import", "FOLDER/in", "--json"], write)).stdout) as { readonly refused: readonly unknown[] };
  assert.deepEqual(json.refused, [{ lease: "2001:db8::1", outcome: "held" }]);
  const unknown = await run(answer, ["import", "FOLDER/in"], (folder) => writeFileSync(join(folder, "in"), "hello\n"));
  assert.deepEqual([unknown.code, /--format/.test(unknown.stderr)], [2, true]);
  assert.equal((await run(answer, ["import", "FOLDER/none"])).code, 2);
});

test("help teaches: what each command does, an example, and its exit codes", async () => {
  for (const [words, ...parts] of [
    [["--help"], "list", "show", "add", "delete", "export", "import"],
    [["list", "--help"], "jq -r", "Exit codes:"],
    [["import", "--help"], "kea-leases6.csv", "Only root", "Exit codes:"],
  ] as const) {
    const { code, stdout } = await run(() => page([]), words);
    assert.equal(code, 0);
    for (const part of parts) assert.ok(stdout.includes(part), `${words.join(" ")}: ${part}`);
  }
});
