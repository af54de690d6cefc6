/** The registration with rpcbind on a connection: calls to bytes, replies to answers. */
import { decodeAll, encodeAll } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { type RegistrationAnswer, type RegistrationCall, registrationMachine, UNREGISTERED } from "../../machines/yp/registration.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { NO_CREDENTIAL } from "../../wire/rpc/credential.ts";
import { rpcMessage } from "../../wire/rpc/message.ts";
import { type Binding, PORTMAPPER, RPCBIND_PROCEDURES } from "../../wire/rpc/portmapper.ts";
import { RpcRecords, recordOf } from "../../wire/rpc/records.ts";
import { printUniversalAddress } from "../../wire/rpc/universal-address.ts";
import { YP } from "../../wire/rpc/yp.ts";
import { Driver } from "../driver.ts";
import type { StreamEvents, StreamIo } from "./stream.ts";

export type RegistrationPorts = { readonly clock: Clock; readonly log: Log; readonly connect: () => void };

const VERSION = 4;

export class Registration {
  readonly #driver;
  readonly #log: Log;
  #io: StreamIo | undefined;
  #records = new RpcRecords();
  #xid = 0;
  #asked: RegistrationCall | undefined;

  constructor({ clock, log, connect }: RegistrationPorts) {
    this.#log = log;
    this.#driver = new Driver({
      machine: registrationMachine,
      initial: UNREGISTERED,
      clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => {
        switch (effect.kind) {
          case "connect":
            return connect();
          case "call":
            return this.#call(effect.call);
          case "close":
            return this.#close();
          case "told":
            return log.write(effect.registered ? "info" : "warn", effect.registered ? "rpcbindRegistered" : "rpcbindUnregistered", {});
        }
      },
    });
  }

  get registered(): boolean {
    return this.#driver.state.registered;
  }

  /** @param addresses where the program listens; empty: it is taken out of rpcbind */
  want(addresses: readonly (Ipv4Address | Ipv6Address)[], port: number): void {
    const bindings = ["udp", "tcp"].flatMap((protocol) => [false, true].flatMap((isV6) => bindingOf(addresses, port, protocol, isV6)));
    this.#driver.handle({ kind: "wanted", bindings });
  }

  /** The connection that was asked for. The first call is written before this returns. */
  connected(io: StreamIo): StreamEvents {
    this.#close();
    this.#io = io;
    this.#records = new RpcRecords();
    const mine = (): boolean => this.#io === io;
    this.#driver.handle({ kind: "connected" });
    return {
      data: (bytes) => {
        if (mine()) this.#data(bytes);
      },
      drained: () => undefined,
      closed: () => {
        if (!mine()) return;
        this.#io = undefined;
        this.#driver.handle({ kind: "closed" });
      },
    };
  }

  /** rpcbind is not there. */
  connectFailed(): void {
    this.#driver.handle({ kind: "closed" });
  }

  close(): void {
    this.#driver.close();
    this.#close();
  }

  #call(call: RegistrationCall): void {
    this.#asked = call;
    const { number, argument } = RPCBIND_PROCEDURES[call.procedure];
    const message = {
      kind: "call" as const,
      xid: ++this.#xid >>> 0,
      program: PORTMAPPER.program,
      version: VERSION,
      procedure: number,
      credential: NO_CREDENTIAL,
      verifier: NO_CREDENTIAL,
      argument: encodeAll(argument, call.binding),
    };
    this.#io?.write(recordOf(encodeAll(rpcMessage, message)));
  }

  #data(bytes: Uint8Array): void {
    try {
      this.#records.push(new Uint8Array(bytes));
      for (let record = this.#records.next(); record !== undefined; record = this.#records.next()) {
        const answer = this.#answerIn(record);
        if (answer !== undefined) this.#driver.handle({ kind: "answered", answer });
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#log.write("warn", "rpcbindMalformed", { code: error.code });
      this.#close();
      this.#driver.handle({ kind: "closed" });
    }
  }

  /** A reply that says no is an answer like another: not done. */
  #answerIn(record: Uint8Array): RegistrationAnswer | undefined {
    const reply = decodeAll(rpcMessage, record);
    if (reply.xid !== this.#xid || reply.kind === "call" || reply.kind === "foreignCall") return undefined;
    if (reply.kind !== "success") return { kind: "done", ok: false };
    if (this.#asked?.procedure !== "getAddress") return { kind: "done", ok: decodeAll(RPCBIND_PROCEDURES.set.result, reply.result) };
    return { kind: "address", address: decodeAll(RPCBIND_PROCEDURES.getAddress.result, reply.result) };
  }

  #close(): void {
    const io = this.#io;
    this.#io = undefined;
    io?.close();
  }
}

function bindingOf(addresses: readonly (Ipv4Address | Ipv6Address)[], port: number, protocol: string, isV6: boolean): readonly Binding[] {
  const address = addresses.find((one) => one.includes(":") === isV6);
  if (address === undefined) return [];
  const netid = isV6 ? `${protocol}6` : protocol;
  return [{ program: YP.program, version: YP.version, netid, address: printUniversalAddress({ address, port }), owner: "leasehold" }];
}
