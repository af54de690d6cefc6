/** A classic BPF machine as small as the programs it judges: the kernel's rules, written a second time. */

/** What the kernel shows a filter: `struct seccomp_data`. */
export type Call = { readonly number: number; readonly architecture: number; readonly arguments?: readonly bigint[] };

const LOAD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;

/** @returns the filter's return value; throws where the kernel would have refused the program */
export function judge(program: Uint8Array, call: Call): number {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.length; at++) {
    const [op, yes, no, k] = [code.getUint16(at * 8, true), code.getUint8(at * 8 + 2), code.getUint8(at * 8 + 3), code.getUint32(at * 8 + 4, true)];
    switch (op) {
      case LOAD:
        if (k % 4 !== 0 || k > 60) throw new Error(`instruction ${at} loads offset ${k}`);
        accumulator = data.getUint32(k, true);
        break;
      case AND:
        accumulator = (accumulator & k) >>> 0;
        break;
      case JUMP_EQUAL:
        at += accumulator === k ? yes : no;
        break;
      case JUMP_AT_LEAST:
        at += accumulator >= k ? yes : no;
        break;
      case RETURN:
        return k;
      default:
        throw new Error(`instruction ${at} is ${op.toString(16)}`);
    }
  }
  throw new Error("the program has no end");
}

function seccompData(call: Call): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.architecture, true);
  for (const [index, argument] of (call.arguments ?? []).entries()) data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, argument), true);
  return data;
}
