/** Everything of Debian's that asks a directory, over NIS and over userdb, and what each prints for a small one. */
import assert from "node:assert/strict";
import { FIRST_ID, groupName, membersOf, userName } from "./ldif.ts";
import type { PrivateRoot } from "./private-root.ts";
import { type Running, waitFor } from "./programs.ts";
import { unpacked } from "./unpacked.ts";

/** What it prints, and how it ends: 0 unless something else stands there. */
type Client = { readonly command: readonly [string, ...string[]]; readonly prints: string | RegExp; readonly code?: number };
export type SmallDirectory = { readonly users: number; readonly groups: number };

const PERSON = 4;
const SERVICE = "org.leasehold.Directory";
/** For a private root where systemd's records are asked instead of NIS. */
export const NSSWITCH_SYSTEMD = "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\nhosts: files\n";

const line = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join("");
/** As test/support/ldif.ts makes the fifth person; her own words are not repeated here. */
const passwdLine = (password: string, i = PERSON): RegExp =>
  new RegExp(`^${userName(i)}:${password}:${FIRST_ID + i}:${FIRST_ID}:[^:\n]+:/home/${userName(i)}:/bin/sh\n$`);
const groupLine = (i: number, password: string, users: number): string =>
  `${groupName(i)}:${password}:${FIRST_ID + i}:${membersOf(i, users).join(",")}`;
const everyLine = (count: number, pattern: string): RegExp => new RegExp(`^(?:${pattern}\n){${count}}$`);

/** Groups that name this person, in the order of names. */
function groupsOf(person: number, { users, groups }: SmallDirectory): readonly number[] {
  return Array.from({ length: groups }, (_, i) => i).filter((i) => membersOf(i, users).includes(userName(person)));
}

/** glibc's and NIS's own. `ypwhich` without an option asks ypbind, and is asked where one runs. */
export function nisClients(directory: SmallDirectory): readonly Client[] {
  const { users, groups } = directory;
  const name = userName(PERSON);
  const id = String(FIRST_ID + PERSON);
  const gids = groupsOf(PERSON, directory).map((i) => FIRST_ID + i);
  const everyone = everyLine(users, "person\\d{5}:\\*:\\d+:\\d+:[^:\n]*:/home/person\\d{5}:/bin/sh");
  const teams = line(...Array.from({ length: groups }, (_, i) => groupLine(i, "\\*", users).replace("\\", "")));
  return [
    { command: ["ypcat", "passwd.byname"], prints: everyone },
    { command: ["ypcat", "-k", "passwd.byuid"], prints: everyLine(users, "\\d+ person\\d{5}:\\*:.*") },
    { command: ["ypcat", "group.byname"], prints: teams },
    { command: ["ypcat", "-k", "netid.byname"], prints: everyLine(users, "unix\\.\\d+@ypt \\d+:\\d+(,\\d+)*") },
    { command: ["ypmatch", name, "passwd.byname"], prints: passwdLine("\\*") },
    { command: ["ypmatch", "-k", id, "passwd.byuid"], prints: new RegExp(`^${id} ${name}:`) },
    { command: ["ypmatch", String(FIRST_ID + 1), "group.bygid"], prints: line(groupLine(1, "*", users)) },
    { command: ["ypmatch", "nobody-of-that-name", "passwd.byname"], prints: "", code: 1 },
    { command: ["ypwhich", "-m"], prints: everyLine(5, "(passwd\\.by(name|uid)|group\\.by(name|gid)|netid\\.byname) nistest") },
    { command: ["yppoll", "-h", "127.0.0.1", "passwd.byname"], prints: /has order number \d+[\s\S]*master server is nistest/ },
    { command: ["getent", "-s", "passwd:nis", "passwd"], prints: everyone },
    { command: ["getent", "-s", "passwd:nis", "passwd", name], prints: passwdLine("\\*") },
    { command: ["getent", "-s", "passwd:nis", "passwd", id], prints: passwdLine("\\*") },
    { command: ["getent", "-s", "passwd:nis", "passwd", "nobody-of-that-name"], prints: "", code: 2 },
    { command: ["getent", "-s", "group:nis", "group"], prints: teams },
    { command: ["getent", "-s", "group:nis", "group", groupName(1)], prints: line(groupLine(1, "*", users)) },
    { command: ["getent", "-s", "group:nis", "group", String(FIRST_ID + 1)], prints: line(groupLine(1, "*", users)) },
    { command: ["getent", "-s", "group:nis", "initgroups", name], prints: line(`${name.padEnd(21)} ${gids.join(" ")}`) },
    ...idClients(name, gids),
  ];
}

/** systemd's own, and glibc's through its module. */
export function userdbClients(directory: SmallDirectory): readonly Client[] {
  const { users } = directory;
  const name = userName(PERSON);
  const id = String(FIRST_ID + PERSON);
  const all = groupsOf(PERSON, directory);
  const gids = all.map((i) => FIRST_ID + i);
  const userdbctl = ["userdbctl", "--with-nss=no", "--synthesize=no"] as const;
  const members = membersOf(1, users).map((member) => `${member}:${groupName(1)}`);
  return [
    { command: [...userdbctl, "--output=classic", "user"], prints: everyLine(users, "person\\d{5}:x:\\d+:\\d+:[^:\n]*:/home/person\\d{5}:/bin/sh") },
    { command: [...userdbctl, "--output=classic", "user", name], prints: passwdLine("x") },
    { command: [...userdbctl, "--output=classic", "user", id], prints: passwdLine("x") },
    { command: [...userdbctl, "--output=json", "user", name], prints: new RegExp(`"userName" : "${name}"[\\s\\S]*"service" : "${SERVICE}"`) },
    { command: [...userdbctl, "--output=friendly", "user", name], prints: new RegExp(`User name: ${name}\n[\\s\\S]*Login OK: yes`) },
    { command: [...userdbctl, "user", "nobody-of-that-name"], prints: "", code: 1 },
    { command: [...userdbctl, "--output=classic", "group", groupName(1)], prints: line(`${groupName(1)}:x:${FIRST_ID + 1}:`) },
    { command: [...userdbctl, "--output=classic", "users-in-group", groupName(1)], prints: line(...members) },
    { command: [...userdbctl, "--output=classic", "groups-of-user", name], prints: line(...all.map((i) => `${name}:${groupName(i)}`)) },
    { command: ["userdbctl", "services"], prints: new RegExp(`^${SERVICE} +yes$`, "m") },
    { command: ["getent", "-s", "passwd:systemd", "passwd"], prints: everyLine(users, "person\\d{5}:x:.*") },
    { command: ["getent", "-s", "passwd:systemd", "passwd", name], prints: passwdLine("x") },
    { command: ["getent", "-s", "passwd:systemd", "passwd", id], prints: passwdLine("x") },
    { command: ["getent", "-s", "passwd:systemd", "passwd", "nobody-of-that-name"], prints: "", code: 2 },
    { command: ["getent", "-s", "group:systemd", "group", groupName(1)], prints: line(groupLine(1, "x", users)) },
    { command: ["getent", "-s", "group:systemd", "group", String(FIRST_ID + 1)], prints: line(groupLine(1, "x", users)) },
    { command: ["getent", "-s", "group:systemd", "initgroups", name], prints: line(`${name.padEnd(21)} ${gids.join(" ")}`) },
    { command: ["getent", "-s", "shadow:systemd", "shadow", name], prints: new RegExp(`^${name}:!\\*:`) },
    ...idClients(name, gids),
  ];
}

/** Through nsswitch.conf, as every program asks. */
function idClients(name: string, gids: readonly number[]): readonly Client[] {
  const groups = [...new Set([FIRST_ID, ...gids])];
  return [
    { command: ["id", "-u", name], prints: line(String(FIRST_ID + PERSON)) },
    { command: ["id", "-G", name], prints: line(groups.join(" ")) },
    { command: ["id", name], prints: new RegExp(`^uid=${FIRST_ID + PERSON}\\(${name}\\) gid=${FIRST_ID}\\(${groupName(0)}\\) groups=`) },
    { command: ["id", "nobody-of-that-name"], prints: "", code: 1 },
  ];
}

/** Every client as root and as a user without rights. @returns how many have asked */
export async function askAll(root: PrivateRoot, clients: readonly Client[]): Promise<number> {
  for (const { command, prints, code = 0 } of clients) {
    for (const who of ["root", "nobody"] as const) {
      // Only root reads shadow, whoever serves it.
      if (who === "nobody" && command.includes("shadow")) continue;
      const told = await (who === "root" ? root.run(...command) : root.runAsNobody(...command));
      const what = `${command.join(" ")} as ${who}: ${told.stderr}`;
      if (typeof prints === "string") assert.equal(told.stdout, prints, what);
      else assert.match(told.stdout, prints, what);
      assert.equal(told.code, code, what);
    }
  }
  return clients.length;
}

/** ypbind finds the server of yp.conf through its portmapper, and writes the binding. */
export async function startYpbind(root: PrivateRoot, domain: string): Promise<Running> {
  root.write("etc/yp.conf", `domain ${domain} server 127.0.0.1\n`);
  const ypbind = root.peer(unpacked("usr/sbin/ypbind"), "-foreground", "-f", "/etc/yp.conf");
  await waitFor(
    async (see) => {
      const { stdout, stderr, code } = await root.run("ypwhich");
      see(`${stdout}${stderr}${ypbind.stderr}`);
      return code === 0;
    },
    20_000,
    "ypbind is bound",
  );
  return ypbind;
}

/** systemd's multiplexer, which others ask instead of every service; its helper is where a package would put it, for it alone. */
export async function startUserdbd(root: PrivateRoot): Promise<Running> {
  const folder = "/usr/lib/systemd";
  const script = `mount -t overlay overlay -o lowerdir=${unpacked("usr/lib/systemd")}:${folder} ${folder} && exec ${folder}/systemd-userdbd`;
  const userdbd = root.peer("sh", "-c", script);
  await waitFor(
    async (see) => {
      const { stdout } = await root.run("userdbctl", "services");
      see(`${stdout}${userdbd.stderr}`);
      return /^io\.systemd\.Multiplexer +yes$/m.test(stdout);
    },
    10_000,
    "the multiplexer listens",
  );
  return userdbd;
}
