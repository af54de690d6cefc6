/** Asks the program over its control socket, as any HTTP client could: curl --unix-socket /run/leasehold/control.sock http://x/v1/show */
import { request } from "node:http";
import { join } from "node:path";

/** Exit codes of every command (docs/errors.md). */
export const EXIT = { done: 0, failed: 1, usage: 2, absent: 3 } as const;
export type Answer = { readonly status: number; readonly body: unknown };

const PATIENCE_MS = 10_000;
const ANSWER_BYTES = 4 * 1024 * 1024;

/** @throws Error with what to do when nobody answers */
export function ask(runtimeDir: string, method: "GET" | "POST", path: string): Promise<Answer> {
  const socketPath = join(runtimeDir, "control.sock");
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, timeout: PATIENCE_MS, headers: { host: "leasehold", "content-length": 0 } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES) asked.destroy(new Error("the answer is too long"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in 10 seconds")));
    asked.on("error", (error: NodeJS.ErrnoException) => reject(new Error(advice(error, socketPath))));
    asked.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.slice(0, 200) };
  }
}

function advice(error: NodeJS.ErrnoException, socketPath: string): string {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED")
    return `leasehold is not running (no one listens on ${socketPath}); start it: leasehold run`;
  if (error.code === "EACCES") return `you may not ask leasehold: ${socketPath} is for root and the group leasehold`;
  return `leasehold did not answer on ${socketPath}: ${error.message}`;
}
