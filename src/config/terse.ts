/** A configuration with nothing in it that holds anyway: what a person would have written, for `import`. */
import { same } from "../base/same.ts";
import { type DirectoryFile, directorySchema } from "./directory.ts";
import type { ConfigFile } from "./schema.ts";
import { uplink4Schema } from "./uplink4.ts";
import { STANDARD_DELEGATE, uplink6Schema } from "./uplink6.ts";

type Table = Readonly<Record<string, unknown>>;

export function terse(file: ConfigFile): Table {
  const standard4: Table = uplink4Schema.parse({ standard: {} })["standard"] ?? {};
  const standard6: Table = uplink6Schema.parse({ standard: {} })["standard"] ?? {};
  const uplinks6 = Object.entries(file.uplink6 ?? {}).map(([name, entry]) => {
    const delegate = entry.delegate.map((one) => differing(one, STANDARD_DELEGATE));
    return [name, differing({ ...entry, delegate }, standard6)] as const;
  });
  const uplinks4 = Object.entries(file.uplink4 ?? {}).map(([name, entry]) => [name, differing(entry, standard4)] as const);
  return {
    ...file,
    ...(file.directory === undefined ? {} : { directory: terseDirectory(file.directory) }),
    ...(file.uplink4 === undefined ? {} : { uplink4: Object.fromEntries(uplinks4) }),
    ...(file.uplink6 === undefined ? {} : { uplink6: Object.fromEntries(uplinks6) }),
  };
}

function terseDirectory({ source, ...whole }: DirectoryFile): Table {
  const plain = { server: "ldap", base: "" };
  const standard = directorySchema.parse({ domain: "-", source: { standard: plain } });
  const { standard: entry, ...none } = standard.source;
  const sources = Object.entries(source).map(([name, given]) => {
    const { user_fields, group_fields, ...own } = given;
    const fields = {
      user_fields: differing(user_fields, entry?.user_fields ?? {}),
      group_fields: differing(group_fields, entry?.group_fields ?? {}),
    };
    const told = Object.entries(fields).filter(([, table]) => Object.keys(table).length > 0);
    return [name, { ...differing(own, { ...entry, server: undefined, base: undefined }), ...Object.fromEntries(told) }] as const;
  });
  return { ...differing(whole, { ...standard, domain: undefined }), source: { ...none, ...Object.fromEntries(sources) } };
}

function differing(entry: Table, standard: Table): Table {
  return Object.fromEntries(Object.entries(entry).filter(([key, value]) => !same(value, standard[key])));
}
