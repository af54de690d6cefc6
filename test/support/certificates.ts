/** An authority of our own, made with openssl for the time of a test. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, sound } from "./programs.ts";

export type Authority = { readonly pem: string; readonly file: string; readonly key: string; readonly folder: string };
export type Certificate = { readonly file: string; readonly key: string };

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export async function makeAuthority(folder: string, name = "authority"): Promise<Authority> {
  const [file, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  await run("openssl", ["req", "-x509", "-days", "2", ...NEW_KEY, "-keyout", key, "-out", file, "-subj", `/CN=${name} of a test`]).then(sound);
  return { pem: readFileSync(file, "utf8"), file, key, folder };
}

/** @param names as in `DNS:directory.test,IP:127.0.0.1` @param days 0: it is past its time as soon as it is made */
export async function makeCertificate({ file: ca, key: caKey, folder }: Authority, name: string, names: string, days = 2): Promise<Certificate> {
  const [file, key, request, extensions] = ["pem", "key", "csr", "ext"].map((ending) => join(folder, `${name}.${ending}`)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(extensions, `subjectAltName=${names}\n`);
  await run("openssl", ["req", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`]).then(sound);
  const signed = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", `${days}`, "-extfile", extensions, "-out", file];
  await run("openssl", ["x509", "-req", "-in", request, ...signed]).then(sound);
  return { file, key };
}
