/** What tells contacts of an address of record apart. RFC 5626 §6. */
import type { Binding } from './live.ts';

export type BindingName = Pick<Binding, 'contact' | 'instance' | 'regId'>;

/** Of an address of record there is one binding of a key: a device's flow, else a contact. */
export function bindingKey({ contact, instance, regId }: BindingName): string {
  return instance === undefined || regId === undefined ? contact : `${regId} ${instance}`;
}

/** A device that names its flows has one binding for each; one that does not has one. */
export function replaces(newer: BindingName, older: BindingName): boolean {
  if (bindingKey(newer) === bindingKey(older)) return true;
  if (newer.instance === undefined || newer.instance !== older.instance) return false;
  return newer.regId === undefined || older.regId === undefined;
}
