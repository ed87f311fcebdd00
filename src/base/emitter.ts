/** Called when a listener throws: the fault is reported, the emitter and its other listeners go on. */
export type ListenerFault = (event: string, fault: unknown) => void;

let onFault: ListenerFault = (event, fault) => {
  process.emitWarning(`listener of '${event}' threw: ${fault instanceof Error ? fault.stack : String(fault)}`);
};

/** Sets who hears of throwing listeners (the log, in production). */
export function setListenerFault(handler: ListenerFault): void {
  onFault = handler;
}

type Seat<Events> = { readonly event: keyof Events; readonly listener: unknown; next: Seat<Events> | undefined };

/** A typed event emitter. Listeners are called in order of registration; a throwing one cannot break its emitter. */
export class Emitter<Events extends { [name: string]: unknown[] }> {
  /** One chain for all events: a call makes some ten emitters with two or three listeners each. A table of lists cost several
   * times as much, and an array takes room for seventeen with its second entry. Replaced, not changed, when somebody leaves:
   * whoever is being told goes through the old one. */
  #first: Seat<Events> | undefined;
  #last: Seat<Events> | undefined;

  /** Adds a listener; the returned function removes it. */
  on<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): () => void {
    this.#seat(event, listener);
    return () => this.off(event, listener);
  }

  once<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): () => void {
    const off = this.on(event, (...args) => {
      off();
      listener(...args);
    });
    return off;
  }

  off<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): void {
    let seat = this.#first;
    this.clear();
    for (; seat !== undefined; seat = seat.next)
      if (seat.listener !== listener || seat.event !== event) this.#seat(seat.event, seat.listener);
  }

  /** Is anybody listening? Lets the busy skip making what nobody hears. */
  listening(event: keyof Events): boolean {
    for (let seat = this.#first; seat !== undefined; seat = seat.next) if (seat.event === event) return true;
    return false;
  }

  /** Forgets every listener. */
  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
  }

  emit<K extends keyof Events>(event: K, ...args: Events[K]): void {
    for (let seat = this.#first; seat !== undefined; seat = seat.next) {
      if (seat.event !== event) continue;
      try {
        (seat.listener as (...args: Events[K]) => void)(...args);
      } catch (fault) {
        onFault(String(event), fault);
      }
    }
  }

  #seat(event: keyof Events, listener: unknown): void {
    const seat: Seat<Events> = { event, listener, next: undefined };
    if (this.#last === undefined) this.#first = seat;
    else this.#last.next = seat;
    this.#last = seat;
  }
}
