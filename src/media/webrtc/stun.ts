/** STUN as ICE needs it: binding requests are checked and answered; and asked, where the far end is lite. RFC 8489, RFC 8445. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { crc32 } from 'node:zlib';

/** A request longer than this is none of a browser's: theirs have about 100 bytes. */
const MAX_BYTES = 576;
const HEADER = 20;
const COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_INDICATION = 0x0011;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLED = 0x8029;
const ICE_CONTROLLING = 0x802a;
/** Of a peer-reflexive candidate of ours, should the far end learn one: RFC 8445 §7.1.1. */
const REFLEXIVE_PRIORITY = 1_862_270_975;
const FINGERPRINT_XOR = 0x5354554e;
const INTEGRITY_BYTES = 20;

export type BindingRequest = {
  /** As received, for the answer and the check of its integrity. */
  readonly bytes: Buffer;
  readonly username: string;
  /** Where MESSAGE-INTEGRITY begins. */
  readonly integrityAt: number;
  readonly useCandidate: boolean;
  /** It takes itself for the controlled one, as we do. */
  readonly controlled: boolean;
};

/** Is this datagram STUN? RFC 7983 §7. */
export function isStun(first: number): boolean {
  return first < 4;
}

/** Reads a binding request; undefined for anything else, and for one without username, integrity or fingerprint, which
 * RFC 8445 §7.1 wants of a check. */
export function readBinding(bytes: Buffer): BindingRequest | undefined {
  if (!isWhole(bytes) || bytes.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  const found = attributesOf(bytes);
  return found && understood(bytes, found.attributes, found.fingerprintAt);
}

/** "I am here", which nobody answers and nobody can prove. RFC 8445 §11. */
export function isIndication(bytes: Buffer): boolean {
  return isWhole(bytes) && bytes.readUInt16BE(0) === BINDING_INDICATION;
}

/** Is it STUN of the length it claims? */
function isWhole(bytes: Buffer): boolean {
  if (bytes.length < HEADER || bytes.length > MAX_BYTES || bytes.length % 4 !== 0) return false;
  return bytes.readUInt32BE(4) === COOKIE && bytes.readUInt16BE(2) === bytes.length - HEADER;
}

type Attributes = ReadonlyMap<number, readonly [from: number, to: number]>;

/** Those that the integrity protects, and where the fingerprint, the last of them, begins. */
function attributesOf(bytes: Buffer): { attributes: Attributes; fingerprintAt: number } | undefined {
  const protectedOnes = new Map<number, readonly [from: number, to: number]>();
  for (let at = HEADER; at + 4 <= bytes.length;) {
    const type = bytes.readUInt16BE(at);
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    if (type === FINGERPRINT)
      return end === bytes.length ? { attributes: protectedOnes, fingerprintAt: at } : undefined;
    // What stands behind the integrity is not protected by it.
    if (!protectedOnes.has(MESSAGE_INTEGRITY)) protectedOnes.set(type, [at + 4, end]);
    at = (end + 3) & ~3;
  }
  return undefined;
}

/** Where MESSAGE-INTEGRITY begins in a message whose fingerprint is right. */
function integrityAtOf(bytes: Buffer, attributes: Attributes, fingerprintAt: number): number | undefined {
  const integrity = attributes.get(MESSAGE_INTEGRITY);
  if (integrity === undefined) return undefined;
  if (integrity[1] - integrity[0] !== INTEGRITY_BYTES || bytes.length !== fingerprintAt + 8) return undefined;
  if (bytes.readUInt32BE(fingerprintAt + 4) !== fingerprintOf(bytes.subarray(0, fingerprintAt))) return undefined;
  return integrity[0] - 4;
}

function understood(bytes: Buffer, attributes: Attributes, fingerprintAt: number): BindingRequest | undefined {
  const username = attributes.get(USERNAME);
  const integrityAt = integrityAtOf(bytes, attributes, fingerprintAt);
  if (username === undefined || integrityAt === undefined) return undefined;
  return {
    bytes,
    username: bytes.toString('latin1', ...username),
    integrityAt,
    useCandidate: attributes.has(USE_CANDIDATE),
    controlled: attributes.has(ICE_CONTROLLED),
  };
}

/** An answer to a check of ours by somebody who knows the password. `ok`: a success that says what it must. */
export function readAnswer(bytes: Buffer, password: string): { transaction: Buffer; ok: boolean } | undefined {
  if (!isWhole(bytes)) return undefined;
  const type = bytes.readUInt16BE(0);
  if (type !== BINDING_SUCCESS && type !== BINDING_ERROR) return undefined;
  const found = attributesOf(bytes);
  if (found === undefined) return undefined;
  const integrityAt = integrityAtOf(bytes, found.attributes, found.fingerprintAt);
  if (integrityAt === undefined || !provesPassword({ bytes, integrityAt }, password)) return undefined;
  const ok = type === BINDING_SUCCESS && found.attributes.has(XOR_MAPPED_ADDRESS);
  return { transaction: bytes.subarray(8, HEADER), ok };
}

/** A check as the controlling agent makes it, nominating at once. `transaction`: its id, 12 bytes. RFC 8445 §7.1. */
export function checkRequest(check: {
  readonly username: string;
  readonly password: string;
  readonly transaction: Buffer;
  readonly tieBreaker: Buffer;
}): Buffer {
  const cookie = Buffer.alloc(4);
  cookie.writeUInt32BE(COOKIE);
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(REFLEXIVE_PRIORITY);
  const attributes: [number, Buffer][] = [
    [USERNAME, Buffer.from(check.username)],
    [PRIORITY, priority],
    [ICE_CONTROLLING, check.tieBreaker],
    [USE_CANDIDATE, Buffer.alloc(0)],
  ];
  return writeStun(BINDING_REQUEST, Buffer.concat([cookie, check.transaction]), attributes, check.password);
}

/** Was it made by somebody who knows the password? RFC 8489 §14.5. */
export function provesPassword(
  { bytes, integrityAt }: Pick<BindingRequest, 'bytes' | 'integrityAt'>,
  password: string,
): boolean {
  const claimed = bytes.subarray(integrityAt + 4, integrityAt + 4 + INTEGRITY_BYTES);
  return timingSafeEqual(claimed, integrityOf(bytes.subarray(0, integrityAt), password));
}

export function successOf(request: BindingRequest, address: string, port: number, password: string): Buffer {
  const mine = mapped(request.bytes, address, port);
  return writeStun(BINDING_SUCCESS, transactionOf(request), [[XOR_MAPPED_ADDRESS, mine]], password);
}

/** 487 Role Conflict: the far end changes its mind. RFC 8445 §7.3.1.1. */
export function roleConflictOf(request: BindingRequest, password: string): Buffer {
  const value = Buffer.concat([Buffer.from([0, 0, 4, 87]), Buffer.from('Role Conflict')]);
  return writeStun(BINDING_ERROR, transactionOf(request), [[ERROR_CODE, value]], password);
}

function transactionOf({ bytes }: BindingRequest): Buffer {
  return bytes.subarray(4, HEADER);
}

/** A message with its integrity and fingerprint. `transaction`: magic cookie and id, 16 bytes. */
export function writeStun(
  type: number,
  transaction: Buffer,
  attributes: readonly (readonly [type: number, value: Buffer])[],
  password: string,
): Buffer {
  const written = attributes.map(([name, value]) => {
    const attribute = Buffer.alloc(4 + ((value.length + 3) & ~3));
    attribute.writeUInt16BE(name, 0);
    attribute.writeUInt16BE(value.length, 2);
    value.copy(attribute, 4);
    return attribute;
  });
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  const body = Buffer.concat([head, transaction, ...written, Buffer.alloc(4 + INTEGRITY_BYTES + 8)]);
  body.writeUInt16BE(body.length - HEADER, 2);
  const integrityAt = body.length - 4 - INTEGRITY_BYTES - 8;
  body.writeUInt16BE(MESSAGE_INTEGRITY, integrityAt);
  body.writeUInt16BE(INTEGRITY_BYTES, integrityAt + 2);
  integrityOf(body.subarray(0, integrityAt), password).copy(body, integrityAt + 4);
  const fingerprintAt = integrityAt + 4 + INTEGRITY_BYTES;
  body.writeUInt16BE(FINGERPRINT, fingerprintAt);
  body.writeUInt16BE(4, fingerprintAt + 2);
  body.writeUInt32BE(fingerprintOf(body.subarray(0, fingerprintAt)), fingerprintAt + 4);
  return body;
}

/** HMAC over what stands before it, with a length that ends with it. */
function integrityOf(before: Buffer, password: string): Buffer {
  const head = Buffer.from(before.subarray(0, HEADER));
  head.writeUInt16BE(before.length - HEADER + 4 + INTEGRITY_BYTES, 2);
  return createHmac('sha1', password).update(head).update(before.subarray(HEADER)).digest();
}

function fingerprintOf(before: Buffer): number {
  const head = Buffer.from(before.subarray(0, HEADER));
  head.writeUInt16BE(before.length - HEADER + 8, 2);
  return (crc32(before.subarray(HEADER), crc32(head)) ^ FINGERPRINT_XOR) >>> 0;
}

function mapped(request: Buffer, address: string, port: number): Buffer {
  const four = isIPv4(address);
  const raw = four ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const value = Buffer.alloc(4 + raw.length);
  value[1] = four ? 1 : 2;
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  // Masked with the cookie and, for IPv6, the transaction id behind it.
  for (let i = 0; i < raw.length; i++) value[4 + i] = raw[i]! ^ request[4 + i]!;
  return value;
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return Buffer.from(
    [...first, ...zeros, ...last].flatMap((each) => [parseInt(each, 16) >> 8, parseInt(each, 16) & 0xff]),
  );
}
