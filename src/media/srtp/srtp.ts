import { sameKey, type SrtpKeys } from '../../sdp/index.ts';
import { RTP_HEADER_BYTES } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { FORGED, SrtpReceiver, type Verdict } from './receiver.ts';
import { SrtpSender } from './sender.ts';

/** After the far end named a new key, packets under the one before are still under way. */
export const KEY_OVERLAP_MS = 5000;
/** Where a packet grows that has no room behind it. One for all of a thread: a packet is sent before the next comes. */
const ROOM = new Uint8Array(2048);

/** SRTP of one endpoint: what it sends under its own key, what it receives under the far end's. RFC 3711. */
export class Srtp {
  #keys: SrtpKeys;
  #sender: SrtpSender;
  #receiver: SrtpReceiver;
  #before: SrtpReceiver | undefined;
  #beforeUntil = 0;

  /** `underWayMs`: so long ago another process may have begun with these keys. Ours must then go out with an SSRC that was
   * never sent under its key. */
  constructor(keys: SrtpKeys, underWayMs?: number) {
    this.#keys = keys;
    this.#sender = new SrtpSender(keys.send);
    this.#receiver = new SrtpReceiver(keys.receive, underWayMs);
  }

  /** Other keys were negotiated. A direction whose key stays goes on where it was: its counters must not begin again. */
  rekey(keys: SrtpKeys, now: number): void {
    if (!sameKey(keys.send, this.#keys.send)) this.#sender = new SrtpSender(keys.send);
    if (!sameKey(keys.receive, this.#keys.receive)) {
      this.#before = this.#receiver;
      this.#beforeUntil = now + KEY_OVERLAP_MS;
      this.#receiver = new SrtpReceiver(keys.receive);
    }
    this.#keys = keys;
  }

  /** Protects a packet with a plain header (no extension, no contributing sources), in place or, without room behind it,
   * in another. False: it must not be sent. */
  protect(packet: Packet): boolean {
    makeRoom(packet, this.#sender.transform.rtpGrowth);
    return this.#sender.protect(packet, RTP_HEADER_BYTES);
  }

  protectRtcp(packet: Packet): boolean {
    makeRoom(packet, this.#sender.transform.rtcpGrowth);
    return this.#sender.protectRtcp(packet);
  }

  /** `offset`: where the payload begins. Whatever is not OPENED is as it came. */
  open(packet: Packet, offset: number, now: number): Verdict {
    const verdict = this.#receiver.open(packet, offset);
    if (verdict !== FORGED || this.#before === undefined) return verdict;
    return this.#earlier(now)?.open(packet, offset) ?? FORGED;
  }

  openRtcp(packet: Packet, now: number): Verdict {
    const verdict = this.#receiver.openRtcp(packet);
    if (verdict !== FORGED || this.#before === undefined) return verdict;
    return this.#earlier(now)?.openRtcp(packet) ?? FORGED;
  }

  #earlier(now: number): SrtpReceiver | undefined {
    if (now >= this.#beforeUntil) this.#before = undefined;
    return this.#before;
  }
}

function makeRoom(packet: Packet, growth: number): void {
  const { bytes, at, length } = packet;
  if (bytes.length - at - length >= growth || length + growth > ROOM.length) return;
  for (let i = 0; i < length; i++) ROOM[i] = bytes[at + i]!;
  packet.bytes = ROOM;
  packet.at = 0;
}
