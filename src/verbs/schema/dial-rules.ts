/** What a dial must satisfy to ring anybody, beyond its shape. A dial that does not is refused at once and ends `failed`;
 * the document's other verbs still run. */
import { printable } from '../../base/index.ts';
import { canonicalE164, canonicalNumber } from './e164.ts';
import { hasControl, headerFaults } from './header-rules.ts';
import { targetAddress } from './normalise.ts';
import type { DialVerb, Target } from './types.ts';

export const mostTargets = 10;
const longestName = 128;
const longestUri = 512;
const mostPatterns = 50;
const longestPattern = 32;

/** One sentence a fault, each naming the field; empty when the dial may go out. */
export function dialFaults(dial: DialVerb): string[] {
  const { target, callerId, callerName } = dial;
  const faults: string[] = [];
  if (target.length === 0) faults.push('target: at least one destination is needed');
  if (target.length > mostTargets)
    faults.push(`target: at most ${mostTargets} destinations, got ${target.length} without duplicates`);
  for (let i = 0; i < Math.min(target.length, mostTargets); i++) {
    const each = target[i];
    if (each === undefined) continue;
    const fault = targetFault(each);
    if (fault !== undefined) faults.push(`target[${i}].${fault}`);
    faults.push(...partFaults(each, `target[${i}]`));
  }
  if (callerId !== undefined) faults.push(...callerIdFaults(callerId, target));
  if (callerName !== undefined && (callerName.length > longestName || hasControl(callerName)))
    faults.push(`callerName: at most ${longestName} characters, none of them control characters`);
  faults.push(...headerFaults(dial.headers, 'headers'));
  faults.push(...captureFaults(dial.dtmfCapture));
  return faults;
}

function targetFault(target: Target): string | undefined {
  const address = targetAddress(target);
  switch (target.type) {
    case 'phone':
    case 'teams':
      if (address === '') return `number: a ${target.type} target needs a telephone number`;
      if (canonicalNumber(address) !== undefined) return undefined;
      return `number: expected E.164 digits such as +15551230001, got ${shown(address)}`;
    case 'sip':
      if (address === '') return 'sipUri: a sip target needs a SIP URI';
      if (/^sips?:./i.test(address) && address.length <= longestUri && !unsafe(address)) return undefined;
      return `sipUri: expected a SIP URI such as sip:user@host, got ${shown(address)}`;
    case 'user':
      if (address === '') return 'name: a user target needs the name of a registered user';
      if (address.length <= longestName && !unsafe(address)) return undefined;
      return `name: expected user or user@domain, got ${shown(address)}`;
  }
}

function partFaults(target: Target, path: string): string[] {
  const faults = headerFaults(target.headers, `${path}.headers`);
  const parts: Readonly<Record<string, string | undefined>> = {
    proxy: target.proxy,
    overrideTo: target.overrideTo,
    'from.user': target.from.user,
    'from.host': target.from.host,
    'auth.username': target.auth?.username,
    'auth.password': target.auth?.password,
  };
  for (const [name, value] of Object.entries(parts)) {
    if (value === undefined) continue;
    const bad = name.startsWith('auth.') ? hasControl(value) : unsafe(value);
    if (bad || value.length > longestUri) faults.push(`${path}.${name}: no blanks, quotes, <> or control characters`);
  }
  // It is dialled in place of the number, so the number's rule holds for it too.
  if (target.type === 'phone' && target.overrideTo !== undefined && canonicalNumber(target.overrideTo) === undefined)
    faults.push(`${path}.overrideTo: expected E.164 digits such as +15551230001, got ${shown(target.overrideTo)}`);
  return faults;
}

/** A pattern that no key can complete would wait for ever without a word. */
function captureFaults(capture: DialVerb['dtmfCapture']): string[] {
  const faults: string[] = [];
  for (const [list, patterns] of Object.entries(capture ?? {})) {
    if (patterns.length > mostPatterns) faults.push(`dtmfCapture.${list}: at most ${mostPatterns} patterns`);
    const bad = patterns.find((each) => each.length > longestPattern || !/^[0-9*#A-D]+$/i.test(each));
    if (bad !== undefined)
      faults.push(`dtmfCapture.${list}: expected 1 to ${longestPattern} keys of 0-9 * # A-D, got ${shown(bad)}`);
  }
  return faults;
}

/** anonymous and restricted set Privacy: id (RFC 3323). */
export function isAnonymous(callerId: string): boolean {
  return /^(?:anonymous|restricted)$/i.test(callerId);
}

function callerIdFaults(callerId: string, targets: readonly Target[]): string[] {
  if (isAnonymous(callerId) || canonicalE164(callerId) !== undefined) return [];
  if (targets.some(({ type }) => type === 'phone' || type === 'teams'))
    return [`callerId: a phone or teams target needs an E.164 caller id such as +15551230001, got ${shown(callerId)}`];
  if (callerId.length <= longestName && !unsafe(callerId)) return [];
  return [`callerId: expected a number, extension or name, got ${shown(callerId)}`];
}

/** Would this text end the URI or quoted string it is put in? */
function unsafe(text: string): boolean {
  return /[\s<>"\\]/.test(text) || hasControl(text);
}

function shown(text: string): string {
  return `"${printable(text, 40)}"`;
}
