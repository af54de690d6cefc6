/** LDAP messages with their bytes, one of every kind: shared by the property loop and the dissector. */
import type { LdapMessage } from "../../../src/wire/ldap/message.ts";
import type { LdapResult } from "../../../src/wire/ldap/result.ts";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const SUCCESS: LdapResult = { code: 0, matchedDn: "", diagnostic: "", referrals: [] };

export type MessageSample = readonly [what: string, value: LdapMessage, hex: string];

export const MESSAGES: readonly MessageSample[] = [
  [
    "a simple bind",
    { id: 1, operation: { kind: "bindRequest", version: 3, name: "cn=a", authentication: { kind: "simple", password: utf8("pw") } }, controls: [] },
    "30 12  02 01 01  60 0d  02 01 03  04 04 636e3d61  80 02 7077",
  ],
  [
    "SASL EXTERNAL without an identity",
    {
      id: 2,
      operation: { kind: "bindRequest", version: 3, name: "", authentication: { kind: "sasl", mechanism: "EXTERNAL", credentials: utf8("") } },
      controls: [],
    },
    "30 18  02 01 02  60 13  02 01 03  04 00  a3 0c  04 08 45585445524e414c  04 00",
  ],
  [
    "a refused bind",
    { id: 1, operation: { kind: "bindResponse", result: { ...SUCCESS, code: 49, diagnostic: "no" } }, controls: [] },
    "30 0e  02 01 01  61 09  0a 01 31  04 00  04 02 6e6f",
  ],
  ["unbind", { id: 3, operation: { kind: "unbindRequest" }, controls: [] }, "30 05  02 01 03  42 00"],
  ["abandon", { id: 4, operation: { kind: "abandonRequest", id: 300 }, controls: [] }, "30 07  02 01 04  50 02 012c"],
  [
    "a paged search",
    {
      id: 200,
      operation: {
        kind: "searchRequest",
        base: "o=x",
        scope: "subtree",
        dereference: "never",
        sizeLimit: 0,
        timeLimitSeconds: 0,
        typesOnly: false,
        filter: { kind: "present", attribute: "uid" },
        attributes: ["cn"],
      },
      controls: [{ kind: "pagedResults", critical: false, size: 500, cookie: utf8("") }],
    },
    `30 4b  02 02 00c8                                  # id 200: a leading zero keeps it positive
       63 1f  04 03 6f3d78  0a 01 02  0a 01 00  02 01 00  02 01 00  01 01 00
              87 03 756964  30 04 04 02 636e
       a0 24  30 22  04 16 312e322e3834302e3131333535362e312e342e333139  # 1.2.840.113556.1.4.319
              04 08  30 06  02 02 01f4  04 00`,
  ],
  [
    "an entry, one attribute without values",
    {
      id: 5,
      operation: {
        kind: "searchResultEntry",
        name: "o=x",
        attributes: [
          { description: "cn", values: [utf8("a"), Uint8Array.of(0xff, 0)] },
          { description: "sn;x-a", values: [] },
        ],
      },
      controls: [],
    },
    "30 27  02 01 05  64 22  04 03 6f3d78  30 1b  30 0d  04 02 636e  31 07 04 01 61 04 02 ff00  30 0a  04 06 736e3b782d61  31 00",
  ],
  [
    "a reference",
    { id: 5, operation: { kind: "searchResultReference", uris: ["ldap://a/"] }, controls: [] },
    "30 10  02 01 05  73 0b  04 09 6c6461703a2f2f612f",
  ],
  [
    "a referral at the end",
    {
      id: 5,
      operation: { kind: "searchResultDone", result: { code: 10, matchedDn: "o=x", diagnostic: "", referrals: ["ldap://a/"] } },
      controls: [],
    },
    "30 1c  02 01 05  65 17  0a 01 0a  04 03 6f3d78  04 00  a3 0b 04 09 6c6461703a2f2f612f",
  ],
  [
    "StartTLS",
    { id: 1, operation: { kind: "extendedRequest", name: "1.3.6.1.4.1.1466.20037" }, controls: [] },
    "30 1d  02 01 01  77 18  80 16 312e332e362e312e342e312e313436362e3230303337",
  ],
  [
    "notice of disconnection",
    { id: 0, operation: { kind: "extendedResponse", result: { ...SUCCESS, code: 52 }, name: "1.3.6.1.4.1.1466.20036" }, controls: [] },
    "30 24  02 01 00  78 1f  0a 01 34  04 00  04 00  8a 16 312e332e362e312e342e312e313436362e3230303336",
  ],
  [
    "an intermediate response",
    { id: 7, operation: { kind: "intermediateResponse", name: "1.3", value: Uint8Array.of(0x80, 0x01, 0x63) }, controls: [] },
    "30 0f  02 01 07  79 0a  80 03 312e33  81 03 800163",
  ],
  [
    "a control nobody knows, critical",
    { id: 8, operation: { kind: "unbindRequest" }, controls: [{ kind: "unknown", critical: true, oid: "1.3", value: utf8("v") }] },
    "30 14  02 01 08  42 00  a0 0d  30 0b  04 03 312e33  01 01 ff  04 01 76",
  ],
];
