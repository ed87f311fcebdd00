/** Something that waits until the test says so: an answer that takes as long as what it must come after. */
export class Gate {
  readonly opened: Promise<void>;
  #open = (): void => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }
}
