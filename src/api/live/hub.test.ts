/** The hub of live events: who is told what, how often, and what a slow listener costs. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { beforeEach, test } from 'node:test';
import { Emitter, FakeClock, silentLog } from '../../base/index.ts';
import type { CallRow, CallWatch, Nodes } from '../../ports/index.ts';
import type { News } from '../options.ts';
import type { LiveSink } from './client.ts';
import { LiveHub } from './hub.ts';
import { OtherCalls } from './others.ts';

/** A connection that takes what the test lets it take. */
class Sink extends EventEmitter {
  slow = false;
  ended = false;
  text = '';

  write(text: string): boolean {
    this.text += text;
    return !this.slow;
  }
  end(): this {
    this.ended = true;
    return this;
  }
  /** What came since the last time: event names with their data. */
  take(): [string, Record<string, unknown>][] {
    const blocks = this.text.split('\n\n').filter((each) => each !== '');
    this.text = '';
    return blocks.map((block) => {
      const [name = '', data = ''] = block.split('\n');
      return [name.slice(7), JSON.parse(data.slice(6)) as Record<string, unknown>];
    });
  }
  names(): string[] {
    return this.take().map(([name]) => name);
  }
}

class Watched implements CallWatch {
  readonly events: CallWatch['events'] = new Emitter();
  calls = new Map<string, CallRow>();
  followers = 0;
  metered: ReadonlySet<string> = new Set();

  follow(): () => void {
    this.followers++;
    return () => void this.followers--;
  }
  rows(accountSid?: string, sessions?: ReadonlySet<string>): CallRow[] {
    return [...this.calls.values()].filter(
      (row) => (accountSid === undefined || row.account_sid === accountSid) && (sessions?.has(row.session) ?? true),
    );
  }
  meter(callSids: ReadonlySet<string>): void {
    this.metered = callSids;
  }
  set(sid: string, state: string, accountSid = 'A'): void {
    this.calls.set(sid, { call_sid: sid, session: sid, account_sid: accountSid, state } as CallRow);
    this.events.emit('changed', sid);
  }
  end(sid: string): void {
    this.calls.delete(sid);
    this.events.emit('changed', sid);
  }
}

/** There is no other node. */
function nobody(): OtherCalls {
  const nodes: Nodes = {
    name: 'n',
    speaking: false,
    direct: false,
    others: () => [],
    send: () => Promise.resolve({ silent: 'there is none' }),
    check: () => ({ refused: 'there is none' }),
  };
  const stats = { shared: false, up: true, nodes: 1, known: 1, refused: 0, waiting: 0 };
  return new OtherCalls({ nodes, live: { stats: () => stats }, clock, log: silentLog });
}

let clock: FakeClock;
let watch: Watched;
let news: News;
let hub: LiveHub;
beforeEach(() => {
  clock = new FakeClock();
  watch = new Watched();
  news = new Emitter();
  hub = new LiveHub({ watch, news, clock, contactsOf: async (aor) => [{ name: aor }], others: nobody() });
});

type More = { accountSid?: string; levels?: boolean; server?: boolean; owner?: string; allowed?: boolean };

function join(sink: Sink, more: More = {}) {
  const { accountSid, levels = false, server = false, owner = 'me', allowed = true } = more;
  const client = hub.join({
    own: false,
    sink: sink as unknown as LiveSink,
    accountSid,
    levels,
    server,
    owner,
    allowed: async () => allowed,
  });
  client.flush();
  return client;
}

test('without a listener nothing is followed, measured or timed', () => {
  assert.deepEqual([watch.followers, clock.pending()], [0, []]);
  const client = join(new Sink(), { levels: true });
  assert.equal(watch.followers, 1);
  hub.leave(client);
  assert.deepEqual([watch.followers, clock.pending(), watch.metered.size], [0, [], 0]);
});

test('a call that changes a hundred times a second is told four times at most, with its latest state', () => {
  const sink = new Sink();
  join(sink);
  sink.take();
  for (let i = 0; i < 100; i++) {
    watch.set('c', `state ${i}`);
    clock.advance(10);
  }
  const told = sink.take();
  assert.equal(told.length, 4);
  assert.deepEqual([told.at(-1)?.[0], told.at(-1)?.[1]['state']], ['call', 'state 99']);
  watch.events.emit('changed', 'c');
  clock.advance(1000);
  assert.deepEqual(sink.take(), [], 'what did not change is not told');
  watch.end('c');
  clock.advance(250);
  assert.deepEqual(
    sink.take().map(([name, data]) => [name, data['call_sid']]),
    [['gone', 'c']],
  );
  hub.close();
});

test('an account hears of its own calls, alerts and registrations only', async () => {
  const [mine, all] = [new Sink(), new Sink()];
  join(mine, { accountSid: 'A' });
  join(all);
  [mine, all].forEach((sink) => sink.take());
  watch.set('theirs', 'ringing', 'B');
  news.emit('alert', { sid: 's', time: 1, accountSid: 'B', type: 'no-carrier', message: 'm' });
  news.emit('registration', 'bob@b.test', 'B');
  await Promise.resolve();
  await Promise.resolve();
  clock.advance(250);
  assert.deepEqual(mine.take(), []);
  assert.deepEqual(all.names(), ['call', 'registration', 'alert']);
  hub.close();
});

test('alerts of the server itself are told where they are asked for, and nothing else of others', () => {
  const [account, administrator] = [new Sink(), new Sink()];
  join(account, { accountSid: 'A' });
  join(administrator, { accountSid: 'A', server: true });
  [account, administrator].forEach((sink) => sink.take());
  news.emit('alert', { sid: 's', time: 1, accountSid: '', type: 'node-lost', message: 'm' });
  news.emit('alert', { sid: 't', time: 1, accountSid: 'B', type: 'no-carrier', message: 'm' });
  watch.set('theirs', 'ringing', 'B');
  clock.advance(250);
  assert.deepEqual(account.take(), []);
  assert.deepEqual(
    administrator.take().map(([name, data]) => [name, data['alert_type']]),
    [['alert', 'node-lost']],
  );
  hub.close();
});

test('a slow listener holds the latest state and no more; a flood becomes a new snapshot', () => {
  const sink = new Sink();
  join(sink);
  sink.take();
  sink.slow = true;
  watch.set('c', 'first');
  clock.advance(250);
  assert.equal(sink.take().length, 1);
  for (let i = 0; i < 50; i++) {
    watch.set('c', `state ${i}`);
    clock.advance(250);
  }
  assert.equal(sink.text, '', 'nothing is written to it');
  sink.slow = false;
  sink.emit('drain');
  const told = sink.take();
  assert.deepEqual([told.length, told[0]?.[1]['state']], [1, 'state 49']);
  sink.slow = true;
  watch.set('c', 'again');
  clock.advance(250);
  sink.take();
  for (let i = 0; i < 3000; i++) watch.set(`flood${i}`, 'ringing');
  clock.advance(250);
  sink.slow = false;
  sink.emit('drain');
  const after = sink.take();
  assert.deepEqual(
    after.map(([name]) => name),
    ['snapshot'],
  );
  assert.equal((after[0]?.[1]['calls'] as unknown[] | undefined)?.length, 3001);
  hub.close();
});

test('one that takes nothing for a minute is let go; so is one who may no longer listen', async () => {
  const [stuck, withdrawn, good] = [new Sink(), new Sink(), new Sink()];
  stuck.slow = true;
  join(stuck);
  join(withdrawn, { allowed: false });
  join(good);
  clock.advance(15_000);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual([stuck.ended, withdrawn.ended, good.ended], [false, true, false]);
  clock.advance(60_000);
  assert.deepEqual([stuck.ended, good.ended], [true, false]);
  assert.ok(good.names().filter((name) => name === 'heartbeat').length >= 5);
  hub.close();
});

test('levels go five times a second to those who asked; only calls they see are measured', () => {
  const [asks, plain] = [new Sink(), new Sink()];
  watch.set('a', 'in-progress', 'A');
  watch.set('b', 'in-progress', 'B');
  watch.set('r', 'ringing', 'A');
  const client = join(asks, { accountSid: 'A', levels: true });
  join(plain);
  assert.deepEqual([...watch.metered], ['a']);
  asks.take();
  plain.take();
  for (let i = 0; i < 50; i++) {
    watch.events.emit('level', 'a', 'A', -20 - i);
    watch.events.emit('level', 'b', 'B', -1);
    clock.advance(20);
  }
  const told = asks.take();
  assert.equal(told.length, 5);
  assert.ok(told.every(([name, data]) => name === 'levels' && Object.keys(data).join() === 'a'));
  assert.deepEqual(plain.take(), []);
  hub.leave(client);
  assert.equal(watch.metered.size, 0);
  hub.close();
  assert.deepEqual(clock.pending(), []);
});

test('one owner may have twenty streams, all together five hundred; then 503', () => {
  for (let i = 0; i < 20; i++) join(new Sink());
  assert.throws(() => join(new Sink()), { code: 'too-many-streams', http: 503 });
  for (let i = 0; i < 480; i++) join(new Sink(), { owner: `o${i}` });
  assert.throws(() => join(new Sink(), { owner: 'fresh' }), { code: 'too-many-streams' });
  hub.drop('me');
  join(new Sink());
  hub.close();
});
