/** Requests that main must refuse, each with what it is counted as; and the role, behind its real fence, that sends them. */
import "../../../src/roles/first.ts";
import type { FenceProfileName } from "../../../src/platform/fence/enter.ts";
import type { Connection } from "../../../src/roles/connection.ts";
import { CATALOGUE, type CatalogueName } from "../../../src/roles/messages/catalogue.ts";
import type { BodyOf, RoleName } from "../../../src/roles/messages/message.ts";
import { speak } from "../../../src/roles/messages/spoken.ts";
import { startRole } from "../../../src/roles/role.ts";

speak(CATALOGUE); // of every role: whoever is taken over says what it likes

/** The test puts these links there. */
export const LINKS = { wan0: 10, lan0: 20, lan1: 30 } as const;
/** Of no link: none there, none possible, the last two of the kernel's negative ones. */
export const NO_LINKS = [4711, 0, 0x8000_0000, 0xffff_ffff] as const;
/** In the log when everything was sent, and so judged; it tries to look like a line of main's. */
export const SENT = "forgeriesSent";
/** In the log for each failure that the role was told. */
export const TOLD = "forgerTold";

export type Forgery = {
  readonly send: (to: Connection, generation: number) => void;
  readonly times: number;
  /** `request.field` in main's counters, a reason for not reading it, or undefined: it is granted. */
  readonly refused: string | undefined;
};
type Manner = { readonly times?: number /** Added to the generation in force. */; readonly shift?: number };

export function forgery<N extends CatalogueName>(
  name: N,
  body: BodyOf<(typeof CATALOGUE)[N]>,
  refused: string | undefined,
  { times = 1, shift = 0 }: Manner = {},
): Forgery {
  return { send: (to, generation) => to.send(name, body, { generation: generation + shift }), times, refused };
}

const record = new TextEncoder().encode('{"a":1}\n');
/** Messages that only other roles may send, whoever sends these; a second `ready` comes too late. */
export function outOfPlace(role: RoleName): readonly Forgery[] {
  const unsupported = "unsupported";
  return [
    forgery("command", { connection: 1, service: "any", verb: "reload", argument: "" }, unsupported),
    forgery("mainViewRequest", { request: 1 }, unsupported),
    forgery("leasesCommand", { connection: 1, request: 1, put: [], remove: [] }, unsupported),
    forgery("changeLeases", { request: 1, put: [], remove: [] }, unsupported),
    forgery("reconfigureCommand", { connection: 1, request: 1, link: "", client: undefined, purpose: undefined }, unsupported),
    forgery("reconfigureClients", { request: 1, link: "", client: undefined, purpose: undefined }, unsupported),
    forgery("connectionClosed", { connection: 1 }, unsupported),
    forgery("peer", { role: "main" }, unsupported),
    forgery("start", true, unsupported),
    forgery("logLevel", { level: "error" }, unsupported),
    forgery("storedLease", { name: "wan0", record }, unsupported),
    forgery("pulled", { update: 1, source: 0, ok: true, unchanged: false, live: false, reason: "", users: 0, groups: 0, rejects: [] }, unsupported),
    forgery("ready", { role: role === "main" ? "frontend" : role, lacking: [] }, "bad-order"),
  ];
}

/** Becomes the role, and forges when its configuration is there. */
export function takeOver(
  { role, profile, configuration }: { readonly role: RoleName; readonly profile: FenceProfileName; readonly configuration: CatalogueName },
  forgeries: readonly Forgery[],
): void {
  let sent = false;
  startRole({
    role,
    profile,
    prepare: (main) => (message) => {
      if (message.kind === "kernelFailed") {
        const { what, errno } = message.body;
        main().send("logRecord", { level: "error", event: TOLD, fields: [{ name: "told", value: `${what} ${errno}` }] });
      }
      if (message.kind !== configuration || sent) return;
      sent = true;
      for (const { send, times } of forgeries) for (let i = 0; i < times; i++) send(main(), message.generation);
      const asMain = Object.entries({ role: "main", level: "info", event: "stopped" }).map(([name, value]) => ({ name, value }));
      main().send("logRecord", { level: "error", event: SENT, fields: asMain });
    },
  });
}
