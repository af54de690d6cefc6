/**
 * Reconfigure messages with the proof of one key. They were put together octet by octet, and their digests computed with hmac and hashlib
 * of Python 3.11.
 */
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { ReconfigureRecord } from "../../../src/services/uplink6/reconfigure.ts";
import { SERVER } from "./rig.ts";

export const KEY = bytesOf("00112233445566778899aabbccddeeff");
/** The number that came with the key; those of the messages are later. */
export const FIRST = "69f3a4c000000001";
export const RECORD: ReconfigureRecord = { serverId: SERVER, key: toHex(KEY), replayDetection: FIRST };

export const RENEW = `0a 000000
  0002 000a 0003000102005e100001 # server
  0001 0012 000400112233445566778899aabbccddeeff # client
  0013 0001 05 # Renew
  000b 001c 03 01 00 69f3a4c000000002 02 97a4e0b25f4ea486b1c803d663fb98df # digest`;
export const REBIND = `0a 000000
  0001 0012 000400112233445566778899aabbccddeeff
  000b 001c 03 01 00 69f3a4c000000002 02 d723bfde8e5acb7883f4cfc67876dfbb
  0013 0001 06 # Rebind
  0002 000a 0003000102005e100001`;
export const INFORM = `0a 000000
  000b 001c 03 01 00 ffffffffffffffff 02 6d8cc701f79821122109c38cfe78ca0b
  0002 000a 0003000102005e100001
  0001 0012 000400112233445566778899aabbccddeeff
  0013 0001 0b # Information-request
  0006 0002 0043 # PD exclude (RFC 6603 §7)`;
