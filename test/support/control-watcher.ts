/** Somebody who stays connected to the control socket: its role goes when nobody is, and some tests look at it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class ControlWatcher {
  readonly #path: string;
  #socket: Socket | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Connects where it is not connected. @returns whether it is now */
  async watch(): Promise<boolean> {
    if (this.#socket?.destroyed === false) return true;
    const socket = connect(this.#path).resume();
    socket.on("error", () => undefined).on("close", () => socket.destroy());
    try {
      await once(socket, "connect");
    } catch {
      return false; // nobody listens yet
    }
    socket.write("GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n");
    this.#socket = socket.unref();
    return true;
  }
}
