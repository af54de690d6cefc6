/**
 * Requests as a recording holds them. Whoever asks the wrong server to change a password (yppasswd), or the portmapper to pass such a
 * request on, sends the password in clear: arguments that nobody here reads are zeroed, at their length.
 */
import { decodeAll } from "../../../base/codec.ts";
import { WireError } from "../../../base/errors.ts";
import { rpcMessage } from "../../../wire/rpc/message.ts";
import { PORTMAPPER } from "../../../wire/rpc/portmapper.ts";
import { YP } from "../../../wire/rpc/yp.ts";

/** PMAPPROC_CALLIT (RFC 1833 §3.2). */
const PASS_ON = 5;
/** There is no such type of message (RFC 5531 §9). */
const UNREADABLE = 0xff;

/** What cannot be read is nobody's; of its length, another message that cannot be read stands for it. */
export function withoutForeignArguments(request: Uint8Array): Uint8Array {
  const bytes = request.slice();
  const foreign = foreignBytes(bytes);
  bytes.fill(foreign === undefined ? UNREADABLE : 0, bytes.length - (foreign ?? bytes.length));
  return bytes;
}

/** How many octets at the end are for another program; undefined: the message cannot be read. */
function foreignBytes(bytes: Uint8Array): number | undefined {
  try {
    const message = decodeAll(rpcMessage, bytes);
    if (message.kind !== "call") return 0;
    const { program, procedure, argument } = message;
    const ours = program === YP.program || (program === PORTMAPPER.program && procedure !== PASS_ON);
    return ours ? 0 : argument.length;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
