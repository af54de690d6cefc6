/** The interfaces in Varlink's own language, for those who ask what may be asked. */
import { VARLINK_ERROR, type VarlinkCall, type VarlinkReply } from "../../wire/varlink/message.ts";
import { USERDB_INTERFACE } from "./userdb.ts";

const SERVICE_INTERFACE = "org.varlink.service";

const USERDB_TEXT = `interface ${USERDB_INTERFACE}
method GetUserRecord(uid: ?int, userName: ?string, service: string) -> (record: object, incomplete: bool)
method GetGroupRecord(gid: ?int, groupName: ?string, service: string) -> (record: object, incomplete: bool)
method GetMemberships(userName: ?string, groupName: ?string, service: string) -> (userName: string, groupName: string)
error NoRecordFound()
error BadService()
error ServiceNotAvailable()
error ConflictingRecordFound()
error EnumerationNotSupported()
`;
const SERVICE_TEXT = `interface ${SERVICE_INTERFACE}
method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)
error InterfaceNotFound(interface: string)
error MethodNotFound(method: string)
error MethodNotImplemented(method: string)
error InvalidParameter(parameter: string)
error PermissionDenied()
error ExpectedMore()
`;
const DESCRIPTIONS = new Map([
  [SERVICE_INTERFACE, SERVICE_TEXT],
  [USERDB_INTERFACE, USERDB_TEXT],
]);

/** The one reply to a call that no other interface of ours has taken. */
export function describeService({ method, parameters }: VarlinkCall, version: string): VarlinkReply {
  const face = method.slice(0, method.lastIndexOf("."));
  if (!DESCRIPTIONS.has(face)) return { kind: "error", error: VARLINK_ERROR.interfaceNotFound, parameters: { interface: face } };
  switch (method) {
    case `${SERVICE_INTERFACE}.GetInfo`:
      return reply({ vendor: "Leasehold", product: "directory", version, url: "", interfaces: [...DESCRIPTIONS.keys()] });
    case `${SERVICE_INTERFACE}.GetInterfaceDescription`: {
      const wanted = parameters["interface"];
      if (typeof wanted !== "string") return { kind: "error", error: VARLINK_ERROR.invalidParameter, parameters: { parameter: "interface" } };
      const description = DESCRIPTIONS.get(wanted);
      if (description === undefined) return { kind: "error", error: VARLINK_ERROR.interfaceNotFound, parameters: { interface: wanted } };
      return reply({ description });
    }
    default:
      return { kind: "error", error: VARLINK_ERROR.methodNotFound, parameters: { method } };
  }
}

function reply(parameters: Extract<VarlinkReply, { kind: "reply" }>["parameters"]): VarlinkReply {
  return { kind: "reply", parameters, continues: false };
}
