/** What a dial must satisfy to ring anybody, beyond its shape. A dial that does not is refused at once and ends `failed`;
 * the document's other verbs still run. */
import { gainLimits, isGain, printable } from '../../base/index.ts';
import { dubFaults } from './dub.ts';
import { canonicalE164, canonicalNumber } from './e164.ts';
import { hasControl, headerFaults } from './header-rules.ts';
import { targetAddress } from './normalise.ts';
import { memberPath } from './guard.ts';
import type { DialFault, DialVerb, Target } from './types.ts';

export const mostTargets = 10;
const longestName = 128;
const longestUri = 512;
const proxyForm = 'a SIP URI or an address such as sip:192.0.2.1:5060';
const e164 = 'E.164 digits such as +15551230001';
const oneLine = (length: number): string => `at most ${length} characters, none of them control characters`;
const mostPatterns = 50;
const longestPattern = 32;

/** Each rule the dial breaks; empty when it may go out. */
export function dialFaults(dial: DialVerb): DialFault[] {
  const { target, callerId, callerName } = dial;
  const faults: DialFault[] = [];
  if (target.length === 0) faults.push({ at: ['target'], expected: 'at least one destination', got: 'none' });
  if (target.length > mostTargets) {
    const expected = `at most ${mostTargets} destinations`;
    faults.push({ at: ['target'], expected, got: `${target.length} without duplicates` });
  }
  for (let i = 0; i < target.length && i < mostTargets; i++)
    for (const fault of targetFaults(target[i] as Target)) faults.push({ ...fault, at: ['target', i, ...fault.at] });
  if (callerId !== undefined) faults.push(...callerIdFaults(callerId, target));
  if (callerName !== undefined && (callerName.length > longestName || hasControl(callerName)))
    faults.push({ at: ['callerName'], expected: oneLine(longestName), got: shown(callerName) });
  if (dial.proxy !== undefined && !isProxy(dial.proxy))
    faults.push({ at: ['proxy'], expected: proxyForm, got: shown(dial.proxy) });
  faults.push(...headerFaults(dial.headers));
  faults.push(...captureFaults(dial.dtmfCapture), ...gainFaults(dial.boostAudioSignal, ['boostAudioSignal']));
  for (const [i, each] of dial.dub.entries())
    faults.push(...dubFaults(each).map((fault) => ({ ...fault, at: ['dub', i, ...fault.at] })));
  return faults;
}

/** A fault as a sentence, for alerts and timelines. */
export function describeDialFault({ at, expected, got }: DialFault): string {
  const path = at.reduce<string>(
    (so, each) => (typeof each === 'number' ? `${so}[${each}]` : memberPath(so, each)),
    '',
  );
  return `${path}: expected ${expected}, got ${got}`;
}

/** The member of a target that holds its address and what may stand there, where this does not. */
function addressFault(target: Target): Omit<DialFault, 'got'> | undefined {
  const address = targetAddress(target);
  switch (target.type) {
    case 'phone':
    case 'teams':
      return canonicalNumber(address) === undefined ? { at: ['number'], expected: e164 } : undefined;
    case 'sip':
      if (/^sips?:./i.test(address) && address.length <= longestUri && !unsafe(address)) return undefined;
      return { at: ['sipUri'], expected: 'a SIP URI such as sip:user@host' };
    case 'user':
      if (address !== '' && address.length <= longestName && !unsafe(address)) return undefined;
      return { at: ['name'], expected: 'a registered user, user or user@domain' };
  }
}

type Part = { readonly at: readonly string[]; readonly of: (target: Target) => string | undefined };

/** What of a target goes into a URI or a header. */
const parts: readonly Part[] = [
  { at: ['overrideTo'], of: ({ overrideTo }) => overrideTo },
  { at: ['from', 'user'], of: ({ from }) => from.user },
  { at: ['from', 'host'], of: ({ from }) => from.host },
  { at: ['auth', 'username'], of: ({ auth }) => auth?.username },
  { at: ['auth', 'password'], of: ({ auth }) => auth?.password },
];

function targetFaults(target: Target): DialFault[] {
  const faults = headerFaults(target.headers);
  const fault = addressFault(target);
  if (fault !== undefined) {
    const address = targetAddress(target);
    faults.unshift({ ...fault, got: address === '' ? 'nothing' : shown(address) });
  }
  for (const { at, of } of parts) {
    const value = of(target);
    if (value === undefined) continue;
    const secret = at[0] === 'auth';
    if (value.length <= longestUri && !(secret ? hasControl(value) : unsafe(value))) continue;
    const expected = secret ? oneLine(longestUri) : `at most ${longestUri} characters, no blanks, quotes or <>`;
    faults.push({ at, expected, got: secret ? 'another value' : shown(value) });
  }
  if (target.proxy !== undefined && !isProxy(target.proxy))
    faults.push({ at: ['proxy'], expected: proxyForm, got: shown(target.proxy) });
  // It is dialled in place of the number, so the number's rule holds for it too.
  if (target.type === 'phone' && target.overrideTo !== undefined && canonicalNumber(target.overrideTo) === undefined)
    faults.push({ at: ['overrideTo'], expected: e164, got: shown(target.overrideTo) });
  return faults;
}

/** What is no level at all is none, as in jambonz; the dial says so when it would have been set. */
function gainFaults(db: number, at: DialFault['at']): DialFault[] {
  if (isGain(db) || Number.isNaN(db)) return [];
  return [{ at, expected: `${gainLimits.least} to ${gainLimits.most} dB`, got: `${db} dB` }];
}

/** A pattern that no key can complete would wait for ever without a word. */
function captureFaults(capture: DialVerb['dtmfCapture']): DialFault[] {
  const faults: DialFault[] = [];
  if (capture === undefined) return faults;
  // One list for both was written as one list.
  const lists = capture.childCall === capture.parentCall ? { '': capture.childCall } : capture;
  for (const [list, patterns] of Object.entries(lists)) {
    const at = list === '' ? ['dtmfCapture'] : ['dtmfCapture', list];
    if (patterns.length > mostPatterns)
      faults.push({ at, expected: `at most ${mostPatterns} patterns`, got: String(patterns.length) });
    const bad = patterns.findIndex((each) => each.length > longestPattern || !/^[0-9*#A-D]+$/i.test(each));
    const expected = `1 to ${longestPattern} keys of 0-9 * # A-D`;
    if (bad >= 0) faults.push({ at: [...at, bad], expected, got: shown(patterns[bad] ?? '') });
  }
  return faults;
}

/** anonymous and restricted set Privacy: id (RFC 3323). */
export function isAnonymous(callerId: string): boolean {
  return /^(?:anonymous|restricted)$/i.test(callerId);
}

function callerIdFaults(callerId: string, targets: readonly Target[]): DialFault[] {
  if (isAnonymous(callerId) || canonicalE164(callerId) !== undefined) return [];
  const fault = { at: ['callerId'], got: shown(callerId) };
  if (targets.some(({ type }) => type === 'phone' || type === 'teams'))
    return [{ ...fault, expected: `for a phone or teams target ${e164}` }];
  if (callerId.length <= longestName && !unsafe(callerId)) return [];
  return [{ ...fault, expected: 'a number, extension or name' }];
}

/** sip:host, sips:host, or the host alone, with a port and parameters or without. */
function isProxy(text: string): boolean {
  const place = /^(?:sips?:)?(?:[\w.%+-]+@)?(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:;[\w.=~%!*'+:;[\]-]*)?$/i;
  return text.length <= longestUri && place.test(text);
}

/** Would this text end the URI or quoted string it is put in? */
function unsafe(text: string): boolean {
  return /[\s<>"\\]/.test(text) || hasControl(text);
}

function shown(text: string): string {
  return `"${printable(text, 40)}"`;
}
