/** One permanent error code: what happened and what to do. Codes are never reused; `docs/errors.md` lists them all. */
export type ErrorEntry = {
  /** Template; `{name}` is filled from the details. */
  readonly message: string;
  /** What the reader should do about it; filled likewise. */
  readonly fix: string;
  /** HTTP status when it reaches the REST API. */
  readonly http: number;
};

const registry = new Map<string, ErrorEntry>();

/** Registers a code. Throws on a duplicate: a code means one thing for ever. */
export function defineError(code: string, entry: ErrorEntry): string {
  if (registry.has(code)) throw new Error(`error code ${code} is defined twice`);
  registry.set(code, entry);
  return code;
}

export function errorRegistry(): ReadonlyMap<string, ErrorEntry> {
  return registry;
}

/** A fault with a code of the registry. Its message names the fault and the fix. */
export class GraineError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly http: number;

  constructor(code: string, details: Readonly<Record<string, unknown>> = {}, options?: { cause?: unknown }) {
    const entry = registry.get(code) ?? { message: code, fix: '', http: 500 };
    const { message, fix } = entry;
    // After a list the advice has a line of its own.
    const text = fix === '' || message.endsWith('\n') ? message + fix : `${message}. ${fix}`;
    super(
      text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `{${name}}`)),
      options,
    );
    this.name = 'GraineError';
    this.code = code;
    this.details = details;
    this.http = entry.http;
  }
}

/** The message of anything thrown. */
export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
