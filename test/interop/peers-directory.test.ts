/** The directory's peers without our program: NIS and userdb clients work in a private root, and the machine's own files stay as they are. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { withNamespaces } from "../support/namespace.ts";
import { bindToServer, startRpcbind, startYpserv } from "../support/nis.ts";
import { PrivateRoot } from "../support/private-root.ts";
import { withScratch } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";

const ADA = "ada:x:1815:1815:Ada Lovelace:/home/ada:/bin/bash";
const MACHINE = ["/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/passwd", "/proc/sys/kernel/domainname"];
const machine = (): readonly string[] => MACHINE.map((file) => readFileSync(file, "utf8"));

test("ypcat, ypmatch, yppoll, ypwhich and getent read a domain of Debian's ypserv through its rpcbind", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["house"], async ({ house }) => {
      const before = machine();
      const root = new PrivateRoot(house, folder);
      await startRpcbind(root);
      await startYpserv(root, {
        "passwd.byname": `ada ${ADA}\n`,
        "passwd.byuid": `1815 ${ADA}\n`,
        "group.byname": "analysts analysts:x:1815:ada\n",
      });
      bindToServer(root, "127.0.0.1");
      const says = async (...command: readonly [string, ...string[]]): Promise<string> => {
        const { stdout, stderr, code } = await root.run(...command);
        return code === 0 ? stdout.trim() : `${command.join(" ")} exited ${code}: ${stderr}`;
      };
      assert.equal(await says("ypcat", "passwd.byname"), ADA);
      assert.equal(await says("ypmatch", "1815", "passwd.byuid"), ADA);
      assert.equal(await says("ypcat", "-k", "group.byname"), "analysts analysts:x:1815:ada");
      assert.match(await says("yppoll", "-h", "127.0.0.1", "passwd.byname"), /order number/);
      assert.match(await says("ypwhich", "-m"), /passwd\.byname/);
      assert.equal(await says("getent", "-s", "passwd:nis", "passwd", "ada"), ADA);
      assert.equal(await says("getent", "-s", "passwd:nis", "passwd", "1815"), ADA);
      assert.equal(await says("id", "-u", "ada"), "1815", "nsswitch.conf of the root says files nis");
      const nobody = await root.runAsNobody("ypcat", "passwd.byname");
      assert.equal(nobody.stdout.trim(), ADA, nobody.stderr);
      assert.notEqual((await root.run("ypmatch", "nobody-here", "passwd.byname")).code, 0);
      assert.deepEqual(machine(), before);
    }),
  ),
);

test("userdbctl and getent ask a service in /run/systemd/userdb of the root, and no other", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["house"], async ({ house }) => {
      const before = machine();
      const root = new PrivateRoot(house, folder);
      const service = "org.example.Directory";
      const asked: string[] = [];
      const server = createServer((socket) => socket.on("data", (bytes) => socket.write(`${answerTo(bytes.toString(), service, asked)}\0`)));
      const path = join(root.folder, "run/systemd/userdb", service);
      await new Promise<void>((resolve) => server.listen(path, resolve));
      try {
        const user = await root.run("userdbctl", "--output=json", "user", "ada");
        assert.equal(user.code, 0, user.stderr);
        assert.equal((JSON.parse(user.stdout) as { readonly uid: number }).uid, 1815);
        const services = await root.run("userdbctl", "services");
        assert.match(services.stdout, /org\.example\.Directory/);
        const entry = await root.run("getent", "-s", "passwd:systemd", "passwd", "ada");
        assert.equal(entry.stdout.trim(), ADA);
        assert.ok(asked.includes("io.systemd.UserDatabase.GetUserRecord"));
        assert.ok(!existsSync(join("/run/systemd/userdb", service)));
        assert.deepEqual(machine(), before);
      } finally {
        server.close();
      }
    }),
  ),
);

/** Of this service's users there is one; whatever else is asked for is not there. */
function answerTo(text: string, service: string, asked: string[]): string {
  const call = JSON.parse(text.replace(/\0.*$/s, "")) as { readonly method: string; readonly parameters: Readonly<Record<string, unknown>> };
  asked.push(call.method);
  const wanted = call.method.endsWith("GetUserRecord") && (call.parameters["userName"] === "ada" || call.parameters["uid"] === 1815);
  if (!wanted) return JSON.stringify({ error: "io.systemd.UserDatabase.NoRecordFound", parameters: {} });
  const record = { userName: "ada", uid: 1815, gid: 1815, realName: "Ada Lovelace", homeDirectory: "/home/ada", shell: "/bin/bash", service };
  return JSON.stringify({ parameters: { record, incomplete: false } });
}
