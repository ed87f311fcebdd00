// A connection to a listener: pinged, and given up when nothing answers; tried again later and later.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../base/index.ts';
import { Journal } from '../testing/index.ts';
import { Listener } from './kit.test.ts';
import { Link } from './link.ts';

type Told = { what: 'opened' | 'interrupted' | 'over'; why: string; ms: number };

function open(listener: Listener): { clock: FakeClock; link: Link; told: Journal<Told> } {
  const clock = new FakeClock();
  const told = new Journal<Told>();
  const link = new Link({
    clock,
    stream: 's1',
    place: listener.place,
    opened: (connection) => told.add({ what: 'opened', why: '', ms: connection }),
    interrupted: (why, ms) => told.add({ what: 'interrupted', why, ms }),
    message: () => {},
    over: ({ end, why }) => told.add({ what: 'over', why: `${end} ${why}`, ms: 0 }),
  });
  return { clock, link, told };
}

describe('the link to a listener', () => {
  it('is given up when a ping is not answered, and made again', async () => {
    const listener = await Listener.start({ autoPong: false });
    const { clock, link, told } = open(listener);
    const socket = await listener.socket();
    const pinged = new Promise<void>((resolve) => void socket.on('ping', () => resolve()));
    await told.until(({ what }) => what === 'opened', { what: 'the connection' });
    clock.advance(15_000);
    await pinged;
    assert.equal(told.entries.length, 1);
    clock.advance(15_000);
    const { why, ms } = await told.until(({ what }) => what === 'interrupted', { what: 'the interruption' });
    assert.deepEqual([why, ms], ['the connection was lost', 250]);
    clock.advance(250);
    await told.until((each) => each.what === 'opened' && each.ms === 2, { what: 'the second connection' });
    link.close(1000, '');
    await listener.closes.until((code) => code === 1000, { what: 'a close' });
    await listener.close();
  });

  it('lives on while pings are answered', async () => {
    const listener = await Listener.start();
    const { clock, link, told } = open(listener);
    const socket = await listener.socket();
    const pings = new Journal<number>();
    socket.on('ping', () => pings.add(1));
    await told.until(({ what }) => what === 'opened', { what: 'the connection' });
    for (let n = 1; n <= 4; n++) {
      clock.advance(15_000);
      await pings.until(() => pings.entries.length === n, { what: `ping ${n}` });
      // The pong is there when an echo that was sent after it is.
      await new Promise<void>((resolve) => {
        socket.once('pong', () => resolve());
        socket.ping();
      });
    }
    assert.equal(told.entries.length, 1);
    link.close(1000, '');
    await listener.closes.until((code) => code === 1000, { what: 'a close' });
    assert.deepEqual(
      clock.pending().filter((label) => !label.includes('goodbye')),
      [],
    );
    await listener.close();
  });

  it('leaves no timer behind when it is closed between two tries', async () => {
    const listener = await Listener.start();
    const { clock, link, told } = open(listener);
    (await listener.socket()).terminate();
    await told.until(({ what }) => what === 'interrupted', { what: 'the interruption' });
    link.close(1000, '');
    assert.deepEqual(clock.pending(), []);
    await listener.close();
  });
});
