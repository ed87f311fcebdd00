/** One DTLS association: a handshake whose only yield is the keys of SRTP. RFC 5764, RFC 8827 §6.5. The datagrams come
 * and go through the endpoint's own socket. */
import { ignore, Machine, type Table } from '../../base/index.ts';
import { type SrtpKey, type SrtpKeys, type SrtpSuite, srtpSuites } from '../../sdp/index.ts';
import type { Certificate } from './certificate.ts';
import type { OpenSsl, Pointer } from './openssl.ts';

export type Fingerprint = { readonly hash: string; readonly value: string };
export type DtlsState = 'handshake' | 'open' | 'closed' | 'failed';

type Event = { type: 'secured' | 'goodbye' | 'fault' | 'free' };
const to = (state: DtlsState) => () => ({ to: state });
// prettier-ignore
export const dtlsTable: Table<DtlsState, Event, never, undefined> = {
  //           fingerprint proved     alert close_notify     broken, or wrong fingerprint
  handshake: { secured: to('open'), goodbye: to('closed'), fault: to('failed'), free: to('closed') },
  open:      { secured: ignore,     goodbye: to('closed'), fault: ignore,       free: to('closed') },
  closed:    { secured: ignore,     goodbye: ignore,       fault: ignore,       free: ignore },
  failed:    { secured: ignore,     goodbye: ignore,       fault: ignore,       free: to('closed') },
};

/** RFC 5764 §4.1.2, RFC 7714 §14.2, best first. */
const profiles: ReadonlyMap<string, SrtpSuite> = new Map([
  ['SRTP_AEAD_AES_256_GCM', 'AEAD_AES_256_GCM'],
  ['SRTP_AEAD_AES_128_GCM', 'AEAD_AES_128_GCM'],
  ['SRTP_AES128_CM_SHA1_80', 'AES_CM_128_HMAC_SHA1_80'],
]);
const LABEL = 'EXTRACTOR-dtls_srtp';
const CIPHERS = 'ECDHE+AESGCM:ECDHE+CHACHA20';
const NO_QUERY_MTU = 0x1000;
const NO_TICKET = 0x4000;
const NO_RENEGOTIATION = 0x4000_0000;
const SET_MTU = 17;
const HANDLE_TIMEOUT = 74;
const SET_MIN_VERSION = 123;
const DTLS_1_2 = 0xfefd;
const WANT_READ = 2;
/** Passes every path, and what a worker has room for to send. */
const MTU = 480;
/** More than a flight has. */
const flight = Buffer.alloc(16_384);
const RECORD_HEADER = 13;

/** What all associations of a worker share. */
export class DtlsContext {
  readonly ssl: OpenSsl;
  readonly context: Pointer;

  constructor(ssl: OpenSsl, { certificate, key }: Certificate) {
    this.ssl = ssl;
    this.context = ssl.newContext();
    ssl.contextControl(this.context, SET_MIN_VERSION, DTLS_1_2);
    ssl.setOptions(this.context, NO_QUERY_MTU | NO_TICKET | NO_RENEGOTIATION);
    ssl.wantCertificate(this.context);
    const { context } = this;
    const ready =
      ssl.useCertificate(context, certificate) &&
      ssl.useKey(context, key) &&
      ssl.setCiphers(context, CIPHERS) &&
      ssl.useSrtp(context, [...profiles.keys()].join(':'));
    if (!ready) throw new Error(`DTLS cannot be set up: ${ssl.why()}`);
  }

  free(): void {
    this.ssl.freeContext(this.context);
  }
}

export type DtlsOptions = {
  readonly context: DtlsContext;
  readonly role: 'client' | 'server';
  readonly fingerprint: Fingerprint;
  /** Takes a datagram for the far end; it is good until this returns. */
  readonly send: (datagram: Uint8Array) => void;
};

export class Dtls {
  /** Why it failed. */
  fault = '';
  /** Once open. */
  keys: SrtpKeys | undefined;
  readonly #ssl: OpenSsl;
  readonly #options: DtlsOptions;
  #session: Pointer;
  readonly #incoming: Pointer;
  readonly #outgoing: Pointer;
  readonly #machine = new Machine<DtlsState, Event, never, undefined>({
    table: dtlsTable,
    initial: 'handshake',
    context: undefined,
    perform: () => {},
  });

  constructor(options: DtlsOptions) {
    this.#options = options;
    const { ssl, context } = options.context;
    this.#ssl = ssl;
    this.#session = ssl.newSession(context);
    this.#incoming = ssl.newMemory();
    this.#outgoing = ssl.newMemory();
    ssl.setMemories(this.#session, this.#incoming, this.#outgoing);
    ssl.control(this.#session, SET_MTU, MTU);
    if (options.role === 'server') ssl.accept(this.#session);
    else ssl.connect(this.#session);
  }

  get state(): DtlsState {
    return this.#machine.state;
  }

  /** The client speaks first. */
  begin(): void {
    if (this.#options.role === 'client') this.#step();
  }

  /** A datagram came in. */
  take(datagram: Uint8Array): void {
    if (this.state !== 'handshake' && this.state !== 'open') return;
    this.#ssl.memoryWrite(this.#incoming, datagram);
    this.#step();
  }

  /** Sends again what was lost, when it is time; to be called now and then during the handshake. */
  tick(): void {
    if (this.state !== 'handshake') return;
    this.#ssl.control(this.#session, HANDLE_TIMEOUT, 0);
    this.#flush();
  }

  /** Says goodbye, unless it is to be silent, and forgets everything. */
  close(silently = false): void {
    if (this.#session === 0) return;
    if (this.state === 'open' && !silently) {
      this.#ssl.shutdown(this.#session);
      this.#flush();
    }
    // It owns its two memories.
    this.#ssl.freeSession(this.#session);
    this.#session = 0;
    this.keys = undefined;
    this.#machine.handle({ type: 'free' });
  }

  #step(): void {
    const ssl = this.#ssl;
    if (this.state === 'handshake') {
      const result = ssl.handshake(this.#session);
      const error = result === 1 ? 0 : ssl.errorOf(this.#session, result);
      if (result === 1) this.#secured();
      else if (error !== WANT_READ) this.#fail(ssl.why() || 'the handshake failed');
    } else {
      ssl.read(this.#session, Buffer.alloc(64));
      ssl.why();
    }
    this.#flush();
    if (ssl.closed(this.#session)) this.#machine.handle({ type: 'goodbye' });
  }

  #secured(): void {
    const { hash, value } = this.#options.fingerprint;
    const digest = this.#ssl.peerDigest(this.#session, hash.replace('-', ''))?.toString('hex').toUpperCase();
    if (digest === undefined || digest !== value.replaceAll(':', '').toUpperCase()) {
      return this.#fail('the certificate is not the one whose fingerprint was signalled');
    }
    const suite = profiles.get(this.#ssl.srtpProfile(this.#session) ?? '');
    const octets = suite && 2 * (srtpSuites[suite].key + srtpSuites[suite].salt);
    const material = octets && this.#ssl.exportKeys(this.#session, octets, LABEL);
    if (suite === undefined || !material) return this.#fail('no SRTP profile in common');
    this.keys = split(material, suite, this.#options.role);
    this.#machine.handle({ type: 'secured' });
  }

  #fail(why: string): void {
    this.fault = why;
    this.#machine.handle({ type: 'fault' });
  }

  /** Hands on what waits, whole records to a datagram. */
  #flush(): void {
    const bytes = flight;
    for (;;) {
      const length = this.#ssl.memoryRead(this.#outgoing, bytes);
      if (length <= 0) return;
      let start = 0;
      let at = 0;
      while (at + RECORD_HEADER <= length) {
        const next = at + RECORD_HEADER + bytes.readUInt16BE(at + 11);
        if (next - start > MTU && at > start) {
          this.#options.send(bytes.subarray(start, at));
          start = at;
        }
        at = next;
      }
      if (length > start) this.#options.send(bytes.subarray(start, length));
    }
  }
}

/** client key | server key | client salt | server salt: RFC 5764 §4.2. */
function split(material: Buffer, suite: SrtpSuite, role: 'client' | 'server'): SrtpKeys {
  const { key, salt } = srtpSuites[suite];
  const part = (index: number): SrtpKey => ({
    suite,
    masterKey: Buffer.concat([
      material.subarray(index * key, (index + 1) * key),
      material.subarray(2 * key + index * salt, 2 * key + (index + 1) * salt),
    ]).toString('base64'),
  });
  const ours = role === 'client' ? 0 : 1;
  return { send: part(ours), receive: part(1 - ours) };
}
