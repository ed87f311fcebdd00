/** The document the builder works on: a list of verbs with a dial in it. Form and JSON are two views of it; what the form
 * does not know stays as it is. */

export type Target = Readonly<Record<string, unknown>>;
export type Dial = Readonly<Record<string, unknown>> & { readonly verb: 'dial'; readonly target: readonly Target[] };
export type Document = readonly unknown[];

export const first: Document = [
  { verb: 'dial', answerOnBridge: true, timeout: 30, target: [{ type: 'user', name: 'bob' }] },
];

export function textOf(document: Document): string {
  return JSON.stringify(document, null, 2);
}

export type Read = { readonly ok: true; readonly document: Document } | { readonly ok: false; readonly why: string };

/** A single verb may stand without brackets. */
export function read(text: string): Read {
  try {
    const value = JSON.parse(text) as unknown;
    if (Array.isArray(value)) return { ok: true, document: value };
    if (typeof value === 'object' && value !== null) return { ok: true, document: [value] };
    return { ok: false, why: 'A document is a list of verbs.' };
  } catch (fault) {
    return { ok: false, why: (fault as Error).message };
  }
}

function isDial(verb: unknown): verb is Dial {
  return typeof verb === 'object' && verb !== null && (verb as { verb?: unknown }).verb === 'dial';
}

/** Where the dial is; -1 when there is none. */
export function placeOf(document: Document): number {
  return document.findIndex(isDial);
}

export function dialOf(document: Document): Dial | undefined {
  const dial = document.find(isDial);
  return dial === undefined ? undefined : { ...dial, target: Array.isArray(dial.target) ? dial.target : [] };
}

/** Undefined and empty values leave the object. */
export function changed<T extends object>(object: T, part: Readonly<Record<string, unknown>>): T {
  const entries = Object.entries({ ...object, ...part });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== '')) as T;
}

export function withDial(document: Document, dial: Dial): Document {
  const at = placeOf(document);
  return document.map((verb, n) => (n === at ? dial : verb));
}
