/**
 * Of the tiers that take longest, what `npm test` runs: each service once with its main peers, what is promised to disk, what is said of
 * secrets and fences. The others are run by their tier's name, and by .ci/run behind `npm test`.
 */
const BRIEF = {
  "test/interop/": [
    "directory-live",
    "directory-shadow",
    "directory-ssh-keys",
    "dissector",
    "lan-clients",
    "lan-durable",
    "lan-kill",
    "ldap-fetch",
    "ldap-oracle",
    "peers6",
    "prefix-flow",
    "traces",
    "uplink4-kea",
    "uplink4-options",
    "uplink6",
  ],
  "test/security/": ["forged-requests", "proc", "secret"],
  "test/simulation/": [
    "actors",
    "fixed-seeds",
    "office",
    "planted-bugs",
    "planted-bugs6",
    "recordings",
    "server-replay",
    "street",
    "town",
    "uplink6",
    "walk",
  ],
};

/** Files of other folders all are. */
export function isBrief(file) {
  const rows = Object.entries(BRIEF).filter(([folder]) => file.startsWith(folder));
  return rows.every(([folder, names]) => names.some((name) => file === `${folder}${name}.test.ts`));
}

/** Every file that is named, for the test that they are there. */
export function briefFiles() {
  return Object.entries(BRIEF).flatMap(([folder, names]) => names.map((name) => `${folder}${name}.test.ts`));
}
