import type { Clock, Random } from '../../base/index.ts';
import { writeComfortNoise } from '../codec/comfort-noise.ts';
import type { Packet } from '../rtp/packet.ts';
import type { Endpoint } from './endpoint.ts';
import type { Heard } from './heard.ts';
import { FRAME } from './player.ts';
import type { Report } from './protocol.ts';
import { Studio } from './studio.ts';
import type { Wire } from './wire.ts';

const FRAME_MS = 20;
/** Later than this and the missed frames are given up instead of sent in a burst. */
const MAX_LATE_MS = 60;
const QUARTERS = 4;
/** Room for a packet of any codec of ours. */
const PACKET_BYTES = 1500;
const MARKER = 0x80;
/** Comfort noise that we send, in -dBov: a quiet room. Told so long after the last sound, and again so often: RFC 3389 §3.
 * A far end that lost one must not wait long, and a NAT in front of it stays open. */
const NOISE_LEVEL = 65;
const NOISE_AFTER_MS = 200;
const NOISE_EVERY_MS = 2000;

export type WorkerContext = {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: (report: Report) => void;
  /** ICE and DTLS have made a way to this far end. */
  readonly reached: (endpoint: Endpoint, now: number) => void;
};

/** Makes the packets that nobody sent us: tones, files, keys, and what comes out of the studio. One 20 ms beat for all of a worker, kept by the clock and
 * not by the timer, so it does not drift. Endpoints are spread over the beat's four quarters, so that many of them do not
 * hold relayed packets up all at once. */
export class Maker {
  readonly #context: WorkerContext;
  readonly #quarters: readonly Set<Endpoint>[] = Array.from({ length: QUARTERS }, () => new Set<Endpoint>());
  readonly studio: Studio;
  /** Beats since the beginning: what is made once a beat is made once for each of these. */
  cycle = 0;
  readonly #packet: Packet = { bytes: Buffer.alloc(PACKET_BYTES), at: 0, length: 0, host: '', port: 0 };
  #count = 0;
  #quarter = 0;
  #next = Infinity;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.studio = new Studio(context, this);
  }

  /** When the next frame is due; Infinity while there is nothing to make. */
  get due(): number {
    return this.#next;
  }

  add(endpoint: Endpoint): void {
    const quarter = endpoint.id % QUARTERS;
    if (this.#quarters[quarter]!.has(endpoint)) return;
    this.#quarters[quarter]!.add(endpoint);
    if (this.#count++ > 0) return;
    this.#quarter = quarter;
    this.#next = this.#context.clock.monotonic();
  }

  remove(endpoint: Endpoint): void {
    if (!this.#quarters[endpoint.id % QUARTERS]!.delete(endpoint)) return;
    if (--this.#count === 0) this.#next = Infinity;
  }

  tick(now: number): void {
    if (now - this.#next > MAX_LATE_MS) this.#skip(now);
    while (now >= this.#next) {
      for (const endpoint of this.#quarters[this.#quarter]!) this.#frame(endpoint, now);
      this.#quarter = (this.#quarter + 1) % QUARTERS;
      if (this.#quarter === 0) this.cycle++;
      this.#next += FRAME_MS / QUARTERS;
    }
  }

  /** The machine stood still: the timelines leap over what nobody could hear in time. */
  #skip(now: number): void {
    this.#next = now;
    for (const quarter of this.#quarters) for (const endpoint of quarter) endpoint.madeAt = -1;
  }

  #frame(endpoint: Endpoint, now: number): void {
    const sends = endpoint.keys === undefined;
    if (!sends) this.#keys(endpoint, now);
    else if (endpoint.heard === undefined) {
      if (endpoint.keySound !== undefined) this.#sound(endpoint, 'keySound', now);
      else if (endpoint.player !== undefined) this.#sound(endpoint, 'player', now);
    }
    const { studio } = this;
    if (studio.needsBeat(endpoint)) studio.beat(endpoint, sends, now);
    if (endpoint.making || endpoint.heard !== undefined) return;
    endpoint.madeAt = -1;
    if (!studio.needsBeat(endpoint)) this.remove(endpoint);
  }

  /** Encodes and sends what the studio mixed; the timeline moves on even where there is nothing to send. */
  sendFrame(endpoint: Endpoint, heard: Heard, now: number): void {
    const { codec, mix, packets } = heard;
    const fresh = endpoint.madeAt < 0;
    if (fresh) endpoint.madeAt = endpoint.outgoing.join(now, codec.clockRate);
    else endpoint.madeAt = (endpoint.madeAt + codec.clockRate / 50) % 4294967296;
    const muted = endpoint.latch.far === undefined || !endpoint.maySend;
    if (muted || (endpoint.codecs.noiseType >= 0 && this.#silence(endpoint, heard, now))) return packets.clear();
    if (fresh) {
      heard.begins = true;
      packets.clear();
    }
    packets.take(mix.frames.samples, endpoint.madeAt);
    while (packets.next()) this.#sendPacket(endpoint, heard, now);
  }

  /** Nothing more is made: what waits for a packet to be full goes out. */
  sendRest(endpoint: Endpoint, heard: Heard): void {
    if (endpoint.codecs.sender === heard.payload && heard.packets.pad())
      this.#sendPacket(endpoint, heard, this.#context.clock.monotonic());
  }

  #sendPacket(endpoint: Endpoint, heard: Heard, now: number): void {
    const { codec, payload, packets } = heard;
    const size = codec.encode(packets.samples, this.#packet.bytes, 12);
    if (size <= 0) return;
    const begins = heard.begins || endpoint.noiseAt === endpoint.outgoing.at;
    heard.begins = false;
    this.#packet.length = 12 + size;
    this.#send(endpoint, payload.send | (begins ? MARKER : 0), packets.at, now);
    endpoint.outgoing.packetMs = packets.ms;
  }

  /** Comfort noise to a far end that is sent nothing, because nobody plays to it and nobody is connected to it: it hears a
   * line that lives. Asked for now and then. */
  rest(endpoint: Endpoint, now: number): void {
    const { codecs, outgoing, peer } = endpoint;
    if (codecs.noiseType < 0 || endpoint.making || endpoint.heard !== undefined) return;
    if (peer !== undefined && !peer.muted && peer.mayReceive) return;
    const { at } = outgoing;
    if (at >= 0 && now - at < (at === endpoint.noiseAt ? NOISE_EVERY_MS : NOISE_AFTER_MS)) return;
    this.#noise(endpoint, outgoing.begin(now, 8000), now);
  }

  /** True while a frame of the studio is silence that comfort noise stands for. */
  #silence(endpoint: Endpoint, heard: Heard, now: number): boolean {
    if (!isSilent(heard.mix.frames.samples)) {
      heard.silent = 0;
      return false;
    }
    if (++heard.silent * FRAME_MS <= NOISE_AFTER_MS) return false;
    const { at } = endpoint.outgoing;
    if (at !== endpoint.noiseAt || now - at >= NOISE_EVERY_MS) this.#noise(endpoint, endpoint.madeAt, now);
    return true;
  }

  #noise(endpoint: Endpoint, timestamp: number, now: number): void {
    this.#packet.length = 12 + writeComfortNoise(NOISE_LEVEL, this.#packet.bytes, 12);
    this.#send(endpoint, endpoint.codecs.noiseType, timestamp, now);
    endpoint.outgoing.packetMs = FRAME_MS;
    endpoint.noiseAt = endpoint.outgoing.at;
  }

  /** Sends on a key that the other party pressed: four bytes of RFC 4733. */
  sendKey(
    endpoint: Endpoint,
    key: Packet,
    offset: number,
    as: { readonly type: number; readonly at: number; readonly now: number },
  ): void {
    for (let i = 0; i < 4; i++) this.#packet.bytes[12 + i] = key.bytes[key.at + offset + i]!;
    this.#packet.length = 16;
    this.#send(endpoint, as.type, as.at, as.now);
  }

  /** Moves this endpoint's timeline by a frame; true when the timeline is new, so that the packet has the marker. */
  #advance(endpoint: Endpoint, now: number): boolean {
    const fresh = endpoint.madeAt < 0;
    const clock = endpoint.codecs.sender?.clockRate ?? 8000;
    endpoint.madeAt = fresh ? endpoint.outgoing.begin(now, clock) : (endpoint.madeAt + clock / 50) % 4294967296;
    return fresh;
  }

  #sound(endpoint: Endpoint, which: 'keySound' | 'player', now: number): void {
    const play = endpoint[which]!;
    const { voice } = endpoint.codecs;
    const fresh = this.#advance(endpoint, now);
    if (voice === undefined)
      return this.over(endpoint, which, 'neither G.711 nor G.722 nor Opus was negotiated to play it in');
    const packet = this.#packet;
    play.fill(packet.bytes, 12, voice.encode);
    packet.length = 12 + FRAME;
    this.#send(endpoint, voice.payloadType | (fresh ? MARKER : 0), endpoint.madeAt, now);
    if (play.over) this.over(endpoint, which, play.player.fault);
  }

  over(endpoint: Endpoint, which: 'keySound' | 'player', error: string | undefined): void {
    const { name: play, progress } = endpoint[which]!.player;
    endpoint[which] = undefined;
    this.studio.refresh(endpoint);
    if (which === 'player') this.#context.report({ say: 'played', id: endpoint.id, play, error, progress });
    else this.#context.report({ say: 'keysSent', id: endpoint.id });
  }

  #keys(endpoint: Endpoint, now: number): void {
    const keys = endpoint.keys!;
    this.#advance(endpoint, now);
    const { starts } = keys;
    // All packets of a key bear the time of its beginning: RFC 4733 §2.2.1.
    if (starts) endpoint.keyAt = endpoint.madeAt;
    if (keys.frame(this.#packet.bytes, 12)) {
      this.#packet.length = 16;
      this.#send(endpoint, endpoint.codecs.eventType | (starts ? MARKER : 0), endpoint.keyAt, now);
    }
    if (!keys.over) return;
    endpoint.keys = undefined;
    this.#context.report({ say: 'keysSent', id: endpoint.id });
  }

  #send(endpoint: Endpoint, type: number, timestamp: number, now: number): void {
    const { far } = endpoint.latch;
    if (far === undefined || !endpoint.maySend) return;
    endpoint.outgoing.make(this.#packet, type, timestamp, now);
    if (endpoint.srtp !== undefined && !endpoint.srtp.protect(this.#packet)) return;
    this.#context.wire.send(endpoint.slot * 2, this.#packet, far);
  }
}

function isSilent(samples: Int16Array): boolean {
  for (let i = 0; i < samples.length; i++) if (samples[i] !== 0) return false;
  return true;
}
