/** One row's outcome: the next state, and what must be done, as data, never as calls. */
export type Step<S extends string, X> = { readonly to: S; readonly effects?: readonly X[] };

/** A cell we looked at and chose to do nothing in. Written out, so that silence is a decision. */
export const ignore = 'ignore';

/** A machine is a total table: every state answers every event. A missing cell does not compile. */
export type Table<S extends string, E extends { type: string }, X, C> = {
  readonly [s in S]: {
    readonly [t in E['type']]: typeof ignore | ((event: Extract<E, { type: t }>, context: C) => Step<S, X>);
  };
};

export type MachineOptions<S extends string, E extends { type: string }, X, C> = {
  readonly table: Table<S, E, X, C>;
  readonly initial: S;
  readonly context: NoInfer<C>;
  /** Carries out one effect. Called after the state has moved, so an effect may feed the next event. With the context, so
   * that all machines of a kind can share one function. */
  readonly perform: (effect: X, context: C) => void;
  readonly onChange?: (from: S, event: E['type'], to: S) => void;
};

/** Runs a table. The only place a state moves, so the only place that reports a move. */
export class Machine<S extends string, E extends { type: string }, X, C> {
  readonly #table: Table<S, E, X, C>;
  readonly #context: C;
  readonly #perform: (effect: X, context: C) => void;
  readonly #onChange: MachineOptions<S, E, X, C>['onChange'];
  #state: S;
  /** Of the state: what it does with each event. */
  #row: Table<S, E, X, C>[S];

  constructor({ table, initial, context, perform, onChange }: MachineOptions<S, E, X, C>) {
    this.#table = table;
    this.#context = context;
    this.#perform = perform;
    this.#onChange = onChange;
    this.#state = initial;
    this.#row = table[initial];
  }

  get state(): S {
    return this.#state;
  }

  /** Feeds one event. Returns false where the table says `ignore`. */
  handle(event: E): boolean {
    const cell = this.#row[event.type as E['type']] as typeof ignore | ((event: E, context: C) => Step<S, X>);
    if (cell === ignore) return false;
    const step = cell(event, this.#context);
    const from = this.#state;
    if (from !== step.to) {
      this.#state = step.to;
      this.#row = this.#table[step.to];
      this.#onChange?.(from, event.type, step.to);
    }
    if (step.effects !== undefined) for (const effect of step.effects) this.#perform(effect, this.#context);
    return true;
  }
}
