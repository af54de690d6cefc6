/**
 * Which classes the sender of a message is in: by options of its own, and by what only relays say about it. User Class and Vendor
 * Class are lists, of which one item has to fit (RFC 9915 §21.15, §21.16); of any other option the whole value.
 */
import type { ClassTest, ClientClass } from "../dhcp6-config.ts";
import { OPTION } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { sameOctets, u16At } from "./octets.ts";
import type { RelayChain } from "./relay-chain.ts";

/** Believed of relays alone: a client may write what it likes. */
const OF_RELAYS: readonly number[] = [OPTION.interfaceId, OPTION.remoteId, OPTION.subscriberId, OPTION.relayId, OPTION.linkLayerAddress];
/** Where the lists begin: behind the enterprise number of a Vendor Class. */
const USER_CLASS_HEAD = 0;
const VENDOR_CLASS_HEAD = 4;

export class ClientClasses {
  #classes: readonly ClientClass[] = [];
  /** 1 for each class, in the order of the configuration, that the last message judged is in. */
  members: Uint8Array = new Uint8Array(0);

  configure(classes: readonly ClientClass[]): void {
    this.#classes = classes;
    this.members = new Uint8Array(classes.length);
  }

  /** Sets `members` for a message that was decoded. @returns whether one of its classes is not answered */
  judge(message: ClientMessage, chain: RelayChain): boolean {
    let dropped = false;
    for (let i = 0; i < this.#classes.length; i++) {
      const one = this.#classes[i];
      const isMember = one !== undefined && fits(one.tests, message, chain);
      this.members[i] = isMember ? 1 : 0;
      if (isMember && one.drop) dropped = true;
    }
    return dropped;
  }
}

function fits(tests: readonly ClassTest[], message: ClientMessage, chain: RelayChain): boolean {
  for (const test of tests) if (!(OF_RELAYS.includes(test.code) ? relaySays(test, chain) : clientSays(test, message))) return false;
  return true;
}

/** Any of its relays. */
function relaySays(test: ClassTest, chain: RelayChain): boolean {
  for (let level = chain.depth - 1; level >= 0; level--) {
    const at = chain.optionAt(level, test.code);
    if (at !== -1 && isTrue(test, chain.bytes, at, u16At(chain.bytes, at - 2))) return true;
  }
  return false;
}

/** Any option of the code, of which there may be several. */
function clientSays(test: ClassTest, message: ClientMessage): boolean {
  for (let option = message.optionOf(test.code); option !== -1; option = message.optionOf(test.code, option + 1)) {
    const at = message.valueAt(option);
    const length = message.valueLength(option);
    if (test.is === "present") return true;
    if (test.code === OPTION.userClass) {
      if (oneIsTrue(test, message.bytes, at + USER_CLASS_HEAD, at + length)) return true;
    } else if (test.code === OPTION.vendorClass) {
      if (oneIsTrue(test, message.bytes, at + VENDOR_CLASS_HEAD, at + length)) return true;
    } else if (isTrue(test, message.bytes, at, length)) return true;
  }
  return false;
}

/** Items behind their lengths; where one reaches beyond the end, the list ends. */
function oneIsTrue(test: ClassTest, bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at + 2 <= end; ) {
    const length = u16At(bytes, at);
    at += 2;
    if (length > end - at) return false;
    if (isTrue(test, bytes, at, length)) return true;
    at += length;
  }
  return false;
}

function isTrue({ is, value }: ClassTest, bytes: Uint8Array, at: number, length: number): boolean {
  if (is === "present") return true;
  if (is === "equal" ? value.length !== length : value.length > length) return false;
  return sameOctets(bytes, at, value, 0, value.length);
}
