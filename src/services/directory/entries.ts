/** What a directory's entries become: the fetcher makes them, the engine checks every one again. */

/** One line of passwd.*. Ids are unsigned 32-bit numbers. */
export type UserEntry = {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
  /** Keys for SSH, as `joinedKeys` writes them; empty for none, and in no line. */
  readonly sshKeys: string;
};
/** One line of group.*. */
export type GroupEntry = {
  readonly name: string;
  readonly password: string;
  readonly gid: number;
  readonly members: readonly string[];
};
