/**
 * Reads and judges the configuration for main, prints it as a frame, and ends: exit 0, or 2 with every problem on standard error. What is
 * secret in it goes into a file that main hands on without reading it: descriptor 3.
 */
import { writeSync } from "node:fs";
import { encodeAll } from "../base/codec.ts";
import { FORMATS, printProblem, readConfigFile } from "../config/read.ts";
import { parted } from "../services/directory/secrets.ts";
import { configuration } from "./messages/catalogue.ts";
import { sourceSecrets } from "./messages/directory.ts";

const STDOUT = 1;
const SECRETS = 3;

const [file = "", given = "auto", absent = "error", define = "", compat = "error"] = process.argv.slice(2);
const format = FORMATS.find((one) => one === given);
const defines = define === "" ? [] : define.split("\n");
const result = readConfigFile(file, { format, absent: absent === "empty" ? "empty" : "error", defines, compat: compat === "warning" });
if ("problems" in result) {
  writeSync(2, `${result.problems.map((problem) => printProblem(file, problem)).join("\n")}\n`);
  process.exitCode = 2;
} else {
  const { directory, ...others } = result.config;
  const { config: fetcher, secrets } = directory === undefined ? { config: undefined, secrets: [] } : parted(directory.fetcher);
  write(SECRETS, encodeAll(sourceSecrets, secrets));
  const shown = directory === undefined || fetcher === undefined ? undefined : { ...directory, fetcher };
  write(STDOUT, encodeAll(configuration, { ...others, directory: shown }));
}

function write(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
