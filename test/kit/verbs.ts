/** Short forms of what stories answer hooks with. */
import type { Phone } from '../../src/testing/index.ts';
import { realm } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A phone target: goes out through a carrier. */
export const toPhone = (more: Fields = {}): Fields => ({ type: 'phone', number: '+15559990001', ...more });
export const toSip = (phone: Phone, more: Fields = {}): Fields => ({ type: 'sip', sipUri: phone.uri, ...more });
export const toUser = (name: string, more: Fields = {}): Fields => ({
  type: 'user',
  name: `${name}@${realm}`,
  ...more,
});

/** An application of one dial, with an actionHook at /action. */
export const dial = (target: readonly Fields[], more: Fields = {}): readonly Fields[] => [
  { verb: 'dial', target, actionHook: '/action', ...more },
];

export const elsewhere = /SIP\s*;\s*cause=200\s*;\s*text="Call completed elsewhere"/;
