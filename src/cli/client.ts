/** Asks the program over its control socket, as any HTTP client could: curl --unix-socket /run/leasehold/control.sock http://x/v1/show */
import { type ClientRequest, type IncomingMessage, request } from "node:http";

export type Answer = { readonly status: number; readonly body: unknown };
export type StreamEvent = { readonly event: string; readonly data: unknown };

const PATIENCE_MS = 10_000;
/** A stream of events is never silent for longer. */
const SILENT_MS = 45_000;
const ANSWER_BYTES = 4 * 1024 * 1024;

/** @throws Error with what to do when nobody answers */
export function ask(socketPath: string, method: "GET" | "POST", path: string, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = asking({ socketPath, method, path, body, patienceMs: PATIENCE_MS }, reject, (response) => {
      let text = "";
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES) asked.destroy(new Error("the answer is too long"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }));
    });
  });
}

/** Reads server-sent events until the stream ends, or `stop`. Resolves with the status: 200 when there was a stream. */
export function follow(
  socketPath: string,
  path: string,
  { onEvent, onOpen = () => undefined }: { readonly onEvent: (event: StreamEvent) => void; readonly onOpen?: () => void },
): { readonly ended: Promise<number>; readonly stop: () => void } {
  let asked: ClientRequest | undefined;
  const ended = new Promise<number>((resolve, reject) => {
    asked = asking({ socketPath, method: "GET", path, body: "", patienceMs: SILENT_MS }, reject, (response) => {
      const status = response.statusCode ?? 0;
      if (status === 200) onOpen();
      let text = "";
      response.on("data", (chunk: string) => {
        const blocks = (text + chunk).split("\n\n");
        text = blocks.pop() ?? "";
        if (text.length > ANSWER_BYTES) asked?.destroy(new Error("an event is too long"));
        if (status === 200) for (const block of blocks) tell(block, onEvent);
      });
      response.on("end", () => resolve(status));
      response.on("close", () => resolve(status));
    });
  });
  return { ended, stop: () => asked?.destroy() };
}

function asking(
  how: {
    readonly socketPath: string;
    readonly method: "GET" | "POST";
    readonly path: string;
    readonly body: string;
    readonly patienceMs: number;
  },
  reject: (why: Error) => void,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const { socketPath, method, path, body, patienceMs } = how;
  const headers = { host: "leasehold", "content-length": Buffer.byteLength(body) };
  const asked = request({ socketPath, path, method, timeout: patienceMs, headers }, (response) => {
    response.setEncoding("utf8");
    onResponse(response);
  });
  asked.on("timeout", () => asked.destroy(new Error(`nothing came for ${patienceMs / 1000} seconds`)));
  asked.on("error", (error: NodeJS.ErrnoException) => reject(new Error(advice(error, socketPath))));
  asked.end(body);
  return asked;
}

/** One event: lines of fields; a block of comments is none. */
function tell(block: string, onEvent: (event: StreamEvent) => void): void {
  const field = (name: string): string | undefined =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [event, data] = [field("event"), field("data")];
  if (event !== undefined && data !== undefined) onEvent({ event, data: parsed(data) });
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
