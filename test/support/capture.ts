/** What another program thinks of the packets we sent. */
import { run, sound } from "./programs.ts";

export type Problem = { readonly frame: number; readonly severity: "malformed" | "warning" | "error"; readonly message: string };

/** What tshark holds against the frames of a capture: malformed ones, and expert warnings and errors. */
export async function expertProblems(pcap: string, displayFilter = ""): Promise<readonly Problem[]> {
  const bad = `(_ws.malformed || _ws.expert.severity >= ${EXPERT_WARNING})`;
  const fields = ["frame.number", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message"].flatMap((field) => ["-e", field]);
  const filter = displayFilter === "" ? bad : `(${displayFilter}) && ${bad}`;
  const { stdout } = sound(
    await run("tshark", ["-n", "-r", pcap, "-Y", filter, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", ...fields]),
  );
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .flatMap(problemsOf);
}

const EXPERT_WARNING = 0x600000;
const EXPERT_ERROR = 0x800000;

function problemsOf(line: string): readonly Problem[] {
  const [number = "", malformed = "", severities = "", messages = ""] = line.split("\t");
  const frame = Number(number);
  const texts = messages.split("|");
  const expert = severities.split("|").flatMap((text, i): readonly Problem[] => {
    const severity = Number(text);
    return severity >= EXPERT_WARNING ? [{ frame, severity: severity >= EXPERT_ERROR ? "error" : "warning", message: texts[i] ?? "" }] : [];
  });
  return malformed === "" ? expert : [{ frame, severity: "malformed", message: malformed }, ...expert];
}

/** How many frames of a capture a display filter lets through. */
export async function framesOf(pcap: string, displayFilter: string): Promise<number> {
  const { stdout } = sound(await run("tshark", ["-n", "-r", pcap, "-Y", displayFilter, "-T", "fields", "-e", "frame.number"]));
  return stdout.split("\n").filter((line) => line !== "").length;
}

/** Fields of the frames that a display filter lets through, a row each. */
export async function fieldsOf(pcap: string, displayFilter: string, fields: readonly string[]): Promise<readonly (readonly string[])[]> {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const { stdout } = sound(await run("tshark", ["-n", "-r", pcap, "-Y", displayFilter, "-T", "fields", "-E", "separator=/t", ...wanted]));
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}
