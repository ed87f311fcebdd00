/** Figures that are counted with every call: plain numbers, found by the object that holds them. prom-client, which looks
 * each up by its labels, sees them when somebody scrapes. */
import { Counter, type Metric, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;
type About = { readonly name: string; readonly help: string; readonly labels?: readonly string[] };

/** One histogram, of one set of labels. */
export class Tally {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  /** Of the values up to each bound, and above all of them; not of those below it. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return;
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    (this.#counts[at] as number)++;
    this.#sum += value;
  }

  *rows(name: string): Generator<{ metricName: string; labels: Record<string, string | number>; value: number }> {
    let upTo = 0;
    for (const [at, count] of this.#counts.entries()) {
      upTo += count;
      yield { metricName: `${name}_bucket`, labels: { le: this.#bounds[at] ?? '+Inf', ...this.labels }, value: upTo };
    }
    yield { metricName: `${name}_sum`, labels: { ...this.labels }, value: this.#sum };
    yield { metricName: `${name}_count`, labels: { ...this.labels }, value: upTo };
  }
}

/** Whatever of one name is counted, by its labels. */
class Family<Part> {
  readonly #labels: readonly string[];
  readonly #parts = new Map<string, Part>();
  readonly #make: (labels: Labels) => Part;

  constructor(labels: readonly string[], make: (labels: Labels) => Part) {
    this.#labels = labels;
    this.#make = make;
    if (labels.length === 0) this.of();
  }

  /** The part with these values of the labels, in their order. */
  of(...values: readonly string[]): Part {
    const key = values.length === 1 ? (values[0] as string) : values.join('\n');
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const made = this.#make(Object.fromEntries(this.#labels.map((label, at) => [label, values[at] ?? ''])));
    this.#parts.set(key, made);
    return made;
  }

  parts(): Iterable<Part> {
    return this.#parts.values();
  }
}

export class Tallies extends Family<Tally> {
  constructor(registers: readonly Registry[], about: About & { readonly buckets: readonly number[] }) {
    super(about.labels ?? [], (labels) => new Tally(labels, about.buckets));
    const { name, help } = about;
    const metric = {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      get: () => Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: this.#values(name) }),
    };
    for (const each of registers) each.registerMetric(metric as unknown as Metric);
  }

  #values(name: string): unknown[] {
    return [...this.parts()].flatMap((tally) => [...tally.rows(name)]);
  }
}

/** One total. */
export class Total {
  readonly labels: Labels;
  count = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(count = 1): void {
    this.count += count;
  }
}

export class Totals extends Family<Total> {
  constructor(registers: readonly Registry[], { name, help, labels = [] }: About) {
    super(labels, (values) => new Total(values));
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: labels,
      registers: [...registers],
      collect: () => {
        counter.reset();
        for (const total of this.parts()) counter.inc({ ...total.labels }, total.count);
      },
    });
  }
}
