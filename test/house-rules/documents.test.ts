import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "../../scripts/verification-table.ts";
import { WIRE_CODES } from "../../src/base/errors.ts";
import { REGISTRATION_IGNORE_REASONS } from "../../src/machines/address-registration/state.ts";
import { IGNORE_REASONS as UPLINK4_REASONS } from "../../src/machines/dhcp4-client/state.ts";
import { IGNORE_REASONS as UPLINK6_REASONS } from "../../src/machines/dhcp6-client/state.ts";
import { FAILURE_REASONS } from "../../src/machines/ldap-session/state.ts";
import { IGNORE_REASONS as ROUTER_REASONS } from "../../src/machines/router-advertiser/state.ts";
import { REJECTIONS } from "../../src/services/directory/check.ts";
import { KEY_FAULTS } from "../../src/services/directory/ssh-keys.ts";
import { REJECT_REASONS } from "../../src/services/directory/fetch/rules.ts";
import { GATHERING_FAULTS } from "../../src/services/directory/gathering.ts";
import { REQUEST_REFUSALS } from "../../src/services/directory/outlets.ts";
import { STREAM_ENDS } from "../../src/services/directory/stream.ts";
import { RELAY_REFUSALS } from "../../src/services/lan/dhcp6-relay/outcome.ts";
import { UPLINK_EVENTS } from "../../src/ports/kernel.ts";
import { DIRECTORY_EVENTS } from "../../src/services/directory/events.ts";
import { LEASE_EVENTS } from "../../src/ports/leases.ts";
import { TRANSITION_REASONS } from "../../src/services/uplink4/explain.ts";
import { TRANSITION6_REASONS } from "../../src/services/uplink6/explain.ts";
import { RECONFIGURE_REFUSALS } from "../../src/services/uplink6/reconfigure.ts";
import { REFUSALS } from "../../src/services/lan/dhcp6-server/refusals.ts";
import { RECOVERY_REFUSALS } from "../../src/wire/journal/recover.ts";
import { commands, documents, explained, headings, links } from "./documents.ts";
import { read } from "./source.ts";

const errorHeadings = headings(WIRE_CODES, "WIRE_CODES");

test("every error code is explained in docs/errors.md, and no other is", () => assert.deepEqual(errorHeadings(read("docs/errors.md")), []));

test("a code without heading, a heading without code and a heading twice are caught", () => {
  const all = WIRE_CODES.map((code) => `## ${code}\n`).join("\n");
  assert.deepEqual(errorHeadings({ path: "docs/errors.md", text: all }), []);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: all.replace("## trailing\n", "") }).length, 1);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: `${all}\n## planted\n` }).length, 1);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: `${all}\n## truncated\n` }).length, 1);
});

const reasons = explained(
  new Map<string, readonly string[]>([
    ["uplink4", UPLINK4_REASONS],
    ["uplink6", UPLINK6_REASONS],
    ["uplink6-reconfigure", RECONFIGURE_REFUSALS],
    ["uplink6-registration", REGISTRATION_IGNORE_REASONS],
    ["router", ROUTER_REASONS],
    ["dhcp6-server", REFUSALS],
    ["dhcp6-relay", RELAY_REFUSALS],
    ["lease-journal", RECOVERY_REFUSALS],
    ["directory-source", FAILURE_REASONS],
    ["directory-fetch", REJECT_REASONS],
    ["directory-keys", KEY_FAULTS],
    ["directory-check", REJECTIONS],
    ["directory-pull", GATHERING_FAULTS],
    ["directory-requests", REQUEST_REFUSALS],
    ["directory-connections", STREAM_ENDS],
  ]),
);

test("every reason that is counted is explained in docs/reasons.md, and no other is", () => assert.deepEqual(reasons(read("docs/reasons.md")), []));

const events = explained(
  new Map<string, readonly string[]>([
    ["events", UPLINK_EVENTS],
    ["lease events", LEASE_EVENTS],
    ["directory events", DIRECTORY_EVENTS],
    ["transitions", Object.keys(TRANSITION_REASONS)],
    ["transitions of uplink6", Object.keys(TRANSITION6_REASONS)],
  ]),
);

test("every event and every reason of a transition is explained in docs/events.md, and no other is", () =>
  assert.deepEqual(events(read("docs/events.md")), []));

test("a reason without a row, a row without a reason or without words, a row twice and a heading too many or missing are caught", () => {
  const { path, text } = read("docs/reasons.md");
  const row = /^\| `hop-limit` .*\n/m;
  const line = row.exec(text)?.[0] ?? "";
  const changed = (to: string): number => reasons({ path, text: text.replace(row, to) }).length;
  assert.equal(changed(line), 0);
  assert.equal(changed(""), 1);
  assert.equal(changed(line + line), 1);
  assert.equal(changed("| `hop-limit` | |\n"), 1);
  assert.equal(changed(line.replace("hop-limit", "planted")), 2);
  assert.equal(reasons({ path, text: text.replace("## router\n", "") }).length, ROUTER_REASONS.length * 2 + 1);
  assert.equal(reasons({ path, text: `${text}\n## planted\n` }).length, 1);
});

test("every link between documents and into the code leads somewhere", () => {
  assert.deepEqual(
    documents(read).flatMap((document) => links(document)),
    [],
  );
});

test("a planted link to nowhere is caught, and so is one to a heading that is not there", () => {
  assert.equal(links({ path: "docs/planted.md", text: "see [there](../src/base/nowhere.ts)" }).length, 1);
  assert.equal(links({ path: "docs/planted.md", text: "# Here\nsee [there](#nowhere)" }).length, 1);
  assert.deepEqual(links({ path: "docs/planted.md", text: "# Here\n[a](#here) [b](../src/base/errors.ts) [c](https://example.net/)" }), []);
});

test("every row of docs/verification.md has a command", () => assert.deepEqual(commands(partsOf(read("docs/verification.md").text)), []));

test("a planted row without a command is caught", () => {
  const table =
    "## planted\n\n| point | command | figure | commit | status |\n|---|---|---|---|---|\n| a | `true` | - | - | - |\n| b | by hand | - | - | - |\n";
  assert.equal(commands(partsOf(table)).length, 1);
  assert.deepEqual(partsOf(table).get("planted")?.[0]?.command, "true");
});
