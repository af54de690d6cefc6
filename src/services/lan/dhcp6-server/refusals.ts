/** Why a datagram got no answer: every one that did not is counted under exactly one of these. */
export const REFUSALS = [
  "too-long", // more octets than LIMITS.datagramBytes
  "truncated", // an option, nested or not, or a header reaches beyond its end
  "too-many-options", // more than LIMITS.dhcp6Options at one level
  "repeated-option", // a client or server identifier, authentication or relay message that stands there twice (RFC 9915 §21)
  "bad-length", // an identifier that is no DUID (RFC 9915 §11.1), or a rapid commit with content
  "bad-source", // nobody can be answered at the unspecified address or at a group
  "relayed-too-deep", // more relay envelopes than LIMITS.relayLevels
  "relayed-nothing", // a relay's message without a message in it (RFC 9915 §19.1)
  "not-for-servers", // a message that servers or relays send
  "unknown-type", // RFC 9915 §16: silently discarded
  "unicast", // a client's message that was not sent to the group (RFC 9915 §16)
  "client-id-missing", // RFC 9915 §16.2 to §16.11
  "client-is-ourselves", // our own client's message that came back to us
  "server-id-missing",
  "server-id-present",
  "server-id-foreign", // meant for another server
  "ia-in-information-request", // RFC 9915 §16.12
  "no-link", // no link is known by the relay's link-address, or the interface is not ours to serve
  "too-many-messages", // the source has sent as many as the operator lets one send in a second
  "class-dropped", // the operator has clients of its class not answered
  "host-ignored", // the operator has this host not answered
  "disk-full", // what would have to be promised or ended could not be written down
  "cannot-confirm", // a Confirm without addresses, or on a link of which we know no prefix (RFC 9915 §18.3.3)
  "nothing-to-say", // a Rebind of leases we know nothing about (RFC 9915 §18.3.5)
] as const;
export type Refusal = (typeof REFUSALS)[number];
