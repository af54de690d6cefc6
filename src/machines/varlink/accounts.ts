/** What the userdb service needs of the users and groups it tells of. Everything is looked up; nothing is a copy of all. */

export type UserAccount = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
  /** Lines of authorized_keys. */
  readonly sshKeys: readonly string[];
};
export type GroupAccount = { readonly name: string; readonly gid: number };
export type Membership = { readonly userName: string; readonly groupName: string };

export interface Accounts {
  userByName(name: string): UserAccount | undefined;
  userById(uid: number): UserAccount | undefined;
  users(): Iterable<UserAccount>;
  groupByName(name: string): GroupAccount | undefined;
  groupById(gid: number): GroupAccount | undefined;
  groups(): Iterable<GroupAccount>;
  isMember(membership: Membership): boolean;
  /** Names of groups. */
  groupsOf(userName: string): Iterable<string>;
  /** Names of users; undefined for a group with more than may be told. */
  membersOf(groupName: string): Iterable<string> | undefined;
}
