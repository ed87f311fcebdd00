/** Fragments of SDP that bring candidates one by one: `application/trickle-ice-sdpfrag`. RFC 8840 §9. */
import { type Candidate, type RawCandidate, usable } from './ice.ts';

export type Fragment = {
  readonly ufrag: string;
  readonly pwd: string;
  /** Those that could be used, best first. */
  readonly candidates: readonly Candidate[];
  /** No more will come. */
  readonly ends: boolean;
};

const maxBytes = 8192;

/** Reads one; what is wrong with it in words. */
export function readFragment(body: Buffer): Fragment | string {
  if (body.length > maxBytes) return `a fragment has at most ${maxBytes} bytes`;
  const lines = body.toString('latin1').split(/\r?\n/);
  const value = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`a=${name}:`))
      ?.slice(name.length + 3)
      .trim();
  const [ufrag, pwd] = [value('ice-ufrag'), value('ice-pwd')];
  if (ufrag === undefined || pwd === undefined) return 'a=ice-ufrag and a=ice-pwd must be there: RFC 8840 §4.4';
  const candidates = usable(lines.flatMap((line) => candidateOf(line) ?? []));
  return { ufrag, pwd, candidates, ends: lines.some((line) => line.trim() === 'a=end-of-candidates') };
}

/** RFC 8839 §5.1. */
function candidateOf(line: string): RawCandidate | undefined {
  const found = /^a=candidate:\S{1,32} (\d{1,3}) (\w{1,16}) (\d{1,10}) (\S{1,64}) (\d{1,5}) typ (\w{1,16})/.exec(line);
  if (found === null) return undefined;
  const [, component, transport = '', priority, ip = '', port, type = ''] = found;
  return { component: Number(component), transport, priority: Number(priority), ip, port: Number(port), type };
}
