/** All that the fetcher does of a day, behind its fence: names, TLS, certificates, and no file. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { channelPair, closeAll } from "../../src/platform/channel.ts";
import { launcherArguments } from "../../src/platform/launcher.ts";
import { nativeFolder } from "../../src/platform/native.ts";
import type { FetcherConfig, SourceConfig } from "../../src/services/directory/config.ts";
import type { FencedFetch, FencedFetched } from "../support/fenced-fetch.ts";
import { needsRoot, Running, waitFor, withNamespaces } from "../support/namespace.ts";
import { FENCES } from "../support/pulling.ts";
import { SERVER_NAME, startSlapd, within } from "../support/slapd.ts";

/** In no account and no block that main takes. */
const ID = 288_997;

type Told = { readonly lacking: readonly string[]; readonly fetched: readonly FencedFetched[] };

async function fenced(configs: readonly FetcherConfig[]): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-fetch-"));
  const [ours, theirs] = channelPair();
  try {
    mkdirSync(join(folder, "dist"));
    mkdirSync(join(folder, "empty"));
    const bundle = join(folder, "dist/role.mjs");
    const define = { "import.meta.url": JSON.stringify(new URL("../../dist/role.mjs", import.meta.url).href) }; // where the addon is looked for
    const entry = fileURLToPath(new URL("../support/fenced-fetch.ts", import.meta.url));
    await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: "node", format: "esm", target: "node20", define });
    const order: FencedFetch = { id: ID, emptyRoot: join(folder, "empty"), configs };
    const program = { program: process.execPath, args: [bundle, JSON.stringify(order)], channelFd: theirs, extraFds: [], uid: ID, gid: ID };
    const args = launcherArguments(program, process.pid);
    const stdio = ["ignore", "pipe", "pipe", theirs] as const;
    const child = new Running(spawn(join(nativeFolder(), "leasehold-launcher"), args, { env: {}, stdio: [...stdio] }));
    const end = await child.exited;
    assert.deepEqual(end, { code: 0, signal: null }, child.stderr);
    return JSON.parse(child.stdout);
  } finally {
    closeAll([ours, theirs]);
    rmSync(folder, { recursive: true, force: true });
  }
}

test("directories are fetched, and failures told, behind the fence of the fetcher", needsRoot, () =>
  withNamespaces(["directory"], async ({ directory }) => {
    const slapd = await startSlapd(directory, { users: 1000, groups: 50, tls: true });
    try {
      const dnsmasq = directory.spawn("dnsmasq", ["-k", "-C", "/dev/null", "-R", "-h", "--pid-file=", `--address=/${SERVER_NAME}/127.0.0.1`]);
      await waitFor(async () => (await directory.exec("ss", "-Hlun")).stdout.includes(":53 "), 5000, "dnsmasq listens");
      const named = (source: SourceConfig, host = SERVER_NAME): SourceConfig => ({
        ...source,
        servers: source.servers.map((server) => ({ ...server, host, address: undefined })),
      });
      const config = (...sources: readonly SourceConfig[]): FetcherConfig => ({ resolvers: ["127.0.0.1"], idFences: FENCES, sources });
      const configs = [
        ...(["ldaps", "starttls", "plain"] as const).map((transport) => config(named(slapd.source(transport)))),
        config(slapd.source("ldaps", { trustedPem: "" })),
        config(named(slapd.source(), "nowhere.test")),
        config(slapd.source("plain", { servers: [{ host: SERVER_NAME, address: "127.0.0.1", port: 1 }] })),
      ];
      const { lacking, fetched } = await within(directory, () => fenced(configs));
      assert.deepEqual(lacking, []);
      const whole = { reason: "", users: 1000, groups: 50 };
      assert.deepEqual(fetched.slice(0, 3), [whole, whole, whole]);
      const reasons = fetched.slice(3).map(({ reason }) => reason);
      for (const [i, expected] of [/^certificate /, /^resolve /, /^connect /].entries()) assert.match(reasons[i] ?? "", expected);
      await dnsmasq.stop();
    } finally {
      slapd.remove();
    }
  }),
);
