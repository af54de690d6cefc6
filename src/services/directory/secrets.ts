/** What a configuration holds that only the fetcher may know, apart from the rest: it passes main in a file that main does not read. */
import type { FetcherConfig } from "./config.ts";

/** Of one source, by its place. */
export type SourceSecrets = { readonly bindPassword: string; readonly clientKey: string };
type Parted = { readonly config: FetcherConfig; readonly secrets: readonly SourceSecrets[] };

const NONE: SourceSecrets = { bindPassword: "", clientKey: "" };

export function parted(config: FetcherConfig): Parted {
  const secrets = config.sources.map(({ bindPassword, clientPem }) => ({ bindPassword, clientKey: clientPem?.key ?? "" }));
  return { config: joined({ config, secrets: [] }), secrets };
}

/** A source of which nothing is known has none: it is refused by its server, and told so. */
export function joined({ config, secrets }: Parted): FetcherConfig {
  const sources = config.sources.map((source, place) => {
    const { bindPassword, clientKey } = secrets[place] ?? NONE;
    const { clientPem } = source;
    return { ...source, bindPassword, clientPem: clientPem === undefined ? undefined : { ...clientPem, key: clientKey } };
  });
  return { ...config, sources };
}
