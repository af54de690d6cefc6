/** The answer to each kind of message (RFC 9915 §18.3): its head, what becomes of its associations, and what else was asked for. */
import { duidBytes } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { DiskState } from "../../../ports/store.ts";
import { Counters } from "../../counters.ts";
import type { LanConfig } from "../config.ts";
import { Associations, type Wish } from "./associations.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Choice } from "./choice.ts";
import { OPTION, TYPE } from "./codes.ts";
import { confirmed } from "./confirm.ts";
import { type Ending, Endings } from "./endings.ts";
import { writeFqdn } from "./fqdn.ts";
import type { ReservedHosts } from "./hosts.ts";
import { IaWriter } from "./ia-writer.ts";
import type { Ledger } from "./ledger.ts";
import { remainingSeconds } from "./lifetimes.ts";
import { OptionSets } from "./option-sets.ts";
import type { Reconfigure } from "./reconfigure.ts";
import type { ReplyOptions } from "./reply-options.ts";
import type { Refusal } from "./refusals.ts";
import type { Seeker } from "./seeker.ts";

/** Bounds of the information refresh time (RFC 9915 §7.6 IRT_MINIMUM, IRT_DEFAULT). */
const REFRESH = { least: 600, most: 86_400 } as const;

export class Answers {
  readonly sent = new Counters();
  /** Whether the answer made last has to wait for what is in the journal. */
  held = false;
  /** Whether what is promised can be kept. */
  disk: DiskState = "open";
  /** Who may be told to come back. */
  reconfigure: Reconfigure | undefined;
  readonly #writer = new IaWriter();
  readonly #associations: Associations;
  readonly #endings: Endings;
  readonly #options = new OptionSets();
  #duid: Uint8Array = new Uint8Array(0);

  constructor(ledger: Ledger, choice: Choice, hosts: ReservedHosts) {
    this.#associations = new Associations(ledger, choice, hosts, this.#writer);
    this.#endings = new Endings(ledger, this.#writer);
  }

  /** How often each status was said. */
  get told(): Counters {
    return this.#writer.told;
  }

  configure({ duid, classes }: LanConfig): void {
    this.#duid = duidBytes(duid);
    this.#options.configure(classes);
  }

  /** Writes the answer to an admitted message. @returns why there is none */
  answer(seeker: Seeker, out: ReplyBatch): Refusal | undefined {
    const { message, link } = seeker;
    this.held = false;
    this.#writer.begin();
    this.#associations.begin(seeker);
    if (this.disk !== "open" && !isAnswered(message.type, this.disk)) return "disk-full";
    switch (message.type) {
      case TYPE.solicit:
        return message.rapidCommit && link.identity.pools.rapidCommit ? this.#grant(seeker, "request", out) : this.#advertise(seeker, out);
      case TYPE.request:
        return this.#grant(seeker, "request", out);
      case TYPE.renew:
        return this.#grant(seeker, "renew", out);
      case TYPE.rebind:
        return this.#grant(seeker, "rebind", out);
      case TYPE.confirm:
        return this.#confirm(seeker, out);
      case TYPE.release:
        return this.#end(seeker, "release", out);
      case TYPE.decline:
        return this.#end(seeker, "decline", out);
      case TYPE.informationRequest:
        return this.#inform(seeker, out);
      default:
        return "unknown-type";
    }
  }

  #advertise(seeker: Seeker, out: ReplyBatch): Refusal | undefined {
    this.#head(TYPE.advertise, seeker, out);
    const { preference } = seeker.link.identity.pools;
    if (preference > 0) {
      out.option(OPTION.preference, 1);
      out.u8(preference);
    }
    for (seeker.ia = 0; seeker.ia < seeker.message.ias; seeker.ia++) this.#associations.offer(seeker, out);
    if (this.#associations.leftOut > 0 && this.#associations.leftOut === seeker.message.ias) return "disk-full";
    this.#writer.end(seeker.link.identity.pools, out);
    this.#tell(seeker, out);
    this.reconfigure?.accept(seeker, false, out);
    this.sent.add("advertise");
    return undefined;
  }

  #grant(seeker: Seeker, wish: Wish, out: ReplyBatch): Refusal | undefined {
    const { message } = seeker;
    this.#head(TYPE.reply, seeker, out);
    if (message.type === TYPE.solicit) out.option(OPTION.rapidCommit, 0);
    let said = message.ias === 0 && wish !== "rebind";
    for (seeker.ia = 0; seeker.ia < message.ias; seeker.ia++) said = this.#associations.grant(seeker, wish, out) || said;
    if (!said) return this.#associations.leftOut > 0 ? "disk-full" : "nothing-to-say";
    this.#writer.end(seeker.link.identity.pools, out);
    this.#tell(seeker, out);
    this.held = this.#associations.promised > 0;
    this.reconfigure?.accept(seeker, this.held, out);
    this.sent.add("reply");
    return undefined;
  }

  #confirm(seeker: Seeker, out: ReplyBatch): Refusal | undefined {
    const status = confirmed(seeker.message, seeker.link, seeker.now);
    if (status === undefined) return "cannot-confirm";
    this.#head(TYPE.reply, seeker, out);
    this.#writer.status(out, status);
    this.sent.add("reply");
    return undefined;
  }

  #end(seeker: Seeker, ending: Ending, out: ReplyBatch): undefined {
    this.#head(TYPE.reply, seeker, out);
    this.#writer.status(out, "success");
    let room: number = LIMITS.leasesPerMessage;
    for (seeker.ia = 0; seeker.ia < seeker.message.ias; seeker.ia++) room -= this.#endings.end(seeker, ending, room, out);
    this.held = room < LIMITS.leasesPerMessage;
    this.sent.add("reply");
  }

  #inform(seeker: Seeker, out: ReplyBatch): undefined {
    const { message, link, now } = seeker;
    const options = this.#optionsFor(seeker);
    const { refresh } = options;
    this.#head(TYPE.reply, seeker, out);
    if (message.asksFor(OPTION.informationRefresh) || refresh?.forced === true) {
      out.option(OPTION.informationRefresh, refresh?.value.length ?? 4);
      if (refresh !== undefined) out.copy(refresh.value, 0, refresh.value.length);
      else out.u32(Math.max(REFRESH.least, Math.min(REFRESH.most, remainingSeconds(link.shortestValidUntil(), now) >>> 1)));
    }
    options.write(message, out);
    this.reconfigure?.accept(seeker, false, out);
    this.sent.add("reply");
  }

  /** What a client that gets leases is told besides. */
  #tell(seeker: Seeker, out: ReplyBatch): void {
    this.#optionsFor(seeker).write(seeker.message, out);
    writeFqdn(seeker.message, seeker.host?.name, out);
  }

  #optionsFor({ link, classes, host }: Seeker): ReplyOptions {
    return this.#options.of(link.options, classes, host);
  }

  /** Type and transaction, who we are, and for whom it is (RFC 9915 §18.3.10). */
  #head(type: number, { message }: Seeker, out: ReplyBatch): void {
    out.u8(type);
    out.copy(message.bytes, message.start + 1, 3);
    out.option(OPTION.serverId, this.#duid.length);
    out.copy(this.#duid, 0, this.#duid.length);
    if (message.clientIdLength === 0) return;
    out.option(OPTION.clientId, message.clientIdLength);
    out.copy(message.bytes, message.clientIdAt, message.clientIdLength);
  }
}

/** What a client is told of its leases on a full disk repeats what is written there; where nobody knows what is, it is told nothing. */
function isAnswered(type: number, disk: DiskState): boolean {
  if (type === TYPE.confirm || type === TYPE.informationRequest) return true;
  return disk === "full" && type !== TYPE.release && type !== TYPE.decline;
}
