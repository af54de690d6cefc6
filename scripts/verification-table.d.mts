export type VerificationRow = { readonly point: string; readonly command: string; readonly figure: string; readonly commit: string; readonly status: string };
export function partsOf(text: string): ReadonlyMap<string, readonly VerificationRow[]>;
