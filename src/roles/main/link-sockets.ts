/** Sockets that a service asks for by link: judged, opened, handed on. */
import { KernelError } from "../../base/errors.ts";
import type { Incoming } from "../connection.ts";
import type { DatagramPurpose } from "../messages/common.ts";
import type { EngineName } from "../messages/message.ts";
import { attempt, type Tools } from "./office.ts";

type Request = Extract<Incoming, { readonly kind: "openDatagramSocket" | "closeDatagramSocket" | "openServerSocket" }>;
export type SocketRules = {
  readonly engine: EngineName;
  /** Interfaces of the configuration. */
  readonly interfaces: ReadonlySet<string>;
  /** How each kind the service may have is opened. */
  readonly open: { readonly [P in DatagramPurpose]?: (link: number, name: string) => number };
};

/** The kernel's name of a link, asked now. It does not take every number: one it refuses is the number of no link. */
export function nameOfLink({ network }: Pick<Tools, "network">, link: number): string | undefined {
  try {
    return network.nameOf(link);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return undefined;
  }
}

/** @returns the refusal, or undefined when the interface is configured and the link is the one that bears its name */
export function linkRefusal(tools: Pick<Tools, "network" | "generation">, message: Request, interfaces: ReadonlySet<string>): string | undefined {
  const { kind, body, generation } = message;
  if (generation !== tools.generation()) return `${kind}.generation`;
  if (!interfaces.has(body.name)) return `${kind}.name`;
  return nameOfLink(tools, body.link) === body.name ? undefined : `${kind}.link`;
}

/** A closing is always granted: it takes away what is the service's own. @returns whether a socket was opened */
export function serveSocketRequest(
  tools: Tools,
  rules: SocketRules,
  message: Extract<Request, { readonly kind: `${string}DatagramSocket` }>,
): boolean {
  const { purpose, link, name } = message.body;
  const open = rules.open[purpose];
  if (open === undefined) return refused(tools, `${message.kind}.purpose`);
  const frontend = tools.children.to("frontend");
  if (message.kind === "closeDatagramSocket") {
    frontend?.send("closeDatagrams", { purpose, link });
    return false;
  }
  const why = linkRefusal(tools, message, rules.interfaces);
  if (why !== undefined) return refused(tools, why);
  return attempt(tools, rules.engine, { what: message.kind, name }, () => {
    frontend?.send("datagramSocket", { purpose, link }, { descriptors: [open(link, name)] });
  });
}

function refused(tools: Tools, why: string): false {
  tools.refused.add(why);
  return false;
}
