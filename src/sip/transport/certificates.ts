import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions, rootCertificates } from 'node:tls';
import { type Clock, defineError, GraineError, type Log, messageOf, type Timer } from '../../base/index.ts';

export const badCertificate = defineError('sip-certificate', {
  message: 'the certificate {file} cannot be used: {why}',
  fix: 'sip.tls.cert and sip.tls.key must be PEM files that belong together, readable by this user',
  http: 500,
});

/** Files of PEM. `domains`: other certificates, for the names that clients ask for (SNI). */
export type CertificateFiles = {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
  /** Who is believed of clients that show a certificate; default: `ca`, else the well-known authorities. */
  readonly clientCa?: string | undefined;
  readonly domains?: readonly { readonly name: string; readonly cert: string; readonly key: string }[] | undefined;
};

/** No TLS 1.0 or 1.1 anywhere. RFC 8996. */
export const oldestTls = 'TLSv1.2';

const WATCH_MS = 5000;

type Loaded = {
  readonly usual: SecureContextOptions;
  readonly named: ReadonlyMap<string, SecureContext>;
  readonly ca: string | undefined;
};

/** The certificates we show, read anew when their files change. Connections that stand keep what they were made with. */
export class Certificates {
  /** Told of new ones. */
  onChange: () => void = () => {};
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #timer: Timer;
  #loaded: Loaded;
  #stamp: string;
  #looking: Promise<void> | undefined;

  private constructor(files: CertificateFiles, parts: { clock: Clock; log: Log }, first: [Loaded, string]) {
    this.#files = files;
    this.#log = parts.log;
    [this.#loaded, this.#stamp] = first;
    this.#timer = parts.clock.every(WATCH_MS, 'certificate files', () => void this.refresh());
  }

  /** Throws `sip-certificate` when a file is not there or not a certificate with its key. */
  static async load(files: CertificateFiles, parts: { clock: Clock; log: Log }): Promise<Certificates> {
    const stamp = await stampOf(files);
    return new Certificates(files, parts, [await read(files), stamp]);
  }

  /** What clients that name no domain of ours are shown. */
  get usual(): SecureContextOptions {
    return this.#loaded.usual;
  }

  /** The context for a name asked for; undefined: the usual one. */
  named(name: string): SecureContext | undefined {
    const lower = name.toLowerCase();
    const { named } = this.#loaded;
    return named.get(lower) ?? named.get(`*.${lower.slice(lower.indexOf('.') + 1)}`);
  }

  /** Who is believed when we connect: the well-known authorities, and those of `sip.tls.ca`. */
  get authorities(): string[] {
    const { ca } = this.#loaded;
    return ca === undefined ? [...rootCertificates] : [...rootCertificates, ca];
  }

  /** Looks whether the files have changed. Half-written or wrong ones change nothing until they are right. */
  refresh(): Promise<void> {
    this.#looking ??= this.#refresh().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    this.#timer.cancel();
    this.onChange = () => {};
  }

  async #refresh(): Promise<void> {
    try {
      const stamp = await stampOf(this.#files);
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#loaded = await read(this.#files);
      this.#log.info({ cert: this.#files.cert }, 'certificates read anew');
      this.onChange();
    } catch (fault) {
      this.#log.error({ fault: messageOf(fault) }, 'new certificates cannot be used; the old ones stay');
    }
  }
}

async function read(files: CertificateFiles): Promise<Loaded> {
  const named = new Map<string, SecureContext>();
  const ca = files.ca === undefined ? undefined : await readPem(files.ca);
  const clientCa = files.clientCa === undefined ? undefined : await readPem(files.clientCa);
  // The context of a name judges its clients too.
  const of = async (from: { cert: string; key: string }): Promise<SecureContextOptions> => {
    return pair(from, clientCa ?? ca);
  };
  const usual = await of(files);
  for (const domain of files.domains ?? []) {
    named.set(domain.name.toLowerCase(), createSecureContext(await of(domain)));
  }
  return { usual, named, ca };
}

async function pair(files: { cert: string; key: string }, clientCa: string | undefined): Promise<SecureContextOptions> {
  const options: SecureContextOptions = {
    cert: await readPem(files.cert),
    key: await readPem(files.key),
    minVersion: oldestTls,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  };
  try {
    createSecureContext(options);
  } catch (fault) {
    throw new GraineError(badCertificate, { file: files.cert, why: messageOf(fault) }, { cause: fault });
  }
  return options;
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    throw new GraineError(badCertificate, { file, why: messageOf(fault) }, { cause: fault });
  }
}

/** What changes when a file does: by writing, or by another put in its place. */
async function stampOf(files: CertificateFiles): Promise<string> {
  const { cert: ours, key: secret, ca, clientCa } = files;
  const all = [ours, secret, ca, clientCa, ...(files.domains ?? []).flatMap(({ cert, key }) => [cert, key])];
  const stamps = all.map(async (file) => {
    if (file === undefined) return '';
    try {
      const { mtimeMs, size, ino } = await stat(file);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return 'gone';
    }
  });
  return (await Promise.all(stamps)).join('|');
}
