/** What a dial does besides, from the moment its winner is known to the dial's end. Each feature lives in a file of its
 * own and is started here: before the bridge what must not miss anything, after it what needs two parties that talk. */
import { messageOf } from '../../../base/index.ts';
import { type Leg, type OutboundLeg, setGain } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import type { TaskContext } from '../../task.ts';
import { watchRequests } from '../../background.ts';
import { DubTask } from '../dub.ts';
import { DtmfCapture } from './dtmf-capture.ts';
import { listenToDial } from './listen.ts';

type Stop = () => void;
type Start = (context: TaskContext, dial: DialVerb, winner: OutboundLeg) => Stop | undefined;

/** dtmfSuppress: keys are told to the application, not to the other party. */
const suppressDigits: Start = (context, dial, winner) => {
  if (!dial.dtmfSuppress) return undefined;
  const hold = (leg: Leg, on: boolean): void => {
    const { media, services } = leg;
    if (media !== undefined && leg.end === undefined)
      services.studio.holdDigits(media.endpoint, on).catch((fault: unknown) => failed(leg, fault));
  };
  const both = [context.caller, winner];
  for (const leg of both) hold(leg, true);
  return () => {
    for (const leg of both) hold(leg, false);
  };
};

/** boostAudioSignal: how loud the callee hears the caller. */
const boost: Start = (_, dial, winner) => {
  if (dial.boostAudioSignal === 0) return undefined;
  setGain(winner, dial.boostAudioSignal).catch((fault: unknown) => failed(winner, fault));
  // A callee that goes on as a call of its own (referHook) takes nothing of this dial along.
  return () => void setGain(winner, 0).catch(() => {});
};

/** config's sipRequestWithinDialogHook hears the callee too; what it answers then is not run: the dial goes on. */
const calleeRequests: Start = ({ session, background }, _, winner) => {
  const hook = background.requestHook;
  return hook === undefined ? undefined : watchRequests(session, winner, { hook, answered: () => {} });
};

/** dub: tracks the callee hears. */
const dubTracks: Start = (context, { dub }, winner) => {
  if (dub.length === 0) return undefined;
  void inTurn(dub.map((each) => new DubTask({ ...context, caller: winner }, each)));
  const tracks = new Set(dub.map(({ track }) => track));
  return () => {
    const remove = { verb: 'dub', id: undefined, action: 'removeTrack', play: undefined, say: undefined } as const;
    if (winner.end !== undefined) return;
    for (const track of tracks)
      void new DubTask({ ...context, caller: winner }, { ...remove, track, loop: 1, gain: 0 }).begin();
  };
};

async function inTurn(tasks: readonly DubTask[]): Promise<void> {
  for (const task of tasks) await task.run();
}

function failed(leg: Leg, fault: unknown): void {
  leg.note('media.failed', { reason: messageOf(fault) });
}

const beforeBridge: readonly Start[] = [
  (context, dial, winner) => {
    const capture = new DtmfCapture(context.session, dial);
    capture.start(context.caller, winner);
    return () => capture.stop();
  },
  suppressDigits,
  boost,
  dubTracks,
  calleeRequests,
];
const afterBridge: readonly Start[] = [listenToDial];

export class Features {
  readonly #context: TaskContext;
  readonly #dial: DialVerb;
  readonly #stops: Stop[] = [];

  constructor(context: TaskContext, dial: DialVerb) {
    this.#context = context;
    this.#dial = dial;
  }

  elected(winner: OutboundLeg): void {
    this.#start(beforeBridge, winner);
  }

  bridged(winner: OutboundLeg): void {
    this.#start(afterBridge, winner);
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #start(list: readonly Start[], winner: OutboundLeg): void {
    for (const start of list) {
      const stop = start(this.#context, this.#dial, winner);
      if (stop !== undefined) this.#stops.push(stop);
    }
  }
}
