/** Messages about clients that an operator wants to come back. */
import { choice, optional, struct, text16, u32 } from "../../base/codec.ts";
import { RECONFIGURE_OUTCOMES, RECONFIGURE_PURPOSES } from "../../ports/reconfigure.ts";
import { duid16, NAME_BYTES } from "./codecs.ts";
import { message } from "./message.ts";

const wanted = { link: text16(NAME_BYTES), client: optional(duid16), purpose: optional(choice(RECONFIGURE_PURPOSES)) } as const;

export const RECONFIGURE = {
  /** Asked for under the number of the connection it came in on; main decides by the uid it noted itself. */
  reconfigureCommand: message({ type: 125, from: ["control"], to: ["main"], body: struct({ connection: u32, request: u32, ...wanted }) }),
  reconfigureClients: message({ type: 126, from: ["main"], to: ["engine-lan"], body: struct({ request: u32, ...wanted }) }),
  clientsReconfigured: message({
    type: 127,
    from: ["engine-lan", "main"],
    to: ["control"],
    body: struct({ request: u32, outcome: choice(RECONFIGURE_OUTCOMES), clients: u32 }),
    when: ["starting", "running"],
  }),
} as const;
