/** The fetching half of `directory` behind the fence of its role: several updates, one after the other, and what came of each. */
import { enterFence } from "../../src/platform/fence/enter.ts";
import type { FetcherConfig } from "../../src/services/directory/config.ts";
import { pullOnce } from "./pulling.ts";

export type FencedFetch = { readonly id: number; readonly emptyRoot: string; readonly configs: readonly FetcherConfig[] };
export type FencedFetched = { readonly reason: string; readonly users: number; readonly groups: number };

const { id, emptyRoot, configs }: FencedFetch = JSON.parse(process.argv[2] ?? "");
const lacking = enterFence({ profile: "fetcher", uid: id, gid: id, emptyRoot, ownUids: true });
const fetched: FencedFetched[] = [];
for (const config of configs) {
  const { results } = await pullOnce(config);
  fetched.push(...results.map(({ reason, users, groups }) => ({ reason, users, groups })));
}
console.log(JSON.stringify({ lacking, fetched }));
process.exit(0);
