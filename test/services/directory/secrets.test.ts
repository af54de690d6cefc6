/** What is secret in a configuration travels apart from it, to the fetcher alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { fetcherConfig, sourceSecrets } from "../../../src/roles/messages/directory.ts";
import type { FetcherConfig } from "../../../src/services/directory/config.ts";
import { joined, parted } from "../../../src/services/directory/secrets.ts";
import { FENCES } from "../../support/pulling.ts";
import { Slapd } from "../../support/slapd.ts";

const source = Slapd.prototype.source.call({ address: "192.0.2.1", authorityPem: "PEM" }, "ldaps");
const CONFIG: FetcherConfig = {
  resolvers: [],
  idFences: FENCES,
  sources: [
    { ...source, name: "one", bindPassword: "first secret" },
    { ...source, name: "two", bindPassword: "second secret", clientPem: { certificate: "CERTIFICATE", key: "third secret" } },
    { ...source, name: "three", bindDn: "", bindPassword: "" },
  ],
};

test("29: what main passes on names no password and no key, and the fetcher puts both back where they were", () => {
  const { config, secrets } = parted(CONFIG);
  const seen = encodeAll(fetcherConfig, config);
  assert.equal(Buffer.from(encodeAll(fetcherConfig, CONFIG)).includes("secret"), true, "control");
  assert.equal(Buffer.from(seen).includes("secret"), false);
  const passed = { config: decodeAll(fetcherConfig, seen), secrets: decodeAll(sourceSecrets, encodeAll(sourceSecrets, secrets)) };
  assert.deepEqual(joined(passed), CONFIG);
});

test("a source whose secret did not come has none, and no other one's", () => {
  const { config, secrets } = parted(CONFIG);
  const [one, two, three] = joined({ config, secrets: secrets.slice(0, 1) }).sources;
  assert.deepEqual([one?.bindPassword, two?.bindPassword, two?.clientPem?.key, three?.bindPassword], ["first secret", "", "", ""]);
});
