import type { Payload, StreamSettings } from '../../ports/index.ts';
import { alawToUlaw, isG711, ulawToAlaw } from '../codec/g711.ts';

/** What a bridge does with a received payload type. */
export const DROP = 0;
export const COPY = 1;
/** Transcodes byte for byte. */
export const MAP = 2;
/** Keys for a far end without telephone-event: made audible. */
export const SOUND = 3;
/** Decoded and encoded: nothing is shared. */
export const STUDIO = 4;

export const PAYLOAD_TYPES = 128;
export const EVENT_CODEC = 'TELEPHONE-EVENT';

/** Is this payload sound, and not keys or comfort noise? */
export function isAudio(payload: Payload): boolean {
  return payload.codec !== EVENT_CODEC && payload.codec !== 'CN';
}

function isOurs({ codec }: Payload, ours: readonly string[]): boolean {
  return ours.includes(codec);
}

/** One direction of a bridge, by received payload type: built when something is negotiated, read for every packet. */
export class Route {
  readonly actions = new Uint8Array(PAYLOAD_TYPES);
  readonly types = new Uint8Array(PAYLOAD_TYPES);
  readonly maps: (Uint8Array | undefined)[] = [];
  /** What the far end should send first cannot be passed on as it is. */
  readonly transcodes: boolean;

  /** `ours`: names of the codecs that can be transcoded here. */
  constructor(from: readonly Payload[], to: readonly Payload[], ours: readonly string[]) {
    for (const payload of from) this.#add(payload, to, ours);
    const first = from.find(isAudio);
    this.transcodes = first !== undefined && this.actions[first.receive] === STUDIO;
  }

  #add(payload: Payload, targets: readonly Payload[], ours: readonly string[]): void {
    const type = payload.receive;
    const { action, target } = decide(payload, targets, ours);
    this.actions[type] = action;
    if (target !== undefined) this.types[type] = target.send;
    if (action === MAP) this.maps[type] = payload.codec === 'PCMU' ? ulawToAlaw : alawToUlaw;
  }
}

/** What becomes of one received payload, and which of the targets it becomes. */
function decide(
  payload: Payload,
  targets: readonly Payload[],
  ours: readonly string[],
): { readonly action: number; readonly target: Payload | undefined } {
  const same = targets.find((target) => sameCodec(payload, target));
  if (same !== undefined) return { action: COPY, target: same };
  const other = isG711(payload.codec) ? targets.find((target) => isG711(target.codec)) : undefined;
  if (other !== undefined) return { action: MAP, target: other };
  if (payload.codec === EVENT_CODEC) return { action: SOUND, target: undefined };
  const studio = isOurs(payload, ours) && targets.some((target) => isOurs(target, ours));
  return { action: studio ? STUDIO : DROP, target: undefined };
}

function sameCodec(a: Payload, b: Payload): boolean {
  return a.codec === b.codec && a.clockRate === b.clockRate && a.channels === b.channels;
}

/** How two ends can be bridged; undefined when there is no way. What one sends is what the other asked for first, so
 * both firsts decide. */
export function bridgePath(
  a: StreamSettings,
  b: StreamSettings,
  ours: readonly string[],
): 'relay' | 'studio' | undefined {
  const ab = oneWay(a, b, ours);
  const ba = oneWay(b, a, ours);
  if (ab === undefined || ba === undefined) return undefined;
  return ab === 'relay' && ba === 'relay' ? 'relay' : 'studio';
}

function oneWay(from: StreamSettings, to: StreamSettings, ours: readonly string[]): 'relay' | 'studio' | undefined {
  const first = from.payloads.find(isAudio);
  if (first === undefined) return undefined;
  const { action } = decide(first, to.payloads, ours);
  if (action === COPY) return 'relay';
  return action === MAP || action === STUDIO ? 'studio' : undefined;
}
