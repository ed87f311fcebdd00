/** ICE of one audio line. We are a lite agent (RFC 8445 §2.5): a full far end finds the way to our one address, so its
 * candidates are of no use to us and none is ever sent to; that is why they may be as many and as wild as they like. Only a
 * far end that is lite as well must be looked for: of its candidates those that can be used are kept. RFC 8839. */
import { isIP } from 'node:net';

export type IceCredentials = { readonly ufrag: string; readonly pwd: string };
export type Candidate = { readonly address: string; readonly port: number };

/** The far end's half. */
export type IceLine = IceCredentials & {
  /** It waits to be found, as we do. */
  readonly lite: boolean;
  /** Where it may be, best first. */
  readonly candidates: readonly Candidate[];
};

/** Ours. `lite`: we wait to be found. */
export type LocalIce = IceCredentials & { readonly lite: boolean };

/** Of both, once agreed. */
export type IceAgreement = {
  readonly local: IceCredentials;
  readonly remote: {
    readonly ufrag: string;
    readonly lite: boolean;
    readonly seek?: { readonly pwd: string; readonly candidates: readonly Candidate[] };
  };
};

/** As the library has it. */
export type RawCandidate = {
  readonly component: number;
  readonly transport: string;
  readonly priority: number | string;
  readonly ip: string;
  readonly port: number;
  readonly type: string;
};
/** Stands in the session or in the line. The library makes numbers of what looks like one. */
export type IceLevel = {
  readonly iceUfrag?: string | number;
  readonly icePwd?: string | number;
  readonly icelite?: string;
};
export type IceRaw = { readonly candidates?: readonly RawCandidate[] };

/** RFC 8839 §5.4. */
const ICE_TOKEN = /^[A-Za-z0-9+/]+$/;
/** Preference of the one host candidate: RFC 8445 §5.1.2.1. */
const PRIORITY = 2_130_706_431;
/** Lines that are looked at, and candidates that are kept of them. */
const maxLines = 64;
export const maxCandidates = 16;
const types: ReadonlySet<string> = new Set(['host', 'srflx', 'relay']);

const UFRAG_LINE = /^a=ice-ufrag:/m;

/** Whether an SDP has anything of ICE, as that of WebRTC always has. Of any bytes, whatever they are. */
export function asksForIce(sdp: Buffer): boolean {
  return UFRAG_LINE.test(sdp.toString('latin1'));
}

/** Reads what a line says of ICE; what is missing or out of bounds is a fault in words. */
export function readIce(line: IceLevel & IceRaw, session: IceLevel): IceLine | string {
  const ufrag = String(line.iceUfrag ?? session.iceUfrag ?? '');
  const pwd = String(line.icePwd ?? session.icePwd ?? '');
  if (!ICE_TOKEN.test(ufrag) || ufrag.length < 4 || ufrag.length > 256) return 'a=ice-ufrag is missing or wrong';
  if (!ICE_TOKEN.test(pwd) || pwd.length < 22 || pwd.length > 256) return 'a=ice-pwd is missing or wrong';
  const lite = session.icelite !== undefined;
  return { ufrag, pwd, lite, candidates: usable(line.candidates ?? []) };
}

/** UDP and of RTP, at an address and no name (RFC 8838 §4.1 lets others be passed over). */
export function usable(raw: readonly RawCandidate[]): Candidate[] {
  return raw
    .slice(0, maxLines)
    .filter(({ component, transport, ip, port, type }) => {
      const spoken = component === 1 && String(transport).toLowerCase() === 'udp' && types.has(type);
      return spoken && isIP(String(ip)) > 0 && Number.isInteger(port) && port > 0 && port < 65_536;
    })
    .toSorted((a, b) => Number(b.priority) - Number(a.priority))
    .slice(0, maxCandidates)
    .map(({ ip, port }) => ({ address: String(ip), port }));
}

export function iceAgreement(local: IceCredentials, theirs: IceLine): IceAgreement {
  const { ufrag, pwd, lite, candidates } = theirs;
  return { local, remote: { ufrag, lite, ...(lite ? { seek: { pwd, candidates } } : {}) } };
}

/** More of the far end's candidates may come in INFO: trickle.ts. Of ours there is one. */
export function printCredentials({ ufrag, pwd }: IceCredentials): string {
  return `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\na=ice-options:trickle\r\n`;
}

export function printCandidate(address: string, port: number): string {
  return `a=candidate:1 1 udp ${PRIORITY} ${address} ${port} typ host\r\na=end-of-candidates\r\n`;
}
