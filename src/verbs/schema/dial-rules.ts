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
  for (const [i, each] of target.slice(0, mostTargets).entries())
    for (const fault of [...addressFaults(each), ...partFaults(each)])
      faults.push({ ...fault, at: ['target', i, ...fault.at] });
  if (callerId !== undefined) faults.push(...callerIdFaults(callerId, target));
  if (callerName !== undefined && (callerName.length > longestName || hasControl(callerName)))
    faults.push({ at: ['callerName'], expected: oneLine(longestName), got: shown(callerName) });
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

/** The member of a target that holds its address, what may stand there, and whether this does. */
function addressFaults(target: Target): DialFault[] {
  const address = targetAddress(target);
  const got = address === '' ? 'nothing' : shown(address);
  switch (target.type) {
    case 'phone':
    case 'teams':
      return canonicalNumber(address) === undefined ? [{ at: ['number'], expected: e164, got }] : [];
    case 'sip':
      if (/^sips?:./i.test(address) && address.length <= longestUri && !unsafe(address)) return [];
      return [{ at: ['sipUri'], expected: 'a SIP URI such as sip:user@host', got }];
    case 'user':
      if (address !== '' && address.length <= longestName && !unsafe(address)) return [];
      return [{ at: ['name'], expected: 'a registered user, user or user@domain', got }];
  }
}

function partFaults(target: Target): DialFault[] {
  const faults = headerFaults(target.headers);
  const parts: readonly (readonly [readonly string[], string | undefined])[] = [
    [['proxy'], target.proxy],
    [['overrideTo'], target.overrideTo],
    [['from', 'user'], target.from.user],
    [['from', 'host'], target.from.host],
    [['auth', 'username'], target.auth?.username],
    [['auth', 'password'], target.auth?.password],
  ];
  for (const [at, value] of parts) {
    if (value === undefined) continue;
    const secret = at[0] === 'auth';
    if (value.length <= longestUri && !(secret ? hasControl(value) : unsafe(value))) continue;
    const expected = secret ? oneLine(longestUri) : `at most ${longestUri} characters, no blanks, quotes or <>`;
    faults.push({ at, expected, got: secret ? 'another value' : shown(value) });
  }
  // It is dialled in place of the number, so the number's rule holds for it too.
  if (target.type === 'phone' && target.overrideTo !== undefined && canonicalNumber(target.overrideTo) === undefined)
    faults.push({ at: ['overrideTo'], expected: e164, got: shown(target.overrideTo) });
  return faults;
}

function gainFaults(db: number, at: DialFault['at']): DialFault[] {
  if (isGain(db)) return [];
  return [{ at, expected: `${gainLimits.least} to ${gainLimits.most} dB`, got: `${db} dB` }];
}

/** A pattern that no key can complete would wait for ever without a word. */
function captureFaults(capture: DialVerb['dtmfCapture']): DialFault[] {
  const faults: DialFault[] = [];
  for (const [list, patterns] of Object.entries(capture ?? {})) {
    const at = ['dtmfCapture', list];
    if (patterns.length > mostPatterns)
      faults.push({ at, expected: `at most ${mostPatterns} patterns`, got: String(patterns.length) });
    const bad = patterns.find((each) => each.length > longestPattern || !/^[0-9*#A-D]+$/i.test(each));
    if (bad !== undefined) faults.push({ at, expected: `1 to ${longestPattern} keys of 0-9 * # A-D`, got: shown(bad) });
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

/** Would this text end the URI or quoted string it is put in? */
function unsafe(text: string): boolean {
  return /[\s<>"\\]/.test(text) || hasControl(text);
}

function shown(text: string): string {
  return `"${printable(text, 40)}"`;
}
