import { header, type SipRequest } from '../message/index.ts';

/** What tools for finding open servers call themselves, in lower case. None of them places calls. */
export const scannerNames = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sipcli',
  'sip-scan',
  'sipsak',
  'sundayddr',
  'iwar',
  'vaxsipuseragent',
  'pplsip',
  'sipptk',
  'smap',
  'gulp',
  'eyebeam-scan',
  'sipscan',
  'nmap',
  'masscan',
  'zgrab',
  'randomscan',
  'pentest',
];

const methods = new Set(
  'INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE INFO MESSAGE REFER NOTIFY SUBSCRIBE PUBLISH'.split(' '),
);

export function isKnownMethod(method: string): boolean {
  return methods.has(method);
}

/** Remembers what it said of the agents it has seen: there are few different ones, and one look-up is cheap. */
export class ScannerList {
  readonly #verdicts = new Map<string, boolean>();

  isScanner(request: SipRequest): boolean {
    const agent = request.headers.get(header.userAgent);
    if (agent === undefined) return false;
    let verdict = this.#verdicts.get(agent);
    if (verdict === undefined) {
      const lower = agent.slice(0, 256).toLowerCase();
      verdict = scannerNames.some((name) => lower.includes(name));
      if (this.#verdicts.size >= 1000) this.#verdicts.clear();
      this.#verdicts.set(agent, verdict);
    }
    return verdict;
  }
}
