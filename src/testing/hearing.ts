/** What a phone tells by RTCP: what it sent, and how well it hears. RFC 3550 §6.4.1. */
import { readReport, Reception, writeReport } from '../media/index.ts';

export class Hearing {
  readonly #reception = new Reception();
  readonly #cname = Buffer.from('phone');
  /** Of the far end's last sender report: its own time of it, and when it came. */
  #last: { readonly time: number; readonly at: number } | undefined;

  /** `rate` 0: an event, whose timestamp says nothing about timing. */
  heard(bytes: Buffer, rate: number): void {
    this.#reception.add({ bytes, at: 0, length: bytes.length }, performance.now(), rate);
  }

  heardReport(bytes: Buffer): void {
    const time = readReport(bytes, 0, bytes.length, 0)?.reportTime ?? 0;
    if (time !== 0) this.#last = { time, at: performance.now() };
  }

  report(sent: { ssrc: number; timestamp: number; packets: number; bytes: number }): Buffer {
    const reception = this.#reception;
    const delay = this.#last === undefined ? 0 : Math.round((performance.now() - this.#last.at) * 65.536);
    const about = {
      ssrc: reception.ssrc,
      highest: reception.extendedHighest,
      jitter: reception.jitterUnits,
      lastReport: this.#last?.time ?? 0,
      delay,
    };
    const report = Buffer.alloc(128);
    const length = writeReport(report, {
      ssrc: sent.ssrc,
      cname: this.#cname,
      wall: Date.now(),
      sent,
      about: reception.packets === 0 ? undefined : { ...about, ...reception.interval() },
      goodbye: false,
    });
    return report.subarray(0, length);
  }
}
