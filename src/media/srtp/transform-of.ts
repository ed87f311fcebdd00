import type { SrtpKey } from '../../sdp/index.ts';
import { CounterMode } from './counter-mode.ts';
import { sessionKeys } from './derive.ts';
import { GaloisMode } from './galois-mode.ts';
import type { Transform } from './transform.ts';

/** The ciphers of a key's suite. */
export function transformOf(key: SrtpKey): Transform {
  const rtp = sessionKeys(key, 'rtp');
  const rtcp = sessionKeys(key, 'rtcp');
  if (key.suite.startsWith('AEAD')) return new GaloisMode(rtp, rtcp);
  return new CounterMode(rtp, rtcp, key.suite.endsWith('_32') ? 4 : 10);
}
