/** Figures of listeners, from the last word on each. */
import { Counter, type Registry } from 'prom-client';

type Detail = Readonly<Record<string, unknown>>;

export class ListenFigures {
  readonly #ended: Counter<'end'>;
  readonly #frames: Counter;
  readonly #dropped: Counter;
  readonly #refused: Counter;

  constructor(registers: Registry[]) {
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    this.#ended = new Counter({
      name: 'graine_listens_total',
      help: 'Listeners that ended, by how',
      labelNames: ['end'],
      registers,
    });
    this.#frames = counter('graine_listen_frames_total', 'Frames of 20 ms sent to listeners');
    this.#dropped = counter(
      'graine_listen_dropped_seconds_total',
      'Sound that listeners were too slow or too far to get',
    );
    this.#refused = counter('graine_listen_refused_total', 'Frames of listeners that could not be used');
  }

  ended({ end, frames, droppedMs, refused }: Detail): void {
    this.#ended.inc({ end: String(end) });
    this.#frames.inc(Number(frames ?? 0));
    this.#dropped.inc(Number(droppedMs ?? 0) / 1000);
    this.#refused.inc(Number(refused ?? 0));
  }
}
