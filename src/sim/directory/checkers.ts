/** What must be true of what `directory` serves, whatever happened to its server, its fetcher and itself. */
import { linesOf, type Office, type OfficeChecker } from "./world.ts";

/** Every snapshot is one version of the directory, whole. */
export const snapshotsAreWhole: OfficeChecker = {
  name: "what is served is one version of the directory, whole",
  always: (office) => {
    const served = servedIn(office);
    if (served === undefined) return undefined;
    if (served.versions.length !== 1) return `versions ${served.versions.join(" and ")} are mixed`;
    const entries = office.ldap.versions[served.versions[0] ?? 0] ?? [];
    const people = entries.filter(({ dn }) => dn.startsWith("uid=")).length;
    return served.users === people ? undefined : `${served.users} of ${people} users of version ${served.versions[0]}`;
  },
};

export const newestIsServedInTheEnd: OfficeChecker = {
  name: "the newest version is served when it was calm for a while",
  settled: (office) => {
    const [version] = servedIn(office)?.versions ?? [];
    const newest = office.ldap.versions.length - 1;
    return version === newest ? undefined : `version ${version ?? "none"} is served, ${newest} is the newest`;
  },
};

export const OFFICE_CHECKERS: readonly OfficeChecker[] = [snapshotsAreWhole, newestIsServedInTheEnd];

function servedIn({ directory }: Office): { readonly versions: readonly number[]; readonly users: number } | undefined {
  const snapshot = directory?.updates.snapshot;
  if (snapshot === undefined) return undefined;
  const users = linesOf(snapshot.users);
  const marks = [...users, ...linesOf(snapshot.groups)].map((line) => Number(/[:,]v(\d+)(?:[:,]|$)/.exec(line)?.[1] ?? -1));
  return { versions: [...new Set(marks)], users: users.length };
}
