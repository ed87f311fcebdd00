/** What happens in one run of races.test.ts, as plain data: printed when it fails, replayed from the corpus. Times in ms. */
import * as fc from 'fast-check';

/** How the far end of an INVITE behaves. `after`: of its final response, from the INVITE on; `rings` too. */
export type Peer = {
  readonly rings?: number | undefined;
  /** It rings with audio. */
  readonly early: boolean;
  /** deaf: a 200 without SDP. */
  readonly final: 'answer' | 'deaf' | 'never' | number;
  readonly after: number;
  /** After its answer. */
  readonly hangsUp?: number | undefined;
  readonly refers?: number | undefined;
};

/** What a hook answers, and when. */
export type Answer = { readonly after: number; readonly fails?: boolean | undefined; readonly verbs?: unknown };

export type Act = {
  readonly at: number;
  readonly does: 'caller hangs up' | 'caller refers' | 'redirect' | 'let go' | 'end caller' | 'end child';
};

export type Script = {
  readonly seed: number;
  /** The application's verbs: a dial, and perhaps more. */
  readonly app: readonly unknown[];
  /** Of the INVITEs in turn, from the first again after the last. */
  readonly peers: readonly Peer[];
  readonly hooks: Readonly<Record<'action' | 'confirm' | 'refer' | 'redirect' | 'child', readonly Answer[]>>;
  readonly acts: readonly Act[];
  /** How long the ports of each leg in turn take; negative: there are none. */
  readonly opens: readonly number[];
  readonly mediaMs: number;
  readonly lookUpMs: number;
};

/** Few moments, so that much happens in the same one, or just before or after a timer of whole seconds. */
const moment = fc
  .tuple(fc.integer({ min: 0, max: 24 }), fc.constantFrom(0, 0, 0, -1, 1))
  .map(([step, jitter]) => Math.max(0, step * 500 + jitter));
const soon = fc.constantFrom(0, 0, 1, 500, 1000, 3000);
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });

/** One time in `often`. */
const seldom = <T>(often: number, some: T) =>
  fc.integer({ min: 1, max: often }).map((drawn) => (drawn === often ? some : undefined));

const peer: fc.Arbitrary<Peer> = fc.record({
  rings: maybe(soon),
  early: fc.boolean(),
  final: fc.oneof(
    { weight: 5, arbitrary: fc.constant('answer' as const) },
    { weight: 1, arbitrary: fc.constantFrom('never' as const, 'deaf' as const) },
    { weight: 2, arbitrary: fc.constantFrom(486, 480, 404, 503, 603) },
  ),
  after: moment,
  hangsUp: maybe(moment),
  refers: maybe(moment),
});

const target = fc
  .record({
    who: fc.oneof(
      { weight: 4, arbitrary: fc.constant({ type: 'sip', sipUri: 'sip:bob' }) },
      { weight: 3, arbitrary: fc.constantFrom(...[0, 1, 2, 3].map((n) => ({ type: 'user', name: `user${n}` }))) },
      { weight: 2, arbitrary: fc.constant({ type: 'phone', number: '+4930' }) },
    ),
    timeout: maybe(fc.integer({ min: 1, max: 6 })),
    delay: maybe(fc.integer({ min: 0, max: 4 })),
    confirmHook: seldom(4, '/confirm'),
  })
  .map(({ who, ...rest }) => ({ ...who, ...rest }));

/** Each target is another one, else the dial takes them for the same. */
function told(targets: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return targets.map((each, at) => {
    if (each['type'] === 'sip') return { ...each, sipUri: `sip:bob${at}@192.0.2.1` };
    if (each['type'] === 'phone') return { ...each, number: `+49301234${at}` };
    return { ...each, name: `${String(each['name'])}.${at}` };
  });
}

const dial = fc.record({
  verb: fc.constant('dial'),
  id: fc.constant('first'),
  actionHook: fc.constant('/action'),
  target: fc.array(target, { minLength: 1, maxLength: 4 }).map(told),
  strategy: fc.constantFrom('simring', 'hunt', 'stagger'),
  timeout: fc.integer({ min: 1, max: 10 }),
  timeLimit: maybe(fc.integer({ min: 1, max: 6 })),
  answerOnBridge: fc.boolean(),
  confirmHook: seldom(3, '/confirm'),
  confirmTimeout: fc.integer({ min: 1, max: 5 }),
  referHook: maybe(fc.constant('/refer')),
  dialMusic: seldom(5, 'tone_stream://%(200,100,500)'),
  dtmfSuppress: fc.boolean(),
});

const pause = (length: number) => ({ verb: 'pause', length });
const again = {
  verb: 'dial',
  id: 'second',
  actionHook: '/action',
  timeout: 4,
  answerOnBridge: true,
  target: [{ type: 'sip', sipUri: 'sip:dave@192.0.2.1' }],
};
const documents = (...list: readonly unknown[]) =>
  fc.constantFrom(...list, undefined, [], [pause(1)], [{ verb: 'nonsense' }]);
const answers = (verbs: fc.Arbitrary<unknown>) =>
  fc.array(
    fc.record({
      after: moment,
      fails: seldom(8, true),
      verbs,
    }),
    { minLength: 1, maxLength: 3 },
  );
const moved = documents([again], [pause(3)], [{ verb: 'hangup' }]);

const acts = fc.array(
  fc.record({
    at: moment,
    does: fc.constantFrom<Act['does'][]>(
      ...([
        'caller hangs up',
        'caller hangs up',
        'caller refers',
        'redirect',
        'let go',
        'end caller',
        'end child',
      ] as const),
    ),
  }),
  { maxLength: 4 },
);

/** Values that are left out are really left out, as in the JSON that is printed. */
const plain = (script: Script): Script => JSON.parse(JSON.stringify(script)) as Script;

export const scripts: fc.Arbitrary<Script> = fc
  .record({
    seed: fc.integer({ min: 0, max: 1e6 }),
    app: fc.tuple(dial, fc.constantFrom([], [pause(2)], [again])).map(([first, more]) => [first, ...more]),
    peers: fc.array(peer, { minLength: 1, maxLength: 6 }),
    hooks: fc.record({
      action: answers(documents()),
      confirm: answers(documents([{ verb: 'hangup' }], [pause(3)])),
      refer: answers(moved),
      redirect: answers(moved),
      child: answers(documents([pause(4)])),
    }),
    acts,
    opens: fc.array(fc.constantFrom(0, 0, 0, 1, 500, -1), { minLength: 1, maxLength: 5 }),
    mediaMs: fc.constantFrom(0, 0, 1, 500),
    lookUpMs: fc.constantFrom(0, 0, 500),
  })
  .map(plain);
