import { isIP } from 'node:net';
import { GraineError } from '../../base/index.ts';
import type { Payload, StreamSettings } from '../../ports/index.ts';
import { sameKey, srtpSuites } from '../../sdp/index.ts';
import { badSettings } from './faults.ts';

const MAX_PAYLOADS = 64;

/** Refuses settings that the packet path could not live with. `family`: that of our sockets. */
export function checkSettings(settings: StreamSettings, family: number): void {
  const { remote, payloads, ptime } = settings;
  if (remote !== undefined) {
    must(isIP(remote.address) === family, 'remote.address', remote.address, `an IPv${family} literal`);
    must(!isManyCast(remote.address), 'remote.address', remote.address, 'the address of one host');
    must(isPort(remote.port), 'remote.port', remote.port, 'a port from 0 to 65535');
    must(remote.rtcpPort === undefined || isPort(remote.rtcpPort), 'remote.rtcpPort', remote.rtcpPort, 'a port');
    const { signalledFrom } = remote;
    must(
      signalledFrom === undefined || isIP(signalledFrom) !== 0,
      'remote.signalledFrom',
      signalledFrom,
      'an IP literal',
    );
  }
  if (settings.srtp !== undefined)
    for (const way of ['send', 'receive'] as const) {
      const { suite, masterKey } = settings.srtp[way];
      const sizes = srtpSuites[suite];
      const octets = Buffer.from(masterKey, 'base64').length;
      // Neither the key nor a part of it is shown.
      must(sizes !== undefined && octets === sizes.key + sizes.salt, `srtp.${way}`, 'not a key', `a key of ${suite}`);
    }
  must(payloads.length <= MAX_PAYLOADS, 'payloads', payloads.length, `at most ${MAX_PAYLOADS}`);
  must(ptime > 0 && ptime <= 200, 'ptime', ptime, 'from 1 to 200');
  for (const payload of payloads) checkPayload(payload);
}

function checkPayload(payload: Payload): void {
  must(isType(payload.receive), 'payloads.receive', payload.receive, 'a payload type from 0 to 127');
  must(isType(payload.send), 'payloads.send', payload.send, 'a payload type from 0 to 127');
  must(payload.clockRate > 0 && payload.clockRate <= 192_000, 'payloads.clockRate', payload.clockRate, 'in hertz');
}

/** One packet in, many out: RTP of a call is never that. */
function isManyCast(address: string): boolean {
  if (address.includes(':')) return /^ff/i.test(address);
  return address === '255.255.255.255' || /^2(2[4-9]|3\d)\./.test(address);
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65535;
}

function isType(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 128;
}

function must(holds: boolean, field: string, value: unknown, rule: string): void {
  if (!holds) throw new GraineError(badSettings, { field, value, rule });
}

/** Has the far end of a stream with SRTP named another key? */
export function isRekeyed(before: StreamSettings | undefined, settings: StreamSettings): boolean {
  const [was, is] = [before?.srtp, settings.srtp];
  return was !== undefined && is !== undefined && !sameKey(was.receive, is.receive);
}
