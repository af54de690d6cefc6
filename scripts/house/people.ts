/** Who lives in the private house, whichever directory says so. */
import type { Person, Team } from "../../src/sim/actors/ldap-entries.ts";

export const BASE = "dc=house,dc=example";
export const PEOPLE: readonly Person[] = [
  { name: "ada", id: 20001, group: 20100, gecos: "Ada of the house" },
  { name: "blaise", id: 20002, group: 20100, gecos: "Blaise of the house" },
  { name: "carl", id: 20003, group: 20100, gecos: "Carl of the house", shell: "/bin/sh" },
  { name: "emmy", id: 20004, group: 20200, gecos: "Emmy of the house" },
  { name: "rene", id: 20005, group: 20200, gecos: "René of the house" },
];
export const TEAMS: readonly Team[] = [
  { name: "residents", id: 20100, members: ["ada", "blaise", "carl"] },
  { name: "guests", id: 20200, members: ["emmy", "rene"] },
];
