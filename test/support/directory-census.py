"""What clients of a directory must be told, computed from its LDIF alone: every line of every map, every record, every entry left out.

    directory-census.py LDIF CONFIG FOLDER

CONFIG is JSON and says what leasehold.toml says: the domain, local names, and of each source its base, classes and fields. FOLDER gets one
file for each thing that a client prints, named as the test names it. Written from the rules of the documentation, in another language and
with nothing of the program's own: what both get wrong, both got wrong by themselves.
"""
import base64
import collections
import json
import os
import re
import sys
import unicodedata

NOT_IDS = (0, 0xFFFF, 0xFFFFFFFF)
CONTROL = set(range(0x20)) | {0x7F}
UDP_VALUE = 8768
USERDB_MEMBERS = 2000
NAME_BYTES = 255
FIELD_BYTES = 4096
LINE_BYTES = 895
HASH_BYTES = 384


class Left(Exception):
    """An entry is left out: why, and because of which field."""


def entries(path):
    """(dn, [(description, [value])]) in the order of the file."""
    text = open(path, "rb").read()
    for block in re.split(rb"\n{2,}", text.replace(b"\n ", b"")):
        lines = [line for line in block.split(b"\n") if line and not line.startswith(b"#")]
        if not lines:
            continue
        attributes = collections.OrderedDict()
        dn = None
        for line in lines:
            name, _, rest = line.partition(b":")
            value = base64.b64decode(rest[1:]) if rest.startswith(b":") else rest.lstrip(b" ")
            if name.lower() == b"dn":
                dn = value.decode()
            else:
                attributes.setdefault(name.decode(), []).append(value)
        yield dn, list(attributes.items())


def values(entry, attribute):
    wanted = attribute.lower()
    _, attributes = entry
    plain = [found for name, found in attributes if name.lower() == wanted]
    tagged = [found for name, found in attributes if name.lower().startswith(wanted + ";")]
    return (plain or tagged or [[]])[0]


def classes(entry):
    return {value.decode().lower() for value in values(entry, "objectClass")}


def text_of(value, field):
    if len(value) > (NAME_BYTES if field in ("name", "members") else FIELD_BYTES):
        raise Left("bad-name" if field in ("name", "members") else "too-long", field)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise Left("not-utf8", field) from None


def field_of(entry, source, field):
    """`=text`: always that; `attribute?`: may be missing; else the first value."""
    if source.startswith("="):
        return source[1:]
    found = values(entry, source.rstrip("?"))
    if not found:
        if source.endswith("?"):
            return ""
        raise Left("missing-attribute", field)
    return text_of(found[0], field)


def has_separator(text):
    return any(ord(char) in CONTROL or char == ":" for char in text)


def plain(text, field):
    if has_separator(text):
        raise Left("bad-character", field)
    return text


def name_of(text, local):
    plain(text, "name")
    if not re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.@-]*[$]?", text, re.ASCII) or text in (".", "..") or re.fullmatch("[0-9]+", text):
        raise Left("bad-name", "name")
    if text in local:
        raise Left("local-name", "name")
    return text


def id_of(text, field):
    if not re.fullmatch("[0-9]+", text, re.ASCII) or int(text) >= 2**32:
        raise Left("bad-number", field)
    if int(text) in NOT_IDS or int(text) < 1000:
        raise Left("id-out-of-range", field)
    return int(text)


def path_of(text, field):
    plain(text, field)
    if not text.startswith("/") and (text != "" or field == "home"):
        raise Left("bad-path", field)
    return text


def password_of(text):
    plain(text, "password")
    scheme = re.match(r"\{([^}]*)\}", text)
    if scheme is None:
        return text
    return text[scheme.end():] if scheme.group(1).upper() == "CRYPT" else "*"


def shadow_of(entry, source):
    """A hash that crypt(3) knows and six numbers of days; of several values the one that is marked as such a hash."""
    found = values(entry, source.rstrip("?"))
    marked = [value for value in found if value[:7].lower() == b"{crypt}"]
    hashed = password_of(text_of((marked or found)[0], "password")) if found else "*"
    days = [(values(entry, f"shadow{name}") or [b""])[0].decode() for name in ("LastChange", "Min", "Max", "Warning", "Inactive", "Expire")]
    return hashed, [day if re.fullmatch("[0-9]{1,10}", day) else "" for day in days]


def is_hash(text):
    return text not in ("x", "*") and len(text) <= HASH_BYTES and bool(re.fullmatch("[!-9;-~]+", text))


def member_of(text):
    if has_separator(text) or "," in text:
        raise Left("bad-character", "members")
    if text == "":
        raise Left("bad-name", "members")
    return text


def dn_key(dn):
    """Equal names are equal keys: case, blanks around parts and runs of blanks do not count; \\2c and \\, are the same."""
    parts = re.split(r"(?<!\\)[,+]", dn)
    key = []
    for part in parts:
        kind, _, value = part.partition("=")
        raw = re.sub(rb"\\([0-9A-Fa-f]{2})|\\(.)", lambda m: bytes([int(m.group(1), 16)]) if m.group(1) else m.group(2), value.strip().encode())
        key.append((kind.strip().lower(), re.sub(r" +", " ", raw.decode().lower().strip())))
    return tuple(key)


class Source:
    """One [directory.source.NAME], read whole."""

    def __init__(self, config, everything, local_users, local_groups):
        self.config = config
        self.names = {"users": set(), "groups": set()}
        self.left = []
        self.unknown = 0
        base = dn_key(config["base"])
        mine = [entry for entry in everything if dn_key(entry[0])[-len(base):] == base]
        self.references = sum("referral" in classes(entry) for entry in mine)
        self.users = []
        self.by_dn = {}
        self.pick(mine, "users", lambda entry: self.user(entry, local_users))
        self.tree = {dn_key(dn): (dn, attributes) for dn, attributes in self.of(mine, "groups")}
        self.groups = []
        self.pick(mine, "groups", lambda entry: self.group(entry, local_groups))

    def of(self, mine, kind):
        wanted = self.config[kind]["class"].lower()
        return [entry for entry in mine if wanted in classes(entry) and "referral" not in classes(entry)]

    def pick(self, mine, kind, read):
        for entry in self.of(mine, kind):
            try:
                read(entry)
            except Left as why:
                self.left.append((f"{kind}/{why.args[0]}({why.args[1]})", entry[0]))

    def user(self, entry, local):
        fields = self.config["users"]["fields"]
        get = lambda field: field_of(entry, fields[field], field)
        user = {"name": name_of(get("name"), local)}
        user["days"] = [""] * 6
        if self.config["keepsHashes"] and not fields["password"].startswith("="):
            user["password"], user["days"] = shadow_of(entry, fields["password"])
            user["hash"] = user["password"] if is_hash(user["password"]) else "*"
        else:
            user["password"] = password_of(get("password"))
            user["hash"] = "*"
        user["uid"] = id_of(get("uid"), "uid")
        user["gid"] = id_of(get("gid"), "gid")
        user["gecos"] = "".join(" " if has_separator(char) else char for char in get("gecos"))
        user["home"] = path_of(get("home"), "home")
        user["shell"] = path_of(get("shell"), "shell")
        room = LINE_BYTES - len(user_line({**user, "gecos": ""}).encode())
        if room < 0:
            raise Left("too-long", "line")
        user["gecos"] = user["gecos"].encode()[:room].decode(errors="ignore")
        self.once("users", user["name"])
        self.users.append(user)
        self.by_dn[dn_key(entry[0])] = user["name"]

    def once(self, kind, name):
        if name in self.names[kind]:
            raise Left("name-taken", "name")
        self.names[kind].add(name)

    def group(self, entry, local):
        fields = self.config["groups"]["fields"]
        by_dn = fields["members"].lower() in ("member", "uniquemember")
        nested = by_dn and self.config.get("nested", False)
        get = lambda field: field_of(entry, fields[field], field)
        if nested:
            self.member_texts(entry, by_dn)  # looked at first: groups pass their members on whether they are served or not
        group = {"name": name_of(get("name"), local)}
        group["password"] = password_of(get("password"))
        group["gid"] = id_of(get("gid"), "gid")
        unknown = 0
        if by_dn:
            members, unknown = self.people(entry, nested)
        else:
            members = [member_of(text) for text in self.member_texts(entry, by_dn)]
        group["members"] = list(dict.fromkeys(members))
        self.once("groups", group["name"])
        self.unknown += unknown
        self.groups.append(group)

    def member_texts(self, entry, by_dn):
        texts = [text_of(value, "dn" if by_dn else "members") for value in values(entry, self.config["groups"]["fields"]["members"])]
        return [re.sub("#'[01]*'B$", "", text) for text in texts] if by_dn else texts

    def people(self, entry, nested):
        """Users among the members; with nested groups those of groups in them too, level by level, each group once."""
        names, unknown, seen = [], 0, {dn_key(entry[0])}
        level = [entry]
        while level:
            deeper = []
            for group in level:
                for key in map(dn_key, self.member_texts(group, True)):
                    if key in self.by_dn:
                        names.append(self.by_dn[key])
                    elif not nested or key not in self.tree:
                        unknown += 1
                    elif key not in seen:
                        seen.add(key)
                        deeper.append(self.tree[key])
            level = deeper
        return names, unknown


def merged(lists):
    """Of the same name the first source's. @returns in the order of names, how many names were taken, and who owns each id"""
    kept = {}
    taken = 0
    for source in lists:
        for entry in source:
            if entry["name"] in kept:
                taken += 1
            else:
                kept[entry["name"]] = entry
    by_name = sorted(kept.values(), key=lambda entry: entry["name"].encode())
    place = {entry["name"]: number for number, source in reversed(list(enumerate(lists))) for entry in source}
    return by_name, taken, place


def owners(by_name, place, key):
    found = {}
    for entry in sorted(by_name, key=lambda entry: (place[entry["name"]], entry["name"].encode())):
        found.setdefault(entry[key], entry)
    return [found[number] for number in sorted(found)]


def shown(password, hashed="*"):
    return "x" if password == "x" or hashed != "*" else "*"


def user_line(user):
    return ":".join([user["name"], shown(user["password"], user["hash"]), str(user["uid"]), str(user["gid"]), user["gecos"], user["home"], user["shell"]])


def master_line(user):
    hashed = shown(user["password"]) if user["hash"] == "*" else user["hash"]
    return ":".join([user["name"], hashed, str(user["uid"]), str(user["gid"]), "", "0", "0", user["gecos"], user["home"], user["shell"]])


def shadow_line(user):
    return ":".join([user["name"], user["hash"], *user["days"], ""])


def group_line(group):
    return f"{group['name']}:{shown(group['password'])}:{group['gid']}:{','.join(group['members'])}"


def maps_of(config, users, owners_of_uids, groups, owners_of_gids):
    inside = collections.defaultdict(set)
    for group in groups:
        for member in group["members"]:
            inside[member].add(group["gid"])
    netid = [f"{u['uid']}:" + ",".join(map(str, [u["gid"], *sorted(inside[u["name"]] - {u["gid"]})])) for u in owners_of_uids]
    return {
        "passwd.byname": [(u["name"], user_line(u)) for u in users],
        "passwd.byuid": [(str(u["uid"]), user_line(u)) for u in owners_of_uids],
        "group.byname": [(g["name"], group_line(g)) for g in groups],
        "group.bygid": [(str(g["gid"]), group_line(g)) for g in owners_of_gids],
        "netid.byname": [(f"unix.{u['uid']}@{config['domain']}", line) for u, line in zip(owners_of_uids, netid)],
        "master.passwd.byname": [(u["name"], master_line(u)) for u in users],
        "master.passwd.byuid": [(str(u["uid"]), master_line(u)) for u in owners_of_uids],
        "shadow.byname": [(u["name"], shadow_line(u)) for u in users],
        "ypservers": [(config["master"], config["master"])],
    }


def is_normal(path):
    return path == "/" or (path.startswith("/") and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in path[1:].split("/")))


def record(user):
    """What systemd is told: a person's name without what stands behind it, paths only where they lead straight."""
    full = "".join(" " if unicodedata.category(char) == "Cc" else char for char in user["gecos"].split(",")[0]).strip().strip("\ufeff")
    home = {"homeDirectory": user["home"]} if is_normal(user["home"]) else {}
    shell = user["shell"] if is_normal(user["shell"]) else "/bin/sh"
    return {"userName": user["name"], "uid": user["uid"], "gid": user["gid"], **({"realName": full} if full else {}), **home, "shell": shell}


def tells(name):
    """Whether systemd takes it for a user's name."""
    has_control = any(unicodedata.category(char) == "Cc" for char in name)
    return not has_control and not re.search("[:/]", name) and not re.fullmatch("-?[0-9]*", name) and name.strip(" ") == name and name not in (".", "..")


def system_line(user):
    """As nss-systemd prints a record: it puts the name where there are no words, and the usual home where there is none."""
    told = record(user)
    name = told["userName"]
    return f"{name}:x:{told['uid']}:{told['gid']}:{told.get('realName', name)}:{told.get('homeDirectory', '/home/' + name)}:{told['shell']}"


def system_members(group):
    return [] if len(group["members"]) > USERDB_MEMBERS else [member for member in group["members"] if tells(member)]


def system_group(group):
    """nss-systemd sorts members."""
    return f"{group['name']}:x:{group['gid']}:{','.join(sorted(system_members(group), key=str.encode))}"


def nis_group(group):
    """glibc passes over blanks in front of each member."""
    return f"{group['name']}:{shown(group['password'])}:{group['gid']}:{','.join(member.lstrip(' ') for member in group['members'])}"


def init_groups(user, gids):
    """An id that two groups share stands there for each."""
    return f"{user['name']:<21}" + "".join(f" {gid}" for gid in gids)


def main(ldif, config_file, folder):
    config = json.load(open(config_file))
    everything = list(entries(ldif))
    sources = [Source({**each, "keepsHashes": config["keepsHashes"]}, everything, {"root", *config["localUsers"]}, {"root", *config["localGroups"]}) for each in config["sources"]]
    users, users_taken, user_place = merged([source.users for source in sources])
    groups, groups_taken, group_place = merged([source.groups for source in sources])
    uids, gids = owners(users, user_place, "uid"), owners(groups, group_place, "gid")
    maps = maps_of(config, users, uids, groups, gids)
    of_member = collections.defaultdict(list)
    for group in groups:
        for member in group["members"]:
            of_member[member].append(group)

    def put(name, lines):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write("".join(f"{line}\n" for line in lines).encode())

    for name, rows in maps.items():
        put(f"ypcat/{name}", [value for _, value in rows])
        put(f"ypcat-k/{name}", [f"{key} {value}" for key, value in rows])
        fits = [(key, value) for key, value in rows if len(value.encode()) <= UDP_VALUE]
        put(f"ypmatch/{name}", [value for _, value in fits])
        put(f"keys/{name}", [key for key, _ in fits])
        put(f"too-long/{name}", [key for key, value in rows if len(value.encode()) > UDP_VALUE])
    put("getent-nis/passwd", [user_line(user) for user in users])
    put("getent-nis/group", [nis_group(group) for group in groups])
    put("getent-nis/initgroups-all", [init_groups(user, [group["gid"] for group in of_member[user["name"]]]) for user in users])
    netids = {user["uid"]: value for user, (_, value) in zip(uids, maps["netid.byname"])}
    put("getent-nis/initgroups-netid", [init_groups(user, netids[user["uid"]].split(":")[1].split(",")) for user in users])
    put("getent-systemd/passwd", [system_line(user) for user in users])
    put("getent-systemd/group", [system_group(group) for group in groups])
    put("getent-systemd/initgroups", [init_groups(user, [group["gid"] for group in of_member[user["name"]]]) for user in users])
    put("userdbctl/users", [system_line(user) for user in users])
    put("userdbctl/groups", [f"{group['name']}:x:{group['gid']}:" for group in groups])
    put("userdbctl/users.json", [json.dumps(record(user), ensure_ascii=False, sort_keys=True, separators=(",", ":")) for user in users])
    put("userdbctl/users-in-group", [f"{member}:{group['name']}" for group in groups for member in system_members(group)])
    put("userdbctl/groups-of-user", [f"{user['name']}:{group['name']}" for user in users for group in of_member[user["name"]]])
    put("names/users", [user["name"] for user in users])
    put("names/groups", [group["name"] for group in groups])
    account = {
        "users": len(users),
        "groups": len(groups),
        "namesTaken": users_taken + groups_taken,
        "idsShared": len(users) - len(uids) + len(groups) - len(gids),
        "sources": [account_of(source) for source in sources],
    }
    put("account.json", [json.dumps(account, indent=1)])


def account_of(source):
    counts = collections.Counter(reason for reason, _ in source.left)
    counts.update({"users/reference": source.references, "groups/reference": source.references, "groups/unknown-member": source.unknown})
    entries_left = collections.defaultdict(list)
    for reason, dn in source.left:
        entries_left[reason].append(dn)
    return {"name": source.config["name"], "counts": {reason: n for reason, n in sorted(counts.items()) if n > 0}, "entries": entries_left}


if __name__ == "__main__":
    main(*sys.argv[1:])
