/** A portmapper for one program: enough that clients find it where no rpcbind runs (RFC 1833 §3). It takes no registrations. */
import { type Codec, decodeAll, encodeAll } from "../../base/codec.ts";
import type { RpcCall } from "../../wire/rpc/message.ts";
import { type Mapping, PORTMAPPER, PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../wire/rpc/portmapper.ts";
import { parseUniversalAddress, printUniversalAddress } from "../../wire/rpc/universal-address.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import type { ProgramAnswer, RpcProgram } from "./program.ts";

export const NETIDS = ["udp", "tcp", "udp6", "tcp6"] as const;
export type Netid = (typeof NETIDS)[number];
/** The program that is told of; `addresses` are those it listens on. */
export type Mapped = {
  readonly program: number;
  readonly version: number;
  readonly port: number;
  readonly addresses: readonly (Ipv4Address | Ipv6Address)[];
};

const PROTOCOLS: readonly number[] = [6, 17];
const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];
const VERSIONS = { low: PORTMAPPER.portmapperVersion, high: Math.max(...PORTMAPPER.rpcbindVersions) };

/** @param mapped undefined while nothing listens: then nothing is found */
export function portmapperProgram(mapped: Mapped | undefined): RpcProgram {
  return {
    program: PORTMAPPER.program,
    ...VERSIONS,
    answer: (call) => (call.version === PORTMAPPER.portmapperVersion ? answerPortmapper(call, mapped) : answerRpcbind(call, mapped)),
  };
}

/** Versions are not compared: the program itself tells which ones it has. */
function answerPortmapper(call: RpcCall, mapped: Mapped | undefined): ProgramAnswer {
  const procedures = PORTMAPPER_PROCEDURES;
  switch (call.procedure) {
    case procedures.null.number:
      return encoded(procedures.null.result, decodeAll(procedures.null.argument, call.argument));
    case procedures.set.number:
    case procedures.unset.number:
      decodeAll(procedures.set.argument, call.argument);
      return encoded(procedures.set.result, false);
    case procedures.getPort.number: {
      const { program, protocol } = decodeAll(procedures.getPort.argument, call.argument);
      const found = mappings(mapped).find((mapping) => mapping.program === program && mapping.protocol === protocol);
      return encoded(procedures.getPort.result, found?.port ?? 0);
    }
    case procedures.dump.number:
      decodeAll(procedures.dump.argument, call.argument);
      return encoded(procedures.dump.result, mappings(mapped));
    default:
      return { kind: "procedureUnavailable" };
  }
}

function answerRpcbind(call: RpcCall, mapped: Mapped | undefined): ProgramAnswer {
  const procedures = RPCBIND_PROCEDURES;
  switch (call.procedure) {
    case procedures.null.number:
      return encoded(procedures.null.result, decodeAll(procedures.null.argument, call.argument));
    case procedures.set.number:
    case procedures.unset.number:
      decodeAll(procedures.set.argument, call.argument);
      return encoded(procedures.set.result, false);
    case procedures.getAddress.number: {
      const { program, netid, address } = decodeAll(procedures.getAddress.argument, call.argument);
      const found = mapped?.program === program ? addressFor(mapped, netid, address) : undefined;
      return encoded(procedures.getAddress.result, found ?? "");
    }
    default:
      return { kind: "procedureUnavailable" };
  }
}

/** Where we listen on all addresses, the one the caller reached us by is right (RFC 1833 §2.2.1, r_addr). */
function addressFor({ addresses, port }: Mapped, netid: string, hint: string): string | undefined {
  if (!NETIDS.some((known) => known === netid)) return undefined;
  const isV6 = netid.endsWith("6");
  const mine = addresses.find((address) => address.includes(":") === isV6);
  if (mine === undefined) return undefined;
  const reached = WILDCARDS.includes(mine) ? parseUniversalAddress(hint)?.address : undefined;
  return printUniversalAddress({ address: reached !== undefined && reached.includes(":") === isV6 ? reached : mine, port });
}

function mappings(mapped: Mapped | undefined): readonly Mapping[] {
  if (mapped === undefined) return [];
  return PROTOCOLS.map((protocol) => ({ program: mapped.program, version: mapped.version, protocol, port: mapped.port }));
}

function encoded<T>(codec: Codec<T>, value: T): ProgramAnswer {
  return { kind: "result", result: encodeAll(codec, value) };
}
