/** What is wrong between options of one set that are each right: too many, too long, said twice, or forced and not said. */
import { LIMITS } from "../base/limits.ts";
import type { Fault } from "./faults.ts";
import { bootOptions, saidIn, type ServedFile } from "./lan-options.ts";

const OPTION_HEADER_BYTES = 4;

export function servedFaults(given: ServedFile): readonly Fault[] {
  const said = saidIn(given);
  const boot = (given.boot ?? []).map((one, index) => ({ path: ["boot", index], options: bootOptions(one) }));
  const codes = [...said, ...boot].flatMap(({ options }) => options.map(({ code }) => code));
  const octets = said.flatMap(({ options }) => options).reduce((sum, { value }) => sum + OPTION_HEADER_BYTES + value.length, 0);
  const last = said.at(-1)?.path ?? [];
  return [
    ...[...said, ...boot].flatMap(({ path, options }) =>
      options.some(({ value }) => value.length > LIMITS.servedOptionBytes)
        ? [{ path, message: `an option of more than ${LIMITS.servedOptionBytes} octets`, hint: "take some of it away" }]
        : [],
    ),
    ...(said.flatMap(({ options }) => options).length > LIMITS.servedOptions
      ? [{ path: last, message: `more than ${LIMITS.servedOptions} options`, hint: "take some away" }]
      : octets > LIMITS.servedOctets
        ? [
            {
              path: last,
              message: `options come to more than ${LIMITS.servedOctets} octets`,
              hint: "an answer has to fit a datagram: take some away",
            },
          ]
        : []),
    ...(given.forced_options ?? []).flatMap((code, index) =>
      codes.includes(code)
        ? []
        : [
            {
              path: ["forced_options", index],
              message: `option ${code} is forced and not said here`,
              hint: "say it in the same table, or take it out",
            },
          ],
    ),
    ...twice(given.boot ?? [], ({ architecture }) => architecture).map(({ index, key }) => ({
      path: ["boot", index],
      message: key === undefined ? "two entries for every other architecture" : `two entries for architecture ${key}`,
      hint: "one for each architecture, and one without",
    })),
    ...twice(given.vendor_options ?? [], ({ enterprise }) => enterprise).map(({ index, key }) => ({
      path: ["vendor_options", index],
      message: `two entries for enterprise ${key}`,
      hint: "put their options into one",
    })),
  ];
}

export function servedWarnings(given: ServedFile): readonly Fault[] {
  return (given.dnr ?? []).flatMap(({ addresses, alpn }, index): readonly Fault[] => {
    const path = ["dnr", index];
    if (addresses?.every((one) => !one.includes(":")) === true)
      return [{ path, message: "this resolver has no IPv6 address and is not told by DHCPv6", hint: "add one, or leave addresses out" }];
    if (addresses === undefined || alpn !== undefined) return [];
    return [{ path, message: "clients will not know how to speak to this resolver", hint: 'RFC 9463 §3.1.5: such as alpn = ["dot"]' }];
  });
}

/** Items whose key an earlier one has. */
function twice<T, K>(items: readonly T[], keyOf: (item: T) => K): readonly { readonly index: number; readonly key: K }[] {
  const keys = items.map(keyOf);
  return keys.map((key, index) => ({ key, index })).filter(({ key, index }) => keys.indexOf(key) !== index);
}
