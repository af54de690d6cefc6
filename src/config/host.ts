/** `[system]` and `[hooks]`: what concerns the host and no service. */
import { z } from "zod";
import type { HostConfig, ResolverWay } from "../services/host-config.ts";

const RESOLVERS = ["auto", "resolvectl", "resolvconf", "file", "none"] as const satisfies readonly ResolverWay[];
const PATH_BYTES = 4095;

const folder = z.string().superRefine((path, context) => {
  const wrong =
    path.startsWith("/") && !/[\p{Cc}\\]/u.test(path) && new TextEncoder().encode(path).length <= PATH_BYTES
      ? undefined
      : "this is no path of a folder";
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong, params: { hint: 'the whole path: "/run/leasehold/hosts"' } });
});
export const systemSchema = z.strictObject({
  resolver: z.enum(RESOLVERS).default("auto"),
  manage: z.boolean().default(false),
  hosts_dir: folder.optional(),
});

export const hooksSchema = z.strictObject({
  run: z.string().superRefine((path, context) => {
    const wrong = !path.startsWith("/")
      ? "this path is not absolute"
      : /[\p{Cc}\\]/u.test(path) || path.endsWith("/") || new TextEncoder().encode(path).length > PATH_BYTES
        ? "this is no path of a file"
        : undefined;
    if (wrong !== undefined)
      context.addIssue({ code: "custom", message: wrong, params: { hint: 'the whole path of a program: "/etc/leasehold/hook"' } });
  }),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,253}\$?$/, "this is no name of a user")
    .optional(),
});

export function hostOf(system: z.output<typeof systemSchema> | undefined, hooks: z.output<typeof hooksSchema> | undefined): HostConfig {
  const { resolver = "auto", manage = false, hosts_dir: hostsFolder } = system ?? {};
  return { resolver, manage, hostsFolder, hook: hooks === undefined ? undefined : { run: hooks.run, user: hooks.user } };
}
