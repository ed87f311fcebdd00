/** A stereo recording made from what two phones received: the caller's voice left, the callee's right. */
import type { HeardPacket } from '../testing/index.ts';
import { writeWav } from '../testing/index.ts';

const rate = 8;
/** A packet this near to the end of the one before follows it without a gap: arrival times jitter, audio does not. */
const near = 60 * rate;

/** Lays the packets on a time axis that begins at `start` (performance.now()). */
export function layOut(packets: readonly HeardPacket[], start: number): Int16Array {
  const last = packets.at(-1);
  if (last === undefined) return new Int16Array(0);
  const track = new Int16Array(Math.max(0, Math.ceil((last.at - start) * rate)) + 4000);
  let end = 0;
  for (const packet of packets) {
    const due = Math.max(0, Math.round((packet.at - start) * rate));
    const at = Math.abs(due - end) <= near ? end : due;
    if (at + packet.samples.length > track.length) break;
    track.set(packet.samples, at);
    end = at + packet.samples.length;
  }
  return track.subarray(0, end);
}

export function stereo(left: readonly HeardPacket[], right: readonly HeardPacket[]): Buffer {
  const start = Math.min(left[0]?.at ?? Infinity, right[0]?.at ?? Infinity);
  return writeWav([layOut(left, start), layOut(right, start)]);
}
