import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAll } from "../../../src/base/codec.ts";
import { toHex } from "../../../src/base/hex.ts";
import { wallClock } from "../../../src/base/time.ts";
import { answerRpc, recordPieces } from "../../../src/machines/yp/rpc.ts";
import { ypProgram } from "../../../src/machines/yp/yp.ts";
import { userLine } from "../../../src/services/directory/check.ts";
import { LineGatherer } from "../../../src/services/directory/lines.ts";
import { STANDARD_YP_MAPS } from "../../../src/services/directory/config.ts";
import { ypMaps } from "../../../src/services/directory/maps.ts";
import { snapshotOf } from "../../../src/services/directory/snapshot.ts";
import { finish } from "../../../src/services/directory/sort.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { RpcRecords } from "../../../src/wire/rpc/records.ts";
import { conversations } from "../../wire/ldap/conversations.ts";

/** What Debian's ypserv had when it was recorded: two users in one map, made at this second. */
const MADE_AT = wallClock(1_795_241_660_000);

function database() {
  const gatherer = new LineGatherer();
  for (const [name, uid] of [
    ["bert", 2002],
    ["anna", 2001],
  ] as const) {
    const line = userLine({ name, password: "x", uid, gid: 2001, gecos: "", home: `/home/${name}`, shell: "/bin/sh", sshKeys: "" });
    gatherer.add({ name, id: uid, line });
  }
  const hidden = { shadows: new Map(), sshKeys: new Map() };
  const snapshot = finish(snapshotOf([{ users: gatherer.take(), groups: new LineGatherer().take(), ...hidden }], undefined, MADE_AT));
  const maps = new Map(
    [...ypMaps({ domain: "home", master: "gateway", wanted: STANDARD_YP_MAPS }, snapshot)].filter(([name]) => name === "passwd.byname"),
  );
  return { domain: "home", master: "yp.example", maps };
}

function recordsIn(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const records = new RpcRecords();
  const found: Uint8Array[] = [];
  for (const piece of pieces) {
    records.push(piece);
    for (let record = records.next(); record !== undefined; record = records.next()) found.push(record.slice());
  }
  return found;
}

for (const { name, parts } of conversations("rpc").filter(({ name }) => name.startsWith("yp-"))) {
  test(`${name}: what Debian's NIS clients asked gets the same bytes from us as from Debian's ypserv`, () => {
    const isTcp = name.endsWith("-tcp");
    const program = ypProgram({ database: database(), transport: isTcp ? "tcp" : "udp", note: () => undefined });
    const said = (from: "client" | "server"): readonly Uint8Array[] => {
      const bytes = parts.filter((part) => part.from === from).map((part) => part.bytes);
      return isTcp ? recordsIn(bytes) : bytes;
    };
    const answers = said("client").map((call) => {
      const outcome = answerRpc(call, [program]);
      assert.ok(outcome.kind !== "silence");
      if (outcome.kind === "reply") return encodeAll(rpcMessage, outcome.reply);
      return recordsIn([...recordPieces(outcome)])[0] ?? assert.fail("no record");
    });
    assert.ok(answers.length > 0);
    assert.deepEqual(answers.map(toHex), said("server").map(toHex));
  });
}
