/** What a relay adds, option 82 (RFC 3046): sub-options kept as they came, because they go back unchanged. */
import { type Codec, decodeAll, struct, u8, until } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address } from "../../base/ipv4.ts";
import type { RawOption } from "./table.ts";
import { sized } from "../../base/values.ts";
import { bytes8 } from "./values.ts";

export type RelayAgentInformation = readonly RawOption[];

/** RFC 3046 §2.0, RFC 3527, RFC 5107, RFC 7839. */
export const RELAY_SUBOPTIONS = { circuitId: 1, remoteId: 2, linkSelection: 5, serverIdOverride: 11, relayId: 12 } as const;

const SUBOPTIONS_MAX = 64;
export const relayAgentInformation: Codec<RelayAgentInformation> = sized(
  until(struct({ code: u8, bytes: bytes8 }), SUBOPTIONS_MAX),
  (bytes) => bytes >= 2,
);

export function circuitIdOf(information: RelayAgentInformation): Uint8Array | undefined {
  return subOption(information, RELAY_SUBOPTIONS.circuitId);
}

export function remoteIdOf(information: RelayAgentInformation): Uint8Array | undefined {
  return subOption(information, RELAY_SUBOPTIONS.remoteId);
}

/** The link to choose an address for, instead of giaddr's (RFC 3527). @returns undefined also when it is no address */
export function linkSelectionOf(information: RelayAgentInformation): Ipv4Address | undefined {
  return addressOf(subOption(information, RELAY_SUBOPTIONS.linkSelection));
}

/** The server identifier the relay wants the client to see (RFC 5107). @returns undefined also when it is no address */
export function serverIdOverrideOf(information: RelayAgentInformation): Ipv4Address | undefined {
  return addressOf(subOption(information, RELAY_SUBOPTIONS.serverIdOverride));
}

function subOption(information: RelayAgentInformation, code: number): Uint8Array | undefined {
  return information.find((one) => one.code === code)?.bytes;
}

function addressOf(bytes: Uint8Array | undefined): Ipv4Address | undefined {
  if (bytes === undefined) return undefined;
  try {
    return decodeAll(ipv4Address, bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
