/** The helper other suites on real kernels stand on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { expertProblems, framesOf, type Namespace, needsRoot, Running, waitFor, withNamespaces } from "../support/namespace.ts";

test("packets go over a wire and a bridge, are captured, and the malformed ones are found", needsRoot, () =>
  withNamespaces(["left", "middle", "right"], async ({ left, middle, right }) => {
    await left.veth("eth0", middle, "a");
    await right.veth("eth0", middle, "b");
    await middle.bridge("br0", ["a", "b"]);
    await left.address("eth0", "192.0.2.1/24");
    await right.address("eth0", "192.0.2.2/24");
    await right.address("eth0", "2001:db8::2/64");
    const capture = await middle.capture("br0");
    await left.exec("ping", "-c", "1", "-W", "2", "192.0.2.2");
    await left.exec("bash", "-c", "printf '\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' > /dev/udp/192.0.2.2/53");
    await capture.stop();
    assert.equal(await framesOf(capture.file, "icmp.type == 8"), 1);
    const [first, ...more] = await expertProblems(capture.file, "dns");
    assert.equal(first?.severity, "malformed");
    assert.match(JSON.stringify([first, ...more]), /DNS/);
    assert.deepEqual(await expertProblems(capture.file, "arp || icmp.type == 8"), []);
  }),
);

test("programs that still run are killed and the namespaces are gone, also when the body throws", needsRoot, async () => {
  let seen: { readonly ns: Namespace; readonly program: Running } | undefined;
  const body = withNamespaces(["one"], async ({ one }) => {
    seen = { ns: one, program: one.spawn("sleep", ["600"]) };
    await assert.rejects(one.exec("sh", "-c", "echo out; echo err >&2; exit 3"), /exited 3: err\nout/);
    throw new Error("the body fails");
  });
  await assert.rejects(body, /the body fails/);
  assert.equal(seen?.program.running, false);
  assert.equal(existsSync(seen?.ns.path ?? "/"), false);
});

test("an interrupted process leaves no namespace behind", needsRoot, async () => {
  const support = fileURLToPath(new URL("../support/namespace.ts", import.meta.url));
  const script = `import { withNamespaces } from ${JSON.stringify(support)};
    withNamespaces(["one"], async ({ one }) => { one.spawn("sleep", ["600"]); console.log(one.path); await new Promise(() => setInterval(() => 0, 1000)); });`;
  const child = new Running(spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] }));
  const path = await waitFor(
    (see) => {
      see(child.stderr);
      return child.stdout.trim() || undefined;
    },
    10_000,
    "the namespace is made",
  );
  assert.equal(existsSync(path), true);
  assert.deepEqual(await child.stop("SIGINT"), { code: null, signal: "SIGINT" });
  assert.equal(existsSync(path), false);
});

test("a wait that fails says what was seen last", async () => {
  await assert.rejects(
    waitFor((see) => see({ leases: 3 }), 30, "four leases"),
    /not within 30 ms: four leases\nlast seen: \{\n "leases": 3\n\}/,
  );
  await assert.rejects(
    waitFor(() => assert.fail("not yet"), 30, "luck"),
    /last seen: not yet/,
  );
});
