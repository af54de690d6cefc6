/** The directory of the private house: slapd where it is installed and starts, else the simulator's actor. */
import { spawn } from "node:child_process";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { HouseFacts } from "./facts.ts";
import { beside, kept, pause } from "./rooms.ts";
import { prepareSlapd } from "./slapd.ts";

export const DIRECTORIES = ["auto", "actor", "slapd"] as const;
export type DirectoryChoice = (typeof DIRECTORIES)[number];

const ADDRESS = "127.0.0.1";
const PORT = 636;
const PATIENCE_MS = 10_000;

/** Resolves when it answers; its certificate is `directory.pem` of the folder. @throws Error where it cannot be had */
export async function startDirectory(choice: DirectoryChoice, folder: string): Promise<HouseFacts["directory"]> {
  const why = choice === "actor" ? "it is not wanted" : await startSlapd(folder);
  if (typeof why !== "string") return why;
  if (choice === "slapd") throw new Error(`slapd: ${why}`);
  if (choice === "auto") process.stdout.write(`house: no slapd: ${why.split("\n")[0]}\n`);
  const events = join(folder, "directory.jsonl");
  writeFileSync(events, "");
  beside("the directory", "ldap-server.ts", ["--certificate", join(folder, "directory.pem"), "--json-events", events]);
  await until(() => readFileSync(events, "utf8").includes("listening"));
  return { kind: "actor", name: "LDAP actor", told: events };
}

async function startSlapd(folder: string): Promise<HouseFacts["directory"] | string> {
  const prepared = prepareSlapd(folder, ADDRESS);
  if (typeof prepared === "string") return prepared;
  const [program, ...words] = prepared.command;
  const told = join(folder, "slapd.log");
  const log = openSync(told, "w");
  const child = kept(spawn(program, words, { stdio: ["ignore", log, log] }), "the directory");
  const answers = await until(async () => child.exitCode !== null || child.signalCode !== null || (await listens()));
  if (!answers || child.exitCode !== null || child.signalCode !== null) {
    child.kill("SIGKILL");
    return readFileSync(told, "utf8").trim().split("\n").at(-1) ?? "it ended at once";
  }
  writeFileSync(join(folder, "directory.pem"), prepared.certificatePem);
  return { kind: "slapd", name: `slapd ${prepared.version}`, told };
}

async function until(look: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(20)) if (await look()) return true;
  return false;
}

function listens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, ADDRESS);
    const end = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}
