import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import type { StandingCalls } from '../../ports/index.ts';
import type { Session } from '../session.ts';
import { StandingKeeper } from './keeper.ts';

/** As much of a session as is written down. `base` stands for what moves without a word. */
function sessionOf(sid: string): Session {
  const caller = { startedAt: 0, end: undefined, dialog: undefined, identity: { callSid: sid }, left: () => ({}) };
  const stub = {
    sid,
    caller,
    connection: undefined,
    link: { base: 1 },
    script: { snapshot: () => undefined },
    legs: () => [caller],
  };
  return stub as unknown as Session;
}

const moves = (session: Session, to: number): void => void Object.assign(session.link, { base: to });

function keeping(): { clock: FakeClock; keeper: StandingKeeper; words: string[] } {
  const clock = new FakeClock();
  const words: string[] = [];
  const store: StandingCalls = {
    keep: (sid) => void words.push(`keep ${sid}`),
    drop: (sid) => void words.push(`drop ${sid}`),
    settled: () => Promise.resolve('ours'),
    onStale: () => {},
    left: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  return { clock, keeper: new StandingKeeper({ store, clock, find: () => undefined }), words };
}

test('what moves without a word is written within a minute; one timer looks at all calls, and goes with the last', () => {
  const { clock, keeper, words } = keeping();
  const [one, two] = [sessionOf('one'), sessionOf('two')];
  clock.advance(1_000);
  keeper.touch(one);
  keeper.touch(two);
  clock.advance(1_000);
  assert.deepEqual(words.splice(0), ['keep one', 'keep two']);
  assert.deepEqual(clock.pending(), ['standing calls round']);
  moves(two, 2);
  clock.advance(58_000);
  assert.deepEqual(words, []);
  clock.advance(5_000);
  assert.deepEqual(words.splice(0), ['keep two']);
  moves(two, 3);
  clock.advance(62_000);
  assert.deepEqual(words.splice(0), ['keep two']);
  keeper.drop(one);
  keeper.drop(two);
  assert.deepEqual(words, ['drop one', 'drop two']);
  assert.deepEqual(clock.pending(), []);
});

test('a call is written a moment after its answer, one that is hung up by then never; without an answer when it is no longer young', () => {
  const { clock, keeper, words } = keeping();
  const answered = (sid: string): Session => {
    const session = sessionOf(sid);
    Object.assign(session.caller, { startedAt: clock.now(), answeredAt: clock.now() });
    return session;
  };
  const [stands, short, rings] = [answered('stands'), answered('short'), sessionOf('rings')];
  Object.assign(rings.caller, { startedAt: clock.now() });
  for (const each of [stands, short, rings]) keeper.touch(each);
  clock.advance(50);
  keeper.drop(short);
  assert.deepEqual(words, []);
  clock.advance(80);
  assert.deepEqual(words.splice(0), ['keep stands']);
  clock.advance(350);
  assert.deepEqual(words, []);
  clock.advance(100);
  assert.deepEqual(words.splice(0), ['keep rings']);
  // What changes later is written at once, whatever the clock was set to meanwhile.
  moves(stands, 2);
  Object.assign(stands.caller, { answeredAt: clock.now() + 3_600_000 });
  keeper.touch(stands);
  clock.advance(50);
  assert.deepEqual(words.splice(0), ['keep stands']);
  moves(stands, 3);
  keeper.rewrite(stands);
  keeper.rewrite(short);
  assert.deepEqual(words, ['keep stands']);
  keeper.close();
  assert.deepEqual(clock.pending(), []);
});
