/**
 * The life of the control role, which is as large as an engine: it starts with a connection and is ended when it has none. A lone question
 * keeps it for a moment; one that comes within a minute of its end finds somebody who stays for a minute. Main decides, so that no
 * connection is handed to a role that is about to end. Why: docs/decisions/control-role.md.
 */
import { LIMITS } from "../../base/limits.ts";
import { closeAll } from "../../platform/channel.ts";
import { collectNow } from "../idle-collection.ts";
import type { Children } from "./children.ts";
import type { Accepted, ControlSocket } from "./control-socket.ts";

export class ControlRole {
  readonly #children: Pick<Children, "start" | "to" | "end">;
  readonly #socket: () => Pick<ControlSocket, "open" | "closed" | "allClosed">;
  /** Connections that wait for it to start. */
  readonly #early: Accepted[] = [];
  #staysMs: number = LIMITS.controlLoneMs;
  #idle: NodeJS.Timeout | undefined;
  /** It ended less than a minute ago. */
  #justEnded: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(children: Pick<Children, "start" | "to" | "end">, socket: () => Pick<ControlSocket, "open" | "closed" | "allClosed">) {
    this.#children = children;
    this.#socket = socket;
  }

  accepted(connection: Accepted): void {
    clearTimeout(this.#idle);
    if (!this.#isEnding && this.#children.to("control") !== undefined) return this.#hand(connection);
    this.#early.push(connection);
    if (!this.#isEnding) this.#start();
  }

  /** @param introduce to the engines: who asks comes after those who know, or would be told that we are busy */
  ready(introduce: () => void): void {
    introduce();
    for (const connection of this.#early.splice(0)) this.#hand(connection);
  }

  closed(connection: number): void {
    this.#socket().closed(connection);
    if (this.#socket().open > 0 || this.#isEnding) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), this.#staysMs).unref();
  }

  /** Its process is gone. @returns whether that was wanted; if not, its connections are gone too */
  gone(): boolean {
    const wasWanted = this.#isEnding;
    this.#isEnding = false;
    clearTimeout(this.#idle);
    if (!wasWanted) {
      closeAll(this.#early.splice(0).map(({ descriptor }) => descriptor));
      this.#socket().allClosed();
    } else if (this.#early.length > 0) this.#start();
    else collectNow();
    return wasWanted;
  }

  #start(): void {
    this.#staysMs = this.#justEnded === undefined ? LIMITS.controlLoneMs : LIMITS.controlIdleSeconds * 1000;
    this.#children.start("control");
  }

  #end(): void {
    this.#isEnding = true;
    clearTimeout(this.#justEnded);
    this.#justEnded = setTimeout(() => (this.#justEnded = undefined), LIMITS.controlIdleSeconds * 1000).unref();
    this.#children.end("control");
  }

  #hand({ number, uid, descriptor }: Accepted): void {
    this.#children.to("control")?.send("connection", { number, uid }, { descriptors: [descriptor] });
  }
}
