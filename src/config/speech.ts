/** speech.tts, speech.stt and speech.translate: a vendor that is not known, or that lacks its key, is told of when the server starts and
 * not by the first call that wants it. */
import { type SpeechUse, speechVendors, type VendorSettings } from '../ports/index.ts';
import { nearest } from './faults.ts';

type Complain = (path: string, message: string) => void;
type Fields = Readonly<Record<string, unknown>>;

export function checkSpeech(speech: { readonly [use in SpeechUse]?: Fields | undefined }, complain: Complain): void {
  for (const use of ['tts', 'stt', 'translate'] as const) {
    for (const [vendor, settings] of Object.entries(speech[use] ?? {})) {
      const at = `speech.${use}.${vendor}`;
      // The ellipsis of an example says nothing.
      if (vendor === '...') continue;
      if (vendor === 'default') checkDefault(use, settings, (message) => complain(at, message));
      else checkVendor({ use, vendor, settings, at }, complain);
    }
  }
}

function checkDefault(use: SpeechUse, name: unknown, complain: (message: string) => void): void {
  if (typeof name !== 'string') return complain('expected the name of a vendor');
  const fault = unknownVendor(use, name.toLowerCase());
  if (name !== '' && fault !== undefined) complain(fault);
}

type Entry = { readonly use: SpeechUse; readonly vendor: string; readonly settings: unknown; readonly at: string };

function checkVendor({ use, vendor, settings, at }: Entry, complain: Complain): void {
  const fault = unknownVendor(use, vendor);
  if (fault !== undefined) return complain(at, fault);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    return complain(at, 'expected keys and values, such as { api_key: … }');
  const rules = speechVendors[use][family(vendor)]!;
  checkNames({ vendor, settings: settings as Fields, at }, rules, complain);
  for (const group of rules.needs)
    if (!group.some((name) => isThere((settings as Fields)[name])))
      complain(at, `${vendor} needs ${group.slice(0, 2).join(' or ')}`);
}

type Named = { readonly vendor: string; readonly settings: Fields; readonly at: string };

function checkNames({ vendor, settings, at }: Named, { needs, may }: VendorSettings, complain: Complain): void {
  const known = [...needs.flat(), ...may];
  for (const [name, value] of Object.entries(settings)) {
    if (!known.includes(name)) complain(`${at}.${name}`, unknownKey(vendor, name, known));
    else if (name !== 'service_key' && typeof value !== 'string') complain(`${at}.${name}`, 'expected a text');
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function family(vendor: string): string {
  return vendor.startsWith('custom:') ? 'custom' : vendor;
}

/** undefined: it is known. */
function unknownVendor(use: SpeechUse, vendor: string): string | undefined {
  const vendors = speechVendors[use];
  if (vendor !== 'custom' && Object.hasOwn(vendors, family(vendor))) return undefined;
  const names = Object.keys(vendors).map((name) => (name === 'custom' ? 'custom:name' : name));
  const close = nearest(vendor, names);
  return `no vendor of ${use} is named '${vendor}'; ${close === undefined ? `known: ${names.join(', ')}` : `did you mean '${close}'?`}`;
}

function unknownKey(vendor: string, name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  const hint = close === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean '${close}'?`;
  return `${vendor} has no key '${name}'; ${hint}`;
}
