/** Who hooks run as. */
import { readFileSync } from "node:fs";

/** undefined: with main's own rights. */
export type HookIds = { readonly uid: number; readonly gid: number } | undefined;

/** Accounts of the machine's own file; root keeps root's rights. @returns undefined when there is no such user */
export function hookUser(name: string, passwd = "/etc/passwd"): { readonly ids: HookIds } | undefined {
  const fields = readFileSync(passwd, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([user]) => user === name);
  const [uid, gid] = [fields?.[2], fields?.[3]].map((text) => (/^\d+$/.test(text ?? "") ? Number(text) : undefined));
  if (uid === undefined || gid === undefined) return undefined;
  return { ids: uid === 0 ? undefined : { uid, gid } };
}
