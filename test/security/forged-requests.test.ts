/** Main against roles that were taken over: the real main, launcher and fences; only one role's bundle is an attacker's. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { LIMITS } from "../../src/base/limits.ts";
import { type Namespace, needsRoot, type Running, waitFor, withNamespaces } from "../support/namespace.ts";
import { run } from "../support/programs.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { DIRECTORY_FORGERIES, FETCHER_FORGERIES, RPCBIND_FLOOD } from "./forged/directory.ts";
import { type Forgery, LINKS, SENT, TOLD } from "./forged/forgery.ts";
import { FRONTEND_FORGERIES } from "./forged/frontend.ts";
import { FULL_DISK, LAN_FORGERIES, SEGMENTS } from "./forged/lan.ts";
import { UPLINK4_FORGERIES } from "./forged/uplink4.ts";
import { UPLINK6_FORGERIES } from "./forged/uplink6.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const forged = join(root, "test/security/forged");
const LAN = '[lan.lan0]\nprefix_pool = "2001:db8:100::/40"\ndelegated_length = 56\n\n[lan.lan1]\nra = "off"\ndhcpv6 = "off"\n';
const DIRECTORY = (outlets: string): string =>
  `[directory]\ndomain = "test"\nuserdb = false\n${outlets}\n\n[directory.source.nobody]\nserver = "127.0.0.1"\nbase = "dc=test"\n`;

/** Each attack: who was taken over, under which configuration, and which list of forgeries it sends. */
const ATTACKS = {
  uplink4: {
    ...{ role: "engine-uplink4", profile: "engine", configured: "uplink4Config", file: "uplink4.ts", list: "UPLINK4_FORGERIES" },
    configuration: "[uplink4.wan0]\n",
    forgeries: UPLINK4_FORGERIES,
  },
  uplink6: {
    ...{ role: "engine-uplink6", profile: "engine", configured: "uplink6Config", file: "uplink6.ts", list: "UPLINK6_FORGERIES" },
    configuration: '[uplink6.wan0]\ndelegate = [ { to = ["lan0"] } ]\n',
    forgeries: UPLINK6_FORGERIES,
  },
  lan: {
    ...{ role: "engine-lan", profile: "engine+journal", configured: "lanConfigPart", file: "lan.ts", list: "LAN_FORGERIES" },
    configuration: LAN,
    forgeries: LAN_FORGERIES,
  },
  fullDisk: {
    ...{ role: "engine-lan", profile: "engine+journal", configured: "lanConfigPart", file: "lan.ts", list: "FULL_DISK" },
    configuration: LAN,
    forgeries: FULL_DISK,
  },
  directory: {
    ...{ role: "engine-directory", profile: "engine+streams", configured: "directoryConfig", file: "directory.ts", list: "DIRECTORY_FORGERIES" },
    configuration: DIRECTORY("yp = false"),
    forgeries: DIRECTORY_FORGERIES,
  },
  rpcbind: {
    ...{ role: "engine-directory", profile: "engine+streams", configured: "directoryConfig", file: "directory.ts", list: "RPCBIND_FLOOD" },
    configuration: DIRECTORY('yp_register = "rpcbind"'),
    forgeries: RPCBIND_FLOOD,
  },
  fetcher: {
    ...{ role: "fetcher", profile: "fetcher", configured: "fetcherConfig", file: "directory.ts", list: "FETCHER_FORGERIES" },
    configuration: DIRECTORY("yp = false"),
    forgeries: FETCHER_FORGERIES,
  },
  frontend: {
    ...{ role: "frontend", profile: "frontend", configured: "netlinkSocket", file: "frontend.ts", list: "FRONTEND_FORGERIES" },
    configuration: "[uplink4.wan0]\n",
    forgeries: FRONTEND_FORGERIES,
  },
} as const;
type Attack = (typeof ATTACKS)[keyof typeof ATTACKS];

let installation = "";
before(() => {
  installation = mkdtempSync(join(tmpdir(), "leasehold-forged-"));
  cpSync(join(root, "dist"), join(installation, "dist"), { recursive: true });
  cpSync(join(root, "bin"), join(installation, "bin"), { recursive: true });
  symlinkSync(join(root, "native"), join(installation, "native"));
});
after(() => rmSync(installation, { recursive: true, force: true }));

/** The role's bundle is the attacker's while `body` runs. */
async function takenOver({ role, profile, configured, file, list }: Attack, body: () => Promise<void>): Promise<void> {
  const bundle = join(installation, "dist", `${role}.mjs`);
  const contents = `import { takeOver } from "./forgery.ts"; import { ${list} } from "./${file}";
    takeOver({ role: "${role}", profile: "${profile}", configuration: "${configured}" }, ${list});`;
  buildSync({
    stdin: { contents, resolveDir: forged, loader: "ts" },
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
  });
  try {
    await body();
  } finally {
    cpSync(join(root, "dist", `${role}.mjs`), bundle);
  }
}

type MainView = {
  readonly pid: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly unreadable: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly roles: readonly { readonly name: string; readonly restarts: number }[];
};
type Scene = {
  readonly here: Namespace;
  readonly scratch: string;
  readonly state: string;
  /** Starts the program with a shell's commands before it, waits until everything was sent, and judges what main counted. */
  readonly attacked: (prelude?: string) => Promise<{ readonly main: MainView; readonly program: Running }>;
};

function attack(which: keyof typeof ATTACKS, title: string, tell: (scene: Scene) => Promise<void>): void {
  test(title, { ...needsRoot, timeout: 60_000 }, () =>
    takenOver(ATTACKS[which], () =>
      withScratch((scratch) =>
        withNamespaces(["forged"], async ({ forged: here }) => {
          for (const [name, index] of Object.entries(LINKS)) {
            await here.ip("link", "add", name, "index", String(index), "type", "veth", "peer", "name", `p${index}`);
            for (const link of [name, `p${index}`]) await here.ip("link", "set", link, "addrgenmode", "none", "up");
          }
          await here.ip("addr", "add", "198.51.100.1/24", "dev", "lan0");
          const state = join(scratch, "state");
          mkdirSync(state);
          mkdirSync(join(scratch, "run"));
          await tell({ here, scratch, state, attacked: (prelude = ":") => attackedBy(ATTACKS[which], here, scratch, prelude) });
        }),
      ),
    ),
  );
}

async function attackedBy(
  { role, configuration, forgeries }: Attack,
  here: Namespace,
  scratch: string,
  prelude: string,
): ReturnType<Scene["attacked"]> {
  const file = writeIn(scratch, "leasehold.toml", configuration, 0o600);
  const leasehold = join(installation, "bin/leasehold");
  const args = ["run", "-f", file, "--runtime-dir", join(scratch, "run"), "--state-dir", join(scratch, "state")];
  const program = here.spawn("unshare", ["-m", "sh", "-ec", `${prelude}\nexec "$@"`, "sh", leasehold, ...args]);
  await waitFor(
    (see) => {
      see(program.stderr);
      return program.stderr.includes(SENT);
    },
    20_000,
    "everything was sent",
  );
  const { stdout } = await run(leasehold, ["show", "--json", "--runtime-dir", join(scratch, "run")]);
  const main = (JSON.parse(stdout) as { readonly main: MainView }).main;
  assert.deepEqual(
    main.refused,
    counted(forgeries, (reason) => reason.includes(".")),
  );
  assert.deepEqual(
    main.unreadable[role] ?? {},
    counted(forgeries, (reason) => !reason.includes(".")),
    "messages of other roles are not read",
  );
  assert.doesNotMatch(program.stderr, /roleEnded/);
  const line = program.stderr.split("\n").find((one) => one.includes(SENT)) ?? "{}";
  assert.deepEqual({ ...JSON.parse(line), time: "" }, { level: "error", time: "", role, event: SENT }, "no role logs as another");
  assert.ok(main.roles.every(({ restarts }) => restarts === 0));
  assert.ok(program.running);
  return { main, program };
}

function counted(forgeries: readonly Forgery[], which: (reason: string) => boolean): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { refused, times } of forgeries) if (refused !== undefined && which(refused)) counts.set(refused, (counts.get(refused) ?? 0) + times);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Addresses, routes and sockets of the namespace. */
async function kernel(here: Namespace): Promise<string> {
  const shown = await Promise.all([
    here.ip("addr"),
    here.ip("route", "show", "table", "all"),
    here.ip("-6", "route", "show", "table", "all"),
    ...["udp", "udp6", "raw", "raw6", "packet"].map((kind) => here.exec("cut", "-c1-60", `/proc/net/${kind}`)),
  ]);
  return shown.map(({ stdout }) => stdout).join("\n");
}

/** A folder as the program sees it. */
function seen({ pid }: MainView, folder: string): readonly string[] {
  return readdirSync(`/proc/${pid}/root${folder}`).sort();
}

for (const which of ["uplink4", "uplink6"] as const)
  attack(which, `${which}: everything outside the configuration is refused and counted; kernel and disk stay as they are`, async (scene) => {
    const earlier = await kernel(scene.here);
    const { main } = await scene.attacked();
    assert.equal(await kernel(scene.here), earlier);
    assert.deepEqual(seen(main, join(scene.state, which)), []);
  });

attack(
  "lan",
  "lan: the same; of a flood of files one segment is made and one snapshot opened, and nothing in use goes",
  async ({ here, state, attacked }) => {
    for (let number = 1; number <= SEGMENTS; number++) writeIn(state, `lan/segment-${number}`, "");
    const earlier = await kernel(here);
    const { main } = await attacked();
    // what nobody has of our pool leads nowhere: main's own doing, whoever the engine is
    const pool = /^unreachable 2001:db8:100::\/40 dev lo proto 157 .*\n/gm;
    assert.equal((await kernel(here)).replace(pool, ""), earlier);
    const segments = Array.from({ length: SEGMENTS + 1 }, (_, i) => `segment-${i + 1}`);
    assert.deepEqual(seen(main, join(state, "lan")), [...segments, "unfinished-snapshot-1"].sort());
    assert.equal(readFileSync(join(state, `lan/segment-${SEGMENTS + 1}`)).length, LIMITS.segmentBytes);
    assert.deepEqual(seen(main, join(state, "router")), []);
  },
);

attack("fullDisk", "lan: a full disk is told to the engine, nothing half-made stays, and main goes on", async ({ state, attacked }) => {
  const kibibytes = LIMITS.segmentBytes / 1024 + 32;
  const { main, program } = await attacked(`mount -t tmpfs -o size=${kibibytes}k tmpfs ${state}`);
  const told = await waitFor(
    () => {
      const lines = program.stderr.split("\n").filter((line) => line.includes(TOLD));
      return lines.length >= 3 ? lines.map((line) => (JSON.parse(line) as { readonly told: string }).told) : undefined;
    },
    15_000,
    "the engine was told, and told again when main had tried again",
  );
  assert.deepEqual(told, ["openJournalFile 28", "saveLease 28", "openJournalFile 28"]);
  assert.deepEqual(seen(main, join(state, "lan")), ["segment-1"]);
  assert.deepEqual(seen(main, join(state, "router")), []);
});

attack("directory", "directory: floods and foreign numbers are refused; the snapshot of before is untouched", async ({ here, state, attacked }) => {
  writeIn(state, "directory/snapshot", "kept", 0o600);
  const earlier = await kernel(here);
  const { main } = await attacked();
  assert.equal(await kernel(here), earlier);
  assert.deepEqual(seen(main, join(state, "directory")), ["snapshot"]);
  assert.equal(readFileSync(join(state, "directory/snapshot"), "utf8"), "kept");
});

attack("rpcbind", "directory: rpcbind is connected to no more often than one outlet may have connections", async ({ scratch, attacked }) => {
  const folder = join(scratch, "slash-run");
  mkdirSync(join(folder, "leasehold-ids"), { recursive: true });
  let connections = 0;
  const rpcbind = createServer(() => connections++).listen(join(folder, "rpcbind.sock"));
  try {
    await attacked(`mkdir -p /run/leasehold-ids; mount --bind /run/leasehold-ids ${folder}/leasehold-ids; mount --rbind ${folder} /run`);
    await waitFor(() => connections >= LIMITS.outletConnections, 5000, "main connected");
    assert.equal(connections, LIMITS.outletConnections);
  } finally {
    rpcbind.close(); // its connections end with the program
  }
});

attack("frontend", "frontend: main does nothing for it either", async ({ here, state, attacked }) => {
  const earlier = await kernel(here);
  const { main } = await attacked();
  assert.equal(await kernel(here), earlier);
  assert.deepEqual(seen(main, join(state, "uplink4")), []);
});

attack("fetcher", "fetcher: main does nothing for it", async ({ here, state, attacked }) => {
  const earlier = await kernel(here);
  const { main } = await attacked();
  assert.equal(await kernel(here), earlier);
  assert.deepEqual(seen(main, join(state, "directory")), []);
});
