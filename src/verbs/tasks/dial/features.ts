/** What a dial does besides, from the moment its winner is known to the dial's end. Each feature lives in a file of its
 * own and is started here: before the bridge what must not miss anything, after it what needs two parties that talk. */
import type { Leg } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import type { TaskContext } from '../../task.ts';
import { detectAnswer } from '../amd.ts';
import { watchRequests } from '../../background.ts';
import { DtmfCapture } from './dtmf-capture.ts';
import { holdMusic } from './hold.ts';
import { listenToDial } from './listen.ts';
import { suppressDigits } from './suppress.ts';
import { boost, dubTracks } from './tracks.ts';
import { transcribeDial } from './transcribe.ts';

type Stop = () => void;
type Start = (context: TaskContext, dial: DialVerb, winner: Leg) => Stop | undefined;

/** config's sipRequestWithinDialogHook hears the callee too; what it answers then is not run: the dial goes on. */
const calleeRequests: Start = ({ session, background }, _, winner) => {
  const hook = background.requestHook;
  return hook === undefined ? undefined : watchRequests(session, winner, { hook, answered: () => {} });
};

const beforeBridge: readonly Start[] = [
  (context, dial, winner) => {
    const capture = new DtmfCapture(context.session, dial);
    capture.start(context.caller, winner);
    return () => capture.stop();
  },
  (context, dial, winner) => suppressDigits(dial, [context.caller, winner]),
  boost,
  dubTracks,
  calleeRequests,
];
const afterBridge: readonly Start[] = [
  listenToDial,
  holdMusic,
  transcribeDial,
  ({ session }, { amd }, winner) => {
    // Behind the gate it has been found out already.
    if (amd === undefined || amd.gate) return undefined;
    const detection = detectAnswer(session, winner, amd);
    return () => detection.stop();
  },
];

export class Features {
  readonly #context: TaskContext;
  readonly #dial: DialVerb;
  readonly #stops: Stop[] = [];

  constructor(context: TaskContext, dial: DialVerb) {
    this.#context = context;
    this.#dial = dial;
  }

  elected(winner: Leg): void {
    this.#start(beforeBridge, winner);
  }

  bridged(winner: Leg): void {
    this.#start(afterBridge, winner);
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #start(list: readonly Start[], winner: Leg): void {
    for (const start of list) {
      const stop = start(this.#context, this.#dial, winner);
      if (stop !== undefined) this.#stops.push(stop);
    }
  }
}
