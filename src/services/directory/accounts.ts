/** A snapshot as userdb sees it. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { Accounts, GroupAccount, UserAccount } from "../../machines/varlink/accounts.ts";
import type { Texts } from "./by-name.ts";
import type { Snapshot } from "./snapshot.ts";
import { keysIn } from "./ssh-keys.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function accountsOf({ users, groups, memberships, sshKeys }: Snapshot): Accounts {
  const user = (row: number | undefined): UserAccount | undefined =>
    row === undefined ? undefined : userIn(decoder.decode(users.line(row)), sshKeys);
  const groupName = (row: number): string => decoder.decode(groups.name(row));
  const group = (row: number | undefined): GroupAccount | undefined =>
    row === undefined ? undefined : { name: groupName(row), gid: groups.id(row) };
  const groupRow = (name: string): number | undefined => groups.find(encoder.encode(name));
  return {
    userByName: (name) => user(users.find(encoder.encode(name))),
    userById: (uid) => user(users.findId(uid)),
    users: function* () {
      for (let row = 0; row < users.count; row++) yield userIn(decoder.decode(users.line(row)), sshKeys);
    },
    groupByName: (name) => group(groupRow(name)),
    groupById: (gid) => group(groups.findId(gid)),
    groups: function* () {
      for (let row = 0; row < groups.count; row++) yield { name: groupName(row), gid: groups.id(row) };
    },
    isMember: ({ userName, groupName }) => {
      const row = groupRow(groupName);
      return row !== undefined && memberships.isMember(userName, row);
    },
    groupsOf: function* (userName) {
      for (const row of memberships.groupsOf(userName)) yield groupName(row);
    },
    membersOf: (name) => {
      const row = groupRow(name);
      if (row === undefined) return [];
      return memberships.hasMoreMembersThan(DIRECTORY_LIMITS.userdbGroupMembers, row) ? undefined : memberships.membersOf(row);
    },
  };
}

function userIn(line: string, sshKeys: Texts): UserAccount {
  const [name = "", , uid = "", gid = "", gecos = "", home = "", shell = ""] = line.split(":");
  return { name, uid: Number(uid), gid: Number(gid), gecos, home, shell, sshKeys: keysIn(sshKeys.get(name) ?? "") };
}
