/** Small closed sets of option values: message types, overload, node types. */
import type { Codec } from "../../base/codec.ts";
import { named } from "../../base/values.ts";

/** Option 53: RFC 2132 §9.6, RFC 3203, RFC 4388, RFC 6926, RFC 7724. */
const MESSAGE_TYPES = {
  1: "discover",
  2: "offer",
  3: "request",
  4: "decline",
  5: "ack",
  6: "nak",
  7: "release",
  8: "inform",
  9: "forcerenew",
  10: "leasequery",
  11: "leaseunassigned",
  12: "leaseunknown",
  13: "leaseactive",
  14: "bulkleasequery",
  15: "leasequerydone",
  16: "activeleasequery",
  17: "leasequerystatus",
  18: "tls",
} as const;
export type Dhcp4Type = (typeof MESSAGE_TYPES)[keyof typeof MESSAGE_TYPES];
export const messageType: Codec<Dhcp4Type> = named<Dhcp4Type>(MESSAGE_TYPES);

/** Which header fields hold options as well (RFC 2132 §9.3). */
export type Overload = "file" | "sname" | "both";
export const overload: Codec<Overload> = named<Overload>({ 1: "file", 2: "sname", 3: "both" });

/** RFC 1001 §10, RFC 2132 §8.7. */
export type NetbiosNode = "broadcast" | "peer" | "mixed" | "hybrid";
export const netbiosNode: Codec<NetbiosNode> = named<NetbiosNode>({ 1: "broadcast", 2: "peer", 4: "mixed", 8: "hybrid" });
