/** A provisioned thing as REST shows it. One file a resource says its fields and how they map to the entity; the routes
 * (create, list, read, change, delete) are the same for all. */
import type { TProperties } from 'typebox';
import type { Entities, Kind } from '../../ports/index.ts';
import type { Detail } from '../errors.ts';
import type { ApiDirectory, ApiOptions } from '../options.ts';

/** Fields in REST's words. */
export type Fields = Readonly<Record<string, unknown>>;

export type Identity = { readonly sid: string; readonly accountSid: string };

/** A field that names another thing, which must exist and be of the same account. */
export type Pointer = { readonly field: string; readonly kind: Kind };

export type Resource<K extends Kind = Kind> = {
  readonly kind: K;
  /** Path segment, as in reference.md 4.4. */
  readonly path: string;
  /** What messages call it. */
  readonly noun: string;
  readonly sidField: string;
  /** Everything that may be set. Optional ones may be null. */
  readonly fields: TProperties;
  /** Fields that must be there when it is created. */
  readonly required: readonly string[];
  /** Never shown. */
  readonly secrets: readonly string[];
  /** Where the secrets are sent: with another address, secrets that are not sent anew do not stay. */
  readonly addresses?: readonly string[];
  /** Only the administrator may set these. */
  readonly adminFields?: readonly string[];
  readonly pointers: readonly Pointer[];
  /** Fields a list may be filtered by, besides account_sid. */
  readonly filters?: readonly string[];
  /** What belongs to a switch, and goes when a change switches that off. */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
  /** Not listed: made by the server for itself. */
  readonly hidden?: (entity: Entities[K]) => boolean;
  /** The entity with all its fields, secrets too. */
  readonly toFields: (entity: Entities[K]) => Fields;
  readonly toEntity: (fields: Fields, identity: Identity, options: ApiOptions) => Entities[K];
  /** Rules that a schema cannot say. */
  readonly check?: (fields: Fields, directory: ApiDirectory) => readonly Detail[];
  /** Whose it is, where the body does not say so itself (gateways belong to their carrier's account). */
  readonly accountFrom?: (fields: Fields, directory: ApiDirectory) => string | undefined;
};

/** Copies the fields that are set, under other names: `{ entityName: 'rest_name' }`. */
export function pick<E extends object>(fields: Fields, names: Readonly<Partial<Record<keyof E, string>>>): Partial<E> {
  const entity: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(names) as [string, string][]) {
    const value = fields[field];
    if (value !== undefined && value !== null && value !== '') entity[name] = value;
  }
  return entity as Partial<E>;
}

/** The reverse; what is not set is null. */
export function show(entity: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(names)) {
    fields[field] = (entity as Record<string, unknown>)[name] ?? null;
  }
  return fields;
}

export function orDefault<T>(value: unknown, otherwise: T): T {
  return value === undefined || value === null ? otherwise : (value as T);
}
