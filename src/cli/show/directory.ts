/** What `leasehold show` says of users and groups. */
import type { DirectoryView, SourceView } from "../../services/directory/view.ts";
import { counted, many } from "./words.ts";

export function directoryLines(view: DirectoryView): readonly string[] {
  const { domain, snapshot, update, sources, yp, userdb, unsaved, connections, requests, refused } = view;
  const outlets = [
    ...(yp === null
      ? []
      : [
          `YP on port ${yp.port} (${yp.register === "rpcbind" && !yp.registered ? "not registered with rpcbind yet" : `registration: ${yp.register}`})`,
        ]),
    ...(userdb === null ? [] : [`userdb as ${userdb.service}`]),
  ];
  const held =
    snapshot === null
      ? "has no users yet"
      : `serves ${many(snapshot.users, "user")} and ${many(snapshot.groups, "group")}, as of ${snapshot.committedAt}`;
  return [
    "",
    `The directory of ${domain} ${held}.`,
    ...(update.heldBy === "" ? [] : [`  update ${update.number} changed nothing: ${update.heldBy}`]),
    ...sources.flatMap(sourceLines),
    ...(update.nextAt === null ? [] : [`  next update: ${update.nextAt}`]),
    ...(unsaved === "" ? [] : [`  not on disk: ${unsaved}`]),
    `  outlets: ${outlets.join("; ") || "none"}; ${many(connections, "connection")} open`,
    `  requests: ${counted(requests) || "none"}; refused: ${counted(refused) || "none"}`,
  ];
}

function sourceLines({ name, state, reason, users, groups, pulledAt, rejected }: SourceView): readonly string[] {
  const when = pulledAt === null ? "never read" : `read at ${pulledAt}`;
  return [
    `  source ${name} is ${state}${reason === "" ? "" : ` (${reason})`}: ${many(users, "user")}, ${many(groups, "group")}, ${when}`,
    ...(counted(rejected) === "" ? [] : [`    left out: ${counted(rejected)}`]),
  ];
}
