/** Encryption at rest. Every document of a provisioned thing is sealed as a whole (AES-256-GCM), so that no field that may
 * hold a secret can be forgotten: passwords, hook credentials, keys of vendors, variables of applications, verbs.
 *
 *   g1 : key id : base64( nonce 12 | tag 16 | ciphertext )        bound to the row's kind and sid
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { GraineError } from '../base/index.ts';
import { storeKey, storeKeyInvalid, storeTampered } from './errors.ts';

const version = 'g1';
const nonceBytes = 12;
const tagBytes = 16;

/** 32 bytes, as 64 hex digits or as base64. Throws otherwise; `where` says where it stood, the key itself is not told. */
export function readKey(text: string, where: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!/^[\w+/-]{43}=?$/.test(trimmed)) throw new GraineError(storeKeyInvalid, { where });
  return Buffer.from(trimmed, 'base64');
}

/** Names a key without giving anything of it away. */
export function keyId(key: Buffer): string {
  return createHash('sha256').update('graine key id').update(key).digest('hex').slice(0, 8);
}

export class Sealer {
  /** The id of the key that seals. */
  readonly current: string;
  readonly #key: Buffer;
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #where: string;

  /** The first key seals, all of them open. `where`: what to correct when none fits. */
  constructor(keys: readonly Buffer[], where: string) {
    const [first] = keys;
    if (first === undefined) throw new GraineError(storeKeyInvalid, { where });
    this.#key = first;
    this.#keys = new Map(keys.map((key) => [keyId(key), key]));
    this.current = keyId(first);
    this.#where = where;
  }

  seal(row: { readonly kind: string; readonly sid: string }, text: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(boundTo(row));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${version}:${this.current}:${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
  }

  /** The text of a row; also of one that an older version wrote in plain. */
  open(row: { readonly kind: string; readonly sid: string }, document: string): string {
    if (!document.startsWith(`${version}:`)) return document;
    const [, id = '', body = ''] = document.split(':');
    const key = this.#keys.get(id);
    if (key === undefined) throw this.unknown([id]);
    const bytes = Buffer.from(body, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(boundTo(row)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new GraineError(storeTampered, { kind: row.kind, sid: row.sid }, { cause });
    }
  }

  /** Sealed by the key that seals now? */
  isCurrent(document: string): boolean {
    return document.startsWith(`${version}:${this.current}:`);
  }

  /** Can it be opened, as far as its beginning (version and key id) tells? */
  knows(head: string): boolean {
    return this.#keys.has(head.split(':')[1] ?? '');
  }

  unknown(ids: readonly string[]): GraineError {
    const own = [...this.#keys.keys()].join(', ');
    return new GraineError(storeKey, { ids: ids.join(', '), own, where: this.#where });
  }
}

/** A sealed document moved to another row does not open. */
function boundTo({ kind, sid }: { readonly kind: string; readonly sid: string }): Buffer {
  return Buffer.from(JSON.stringify([kind, sid]));
}
