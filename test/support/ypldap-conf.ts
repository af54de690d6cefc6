/** ypldap.conf for a test: a directory with people and teams as RFC 2307 has them. */

export type YpldapConf = {
  /** Behind the word `directory`, such as `"ldap.example.org" ldaps`. */
  readonly head: string;
  readonly base: string;
  readonly domain?: string;
  readonly interval?: number;
  /** Further lines of the block. */
  readonly more?: readonly string[];
};

export function ypldapConf({ head, base, domain = "house", interval = 600, more = [] }: YpldapConf): string {
  const lines = [
    `basedn "${base}"`,
    'passwd filter "(objectClass=posixAccount)"',
    'attribute name maps to "uid"',
    'fixed attribute passwd "*"',
    'attribute uid maps to "uidNumber"',
    'attribute gid maps to "gidNumber"',
    'fixed attribute class ""',
    'fixed attribute change "0"',
    'fixed attribute expire "0"',
    'attribute gecos maps to "cn"',
    'attribute home maps to "homeDirectory"',
    'attribute shell maps to "loginShell"',
    'group filter "(objectClass=posixGroup)"',
    'attribute groupname maps to "cn"',
    'fixed attribute grouppasswd "*"',
    'attribute groupgid maps to "gidNumber"',
    'list groupmembers maps to "memberUid"',
    ...more,
  ];
  return `domain "${domain}"\ninterval ${interval}\ndirectory ${head} {\n${lines.map((line) => `\t${line}\n`).join("")}}\n`;
}
