/** Ways into an answer of rtpengine. What is not as expected is not there. */
import type { Bencoded } from './bencode.ts';
import { isDictionary, type NgAnswer } from './ng-client.ts';

export function at(value: Bencoded | undefined, path: readonly (string | number)[]): Bencoded | undefined {
  let found = value;
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? (found as readonly Bencoded[])[step] : undefined;
    else found = isDictionary(found) ? found[step] : undefined;
  }
  return found;
}

/** The RTP that the party with this tag sends. */
export function streamOf(answer: NgAnswer, tag: string): Bencoded | undefined {
  return at(answer, ['tags', tag, 'medias', 0, 'streams', 0]);
}
