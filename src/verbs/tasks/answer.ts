/** answer: 200. What it needs is what it does: the interpreter answered the call before this runs. */
import type { Outcome, Task } from '../task.ts';

export class AnswerTask implements Task {
  run(): Promise<Outcome> {
    return Promise.resolve({});
  }

  stop(): void {}
}
