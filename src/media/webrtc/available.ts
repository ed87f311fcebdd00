import { type Clock, type Log, messageOf, type Random } from '../../base/index.ts';
import { type Certificate, createCertificate } from './certificate.ts';
import { DtlsContext } from './dtls.ts';
import { loadOpenSsl } from './openssl.ts';

/** The certificate of an engine, made anew with it. Undefined, and said once, where there can be no WebRTC: a Node that
 * does not show its OpenSSL, a platform without koffi. */
export function webCertificate(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Certificate | undefined {
  try {
    const certificate = createCertificate(parts.clock.now(), parts.random.bytes(16));
    // What works here works in the workers, which are told nothing else.
    new DtlsContext(loadOpenSsl(), certificate).free();
    return certificate;
  } catch (fault) {
    parts.log.warn({ why: messageOf(fault) }, 'no WebRTC on this platform: browsers are answered 488');
    return undefined;
  }
}
