/** Asks tshark, which shares no code with us, what it thinks of bytes we encoded. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Sent = { readonly from: "client" | "server"; readonly bytes: Uint8Array };
/** One row a packet: what the columns say, and whether the dissector found it broken. */
export type Row = { readonly protocol: string; readonly info: string; readonly broken: boolean };

const PROGRAMS = ["tshark", "text2pcap"] as const;

/** Second argument of `test`: skips where the dissector is not installed. */
export const needsDissector: { readonly skip?: string } = PROGRAMS.every((program) => spawnSync(program, ["--version"]).status === 0)
  ? {}
  : { skip: "tshark is not installed" };

/** Packets between a client and `port`, each in a datagram or segment of its own. */
export function dissect(transport: "tcp" | "udp", port: number, packets: readonly Sent[]): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-dissect-"));
  try {
    const [dump, capture] = [join(folder, "dump"), join(folder, "capture")];
    writeFileSync(dump, packets.map(({ from, bytes }) => `${from === "client" ? "I" : "O"}\n${hexDump(bytes)}\n`).join("\n"));
    run("text2pcap", ["-q", "-D", transport === "tcp" ? "-T" : "-u", `40000,${port}`, "-4", "192.0.2.1,192.0.2.2", dump, capture]);
    const fields = ["_ws.col.Protocol", "_ws.col.Info", "_ws.malformed", "_ws.expert.severity"].flatMap((field) => ["-e", field]);
    const out = run("tshark", [
      "-r",
      capture,
      "-o",
      "tcp.check_checksum:FALSE",
      "-T",
      "fields",
      "-E",
      "separator=|",
      "-E",
      "occurrence=a",
      ...fields,
    ]);
    return out.trimEnd().split("\n").map(rowOf);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ERROR = 0x800000;

function rowOf(line: string): Row {
  const parts = line.split("|");
  const severities = (parts.at(-1) ?? "").split(",").map(Number);
  const broken = parts.at(-2) !== "" || severities.some((severity) => severity >= ERROR) || /malformed/i.test(line);
  return { protocol: parts[0] ?? "", info: parts.slice(1, -2).join("|"), broken };
}

function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    rows.push(
      `${at.toString(16).padStart(6, "0")} ${Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`,
    );
  }
  return rows.join("\n");
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}
