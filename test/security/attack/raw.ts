/** System calls without anyone's leave, as code that took over a process can make them. */

/** The addon of the security tests; never part of the program. */
type Addon = {
  readonly rawSyscall: (number: number, ...words: readonly Word[]) => number;
  readonly addressOf: (bytes: Uint8Array) => bigint;
};
type Word = number | bigint;

/** A call that came back with an error: it was not carried out. */
export class Refused extends Error {
  readonly code: number;
  constructor(call: string, code: number) {
    super(`${call} was refused with errno ${code}`);
    this.code = code;
  }
}

export class Raw {
  readonly #addon: Addon;
  readonly #numbers: Readonly<Record<string, number>>;
  /** What the kernel may still read or write. */
  readonly #kept: Uint8Array[] = [];

  constructor(addon: Addon, numbers: Readonly<Record<string, number>>) {
    this.#addon = addon;
    this.#numbers = numbers;
  }

  /** @throws Refused with the errno */
  call(name: string, ...words: readonly Word[]): number {
    const number = this.#numbers[name];
    if (number === undefined) throw new Error(`the kernel headers of this machine have no ${name}`);
    return this.byNumber(number, ...words);
  }

  byNumber(number: number, ...words: readonly Word[]): number {
    const result = this.#addon.rawSyscall(number, ...words);
    if (result < 0) throw new Refused(`system call ${number}`, -result);
    return result;
  }

  /** Text as C has it. */
  text(text: string): bigint {
    return this.memory(Buffer.from(`${text}\0`));
  }

  memory(bytes: Uint8Array): bigint {
    this.#kept.push(bytes);
    return this.#addon.addressOf(bytes);
  }

  zeros(length: number): bigint {
    return this.memory(new Uint8Array(length));
  }

  words(...words: readonly bigint[]): bigint {
    return this.memory(new Uint8Array(new BigUint64Array(words).buffer));
  }
}
