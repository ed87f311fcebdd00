/** The few functions of OpenSSL that a DTLS handshake needs. It is the one inside Node, so it is as new as Node is and
 * nothing has to be installed; koffi makes its functions callable. */
import { createRequire } from 'node:module';

/** An address in C, or none. */
export type Pointer = number;

export type OpenSsl = {
  readonly newContext: () => Pointer;
  readonly freeContext: (context: Pointer) => void;
  /** The long tail of settings: context, what, number, address. */
  readonly contextControl: (context: Pointer, what: number, value: number) => number;
  readonly setOptions: (context: Pointer, options: number) => void;
  readonly useCertificate: (context: Pointer, der: Uint8Array) => boolean;
  readonly useKey: (context: Pointer, der: Uint8Array) => boolean;
  /** Profile names, ours first. */
  readonly useSrtp: (context: Pointer, profiles: string) => boolean;
  /** Any certificate is taken, but there must be one: what counts is its fingerprint. */
  readonly wantCertificate: (context: Pointer) => void;
  readonly setCiphers: (context: Pointer, names: string) => boolean;
  readonly newSession: (context: Pointer) => Pointer;
  readonly freeSession: (session: Pointer) => void;
  readonly control: (session: Pointer, what: number, value: number) => number;
  readonly accept: (session: Pointer) => void;
  readonly connect: (session: Pointer) => void;
  readonly handshake: (session: Pointer) => number;
  /** Reads application data, of which WebRTC audio has none: this is how alerts are read. */
  readonly read: (session: Pointer, into: Uint8Array) => number;
  readonly shutdown: (session: Pointer) => void;
  /** The far end said that it is done. */
  readonly closed: (session: Pointer) => boolean;
  readonly errorOf: (session: Pointer, result: number) => number;
  /** Why, in OpenSSL's words; empties its list. */
  readonly why: () => string;
  readonly newMemory: () => Pointer;
  readonly setMemories: (session: Pointer, read: Pointer, write: Pointer) => void;
  readonly memoryRead: (memory: Pointer, into: Uint8Array) => number;
  readonly memoryWrite: (memory: Pointer, bytes: Uint8Array) => number;
  /** Digest of the far end's certificate; undefined when it has none or the hash is not known. */
  readonly peerDigest: (session: Pointer, hash: string) => Buffer | undefined;
  /** The SRTP profile both ends chose. */
  readonly srtpProfile: (session: Pointer) => string | undefined;
  readonly exportKeys: (session: Pointer, bytes: number, label: string) => Buffer | undefined;
};

const KEY_TYPE_EC = 408;
const VERIFY_PEER_OR_FAIL = 3;
const RECEIVED_SHUTDOWN = 2;
/** A C long or pointer argument. */
type C = number | bigint | string | Uint8Array | null;
type Native = (...args: C[]) => number | bigint | string | null;

let known: OpenSsl | undefined;

/** Loads them; throws where this Node does not show its OpenSSL, or koffi is missing. */
export function loadOpenSsl(): OpenSsl {
  known ??= load();
  return known;
}

// oxlint-disable-next-line max-lines-per-function -- a plain list of functions
function load(): OpenSsl {
  // Not a static import: the server runs without it, and without WebRTC.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const lib = koffi.load(null);
  const define = (text: string): Native => lib.func(text) as unknown as Native;
  const number = (value: ReturnType<Native>): number => Number(value ?? 0);
  const method = define('intptr_t DTLS_method()');
  const newContext = define('intptr_t SSL_CTX_new(intptr_t m)');
  const freeContext = define('void SSL_CTX_free(intptr_t c)');
  const contextControl = define('long SSL_CTX_ctrl(intptr_t c, int w, long v, intptr_t p)');
  const setOptions = define('uint64_t SSL_CTX_set_options(intptr_t c, uint64_t o)');
  const useCertificate = define('int SSL_CTX_use_certificate_ASN1(intptr_t c, int l, void *d)');
  const useKey = define('int SSL_CTX_use_PrivateKey_ASN1(int t, intptr_t c, void *d, long l)');
  const useSrtp = define('int SSL_CTX_set_tlsext_use_srtp(intptr_t c, str p)');
  const setVerify = define('void SSL_CTX_set_verify(intptr_t c, int m, intptr_t f)');
  const setCheck = define('void SSL_CTX_set_cert_verify_callback(intptr_t c, intptr_t f, intptr_t a)');
  const setCiphers = define('int SSL_CTX_set_cipher_list(intptr_t c, str n)');
  const newSession = define('intptr_t SSL_new(intptr_t c)');
  const freeSession = define('void SSL_free(intptr_t s)');
  const control = define('long SSL_ctrl(intptr_t s, int w, long v, void *p)');
  const accept = define('void SSL_set_accept_state(intptr_t s)');
  const connect = define('void SSL_set_connect_state(intptr_t s)');
  const handshake = define('int SSL_do_handshake(intptr_t s)');
  const read = define('int SSL_read(intptr_t s, void *b, int l)');
  const shutdown = define('int SSL_shutdown(intptr_t s)');
  const getShutdown = define('int SSL_get_shutdown(intptr_t s)');
  const getError = define('int SSL_get_error(intptr_t s, int r)');
  const nextError = define('unsigned long ERR_get_error()');
  const errorText = define('void ERR_error_string_n(unsigned long e, void *b, size_t l)');
  const memoryKind = define('intptr_t BIO_s_mem()');
  const newMemory = define('intptr_t BIO_new(intptr_t m)');
  const setMemories = define('void SSL_set_bio(intptr_t s, intptr_t r, intptr_t w)');
  const memoryRead = define('int BIO_read(intptr_t b, void *d, int l)');
  const memoryWrite = define('int BIO_write(intptr_t b, void *d, int l)');
  const certificate = define('intptr_t SSL_get1_peer_certificate(intptr_t s)');
  const freeCertificate = define('void X509_free(intptr_t x)');
  const digest = define('int X509_digest(intptr_t x, intptr_t h, void *d, void *l)');
  const hashNamed = define('intptr_t EVP_get_digestbyname(str n)');
  const profile = define('intptr_t SSL_get_selected_srtp_profile(intptr_t s)');
  const exportKeys = define(
    'int SSL_export_keying_material(intptr_t s, void *o, size_t n, str l, size_t m, intptr_t c, size_t x, int u)',
  );
  // SSL_CTX_set_cert_verify_callback keeps it as long as the thread lives.
  const check = koffi.register(() => 1, koffi.pointer(koffi.proto('int (intptr_t s, intptr_t a)')));

  return {
    newContext: () => number(newContext(method())),
    freeContext: (context) => void freeContext(context),
    contextControl: (context, what, value) => number(contextControl(context, what, value, 0)),
    setOptions: (context, options) => void setOptions(context, options),
    useCertificate: (context, der) => number(useCertificate(context, der.length, der)) === 1,
    useKey: (context, der) => number(useKey(KEY_TYPE_EC, context, der, der.length)) === 1,
    useSrtp: (context, profiles) => number(useSrtp(context, profiles)) === 0,
    wantCertificate: (context) => {
      setVerify(context, VERIFY_PEER_OR_FAIL, 0);
      setCheck(context, check, 0);
    },
    setCiphers: (context, names) => number(setCiphers(context, names)) === 1,
    newSession: (context) => number(newSession(context)),
    freeSession: (session) => void freeSession(session),
    control: (session, what, value) => number(control(session, what, value, null)),
    accept: (session) => void accept(session),
    connect: (session) => void connect(session),
    handshake: (session) => number(handshake(session)),
    read: (session, into) => number(read(session, into, into.length)),
    shutdown: (session) => void shutdown(session),
    closed: (session) => (number(getShutdown(session)) & RECEIVED_SHUTDOWN) !== 0,
    errorOf: (session, result) => number(getError(session, result)),
    why: () => {
      let text = '';
      const bytes = Buffer.alloc(256);
      for (let code = number(nextError()); code !== 0; code = number(nextError())) {
        errorText(code, bytes, bytes.length);
        text ||= bytes.toString('latin1', 0, bytes.indexOf(0)).replace(/^error:\w*:/, '');
      }
      return text;
    },
    newMemory: () => number(newMemory(memoryKind())),
    setMemories: (session, from, to) => void setMemories(session, from, to),
    memoryRead: (memory, into) => number(memoryRead(memory, into, into.length)),
    memoryWrite: (memory, bytes) => number(memoryWrite(memory, bytes, bytes.length)),
    peerDigest: (session, name) => {
      const found = number(certificate(session));
      const hash = number(hashNamed(name));
      const bytes = Buffer.alloc(64);
      const length = new Uint32Array(1);
      const done = found !== 0 && hash !== 0 && number(digest(found, hash, bytes, new Uint8Array(length.buffer))) === 1;
      if (found !== 0) freeCertificate(found);
      return done ? bytes.subarray(0, length[0]) : undefined;
    },
    srtpProfile: (session) => {
      const found = number(profile(session));
      return found === 0 ? undefined : (koffi.decode(BigInt(found), 'str') as string);
    },
    exportKeys: (session, bytes, label) => {
      const keys = Buffer.alloc(bytes);
      return number(exportKeys(session, keys, bytes, label, label.length, 0, 0, 0)) === 1 ? keys : undefined;
    },
  };
}
