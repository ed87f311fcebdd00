/** Called when a listener throws: the fault is reported, the emitter and its other listeners go on. */
export type ListenerFault = (event: string, fault: unknown) => void;

let onFault: ListenerFault = (event, fault) => {
  process.emitWarning(`listener of '${event}' threw: ${fault instanceof Error ? fault.stack : String(fault)}`);
};

/** Sets who hears of throwing listeners (the log, in production). */
export function setListenerFault(handler: ListenerFault): void {
  onFault = handler;
}

/** A typed event emitter. Listeners are called in order of registration; a throwing one cannot break its emitter. */
export class Emitter<Events extends { [name: string]: unknown[] }> {
  #listeners: { [K in keyof Events]?: Array<(...args: Events[K]) => void> } = {};

  /** Adds a listener; the returned function removes it. */
  on<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): () => void {
    (this.#listeners[event] ??= []).push(listener);
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
    const list = this.#listeners[event];
    if (list === undefined) return;
    this.#listeners[event] = list.filter((each) => each !== listener);
  }

  /** Is anybody listening? Lets the busy skip making what nobody hears. */
  listening(event: keyof Events): boolean {
    const list = this.#listeners[event];
    return list !== undefined && list.length > 0;
  }

  /** Forgets every listener. */
  clear(): void {
    this.#listeners = {};
  }

  emit<K extends keyof Events>(event: K, ...args: Events[K]): void {
    const list = this.#listeners[event];
    if (list === undefined) return;
    for (const listener of list) {
      try {
        listener(...args);
      } catch (fault) {
        onFault(String(event), fault);
      }
    }
  }
}
