/** A phone's ICE beside SRTP with keys in SDP: full, it finds the way; lite, it waits to be found. RFC 8445. */
import type { Random } from '../base/index.ts';
import { Checks, IceLite } from '../media/index.ts';
import type { Peer } from './transcript.ts';

export type IceKind = 'full' | 'lite';
/** What an SDP says of it. */
export type SdpIce = {
  readonly ufrag: string;
  readonly pwd: string;
  readonly lite: boolean;
  readonly candidates: readonly { readonly address: string; readonly port: number }[];
};

type Place = Pick<Peer, 'address' | 'port'>;

export class PhoneIce {
  readonly kind: IceKind;
  readonly own: { readonly ufrag: string; readonly pwd: string };
  /** Its SDP names these instead of where it is. */
  candidates: readonly Place[] | undefined;
  /** Checks that came in and proved their password. */
  checked = 0;
  readonly #checks: Checks;
  #waiting: IceLite | undefined;
  readonly #send: (bytes: Buffer, to: Place) => void;
  #ticker: NodeJS.Timeout | undefined;

  constructor(kind: IceKind, random: Random, send: (bytes: Buffer, to: Place) => void) {
    this.kind = kind;
    this.own = { ufrag: random.token(8), pwd: random.token(24) };
    this.#send = send;
    this.#checks = new Checks({
      bytes: (length) => random.bytes(length),
      send: (bytes, { host, port }) => send(Buffer.from(bytes), { address: String(host), port }),
    });
  }

  /** Where its audio goes; undefined: not found yet. */
  get far(): Place | undefined {
    const far = this.kind === 'full' ? this.#checks.nominated : this.#waiting?.far;
    return far && { address: String(far.host), port: far.port };
  }

  /** The other side's half came. */
  meets(theirs: SdpIce): void {
    this.#waiting ??= new IceLite({ local: this.own, remoteUfrag: theirs.ufrag }, String);
    this.#waiting.restart({ local: this.own, remoteUfrag: theirs.ufrag });
    if (this.kind === 'lite') return;
    const candidates = theirs.candidates.map(({ address, port }) => ({ host: address, port }));
    const username = `${theirs.ufrag}:${this.own.ufrag}`;
    this.#checks.seek({ username, password: theirs.pwd, candidates }, performance.now());
    this.#ticker ??= setInterval(() => this.#checks.tick(performance.now()), 50);
  }

  takes(bytes: Buffer, from: Place): void {
    const { address: host, port } = from;
    if (this.#checks.take(bytes, { host, port }, performance.now())) return;
    const answer = this.#waiting?.answer(bytes, host, port);
    if (answer === undefined) return;
    this.checked++;
    this.#send(answer, from);
  }

  close(): void {
    clearInterval(this.#ticker);
  }

  sessionLines(): string[] {
    return this.kind === 'lite' ? ['a=ice-lite'] : [];
  }

  mediaLines(own: Place): string[] {
    const { ufrag, pwd } = this.own;
    const places = this.candidates ?? [own];
    return [
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${pwd}`,
      ...places.map(
        ({ address, port }, at) => `a=candidate:${at + 1} 1 udp ${2130706431 - at} ${address} ${port} typ host`,
      ),
    ];
  }
}

export function readIceOf(lines: readonly string[]): SdpIce | undefined {
  const find = (start: string): string | undefined => lines.find((line) => line.startsWith(start))?.slice(start.length);
  const [ufrag, pwd] = [find('a=ice-ufrag:'), find('a=ice-pwd:')];
  if (ufrag === undefined || pwd === undefined) return undefined;
  const candidates = lines.flatMap((line) => {
    const [, address, port] = /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ/i.exec(line) ?? [];
    return address === undefined ? [] : [{ address, port: Number(port) }];
  });
  return { ufrag: ufrag.trim(), pwd: pwd.trim(), lite: lines.includes('a=ice-lite'), candidates };
}
