/** What a client showed of itself in a TLS handshake. Said, not judged: who it must be is for the carrier's gateway to say. */
import type { TLSSocket } from 'node:tls';

/** RFC 5922 §7.1: the names of a certificate are those of its subjectAltName; only without any its CN counts. */
export type PeerCertificate = {
  readonly names: readonly string[];
  /** SHA-256 of the certificate: 64 hex digits in lower case. */
  readonly fingerprint: string;
  /** Why its authority is not believed, or its time is over; undefined: it is good. */
  readonly fault?: string;
};

/** A certificate with more names is none we can be asked to compare. */
const mostNames = 100;

/** Undefined when it showed none. */
export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const { subject, subjectaltname, fingerprint256 } = socket.getPeerCertificate();
  if (typeof fingerprint256 !== 'string') return undefined;
  // Node's types say Error; of a server it is the code.
  const fault = socket.authorized ? undefined : String(socket.authorizationError);
  return {
    names: namesOf(subjectaltname, subject?.CN),
    fingerprint: plainFingerprint(fingerprint256),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** Hex digits alone, however it was written. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

/** `DNS:a.test, URI:sip:a.test, IP Address:192.0.2.1` as Node prints it: a value with a comma in it is quoted there. */
function namesOf(alternatives: string | undefined, common: unknown): string[] {
  const names = [...(alternatives ?? '').matchAll(/(?:^|, )(DNS|URI|IP Address):([^,"]+)/g)].map(([, kind, value]) =>
    kind === 'URI' ? (/^sips?:([^@;?:]+)$/i.exec(value ?? '')?.[1] ?? '') : (value ?? ''),
  );
  const usable = names.filter((each) => each !== '').map((each) => each.toLowerCase());
  if (usable.length > 0) return usable.slice(0, mostNames);
  return typeof common === 'string' ? [common.toLowerCase()] : [];
}
