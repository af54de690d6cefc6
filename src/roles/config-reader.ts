/** Reads and judges the configuration for main, prints it as a frame, and ends: exit 0, or 2 with every problem on standard error. */
import { writeSync } from "node:fs";
import { encodeAll } from "../base/codec.ts";
import { FORMATS, printProblem, readConfigFile } from "../config/read.ts";
import { configuration } from "./messages/catalogue.ts";

const [file = "", given = "auto", absent = "error", define = ""] = process.argv.slice(2);
const format = FORMATS.find((one) => one === given);
const result = readConfigFile(file, { format, absent: absent === "empty" ? "empty" : "error", defines: define === "" ? [] : define.split("\n") });
if ("problems" in result) {
  writeSync(2, `${result.problems.map((problem) => printProblem(file, problem)).join("\n")}\n`);
  process.exitCode = 2;
} else {
  const bytes = encodeAll(configuration, result.config);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
