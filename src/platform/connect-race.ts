/** TCP to whichever address of a server answers first (RFC 8305 §5): in their order, the next a quarter second after the one before. */
import type { Socket } from "node:net";

export type Race = { readonly cancel: () => void };
export type Runner = (options: { readonly host: string; readonly port: number; readonly noDelay: boolean; readonly keepAlive: boolean }) => Socket;
export type RaceHandlers = {
  /** Its errors are the winner's from here on. */
  readonly won: (socket: Socket) => void;
  /** With the reason of the last address. */
  readonly lost: (error: Error) => void;
};

const STAGGER_MS = 250;

/** A literal address asks no resolver. Handlers are called later, one of them, once. */
export function firstConnected(addresses: readonly string[], port: number, run: Runner, handlers: RaceHandlers): Race {
  const running = new Set<Socket>();
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  let last = new Error("no address");
  const cancel = (): void => {
    clearTimeout(timer);
    next = addresses.length;
    for (const socket of running) socket.destroy();
    running.clear();
  };
  const start = (): void => {
    clearTimeout(timer);
    const host = addresses[next++];
    if (host === undefined) return;
    const socket = run({ host, port, noDelay: true, keepAlive: true });
    running.add(socket);
    const failed = (error: Error): void => {
      last = error;
      if (!running.delete(socket)) return;
      if (next < addresses.length) start();
      else if (running.size === 0) handlers.lost(last);
    };
    socket.on("error", failed);
    socket.once("connect", () => {
      if (!running.delete(socket)) return;
      cancel();
      handlers.won(socket);
      socket.off("error", failed);
    });
    if (next < addresses.length) timer = setTimeout(start, STAGGER_MS);
  };
  if (addresses.length === 0) setImmediate(() => handlers.lost(last));
  else start();
  return { cancel };
}
