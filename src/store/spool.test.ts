import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, it } from 'node:test';
import { FakeClock, type Log, silentLog } from '../base/index.ts';
import { Spool } from './spool.ts';
import { SpoolFile } from './spool-file.ts';

/** A database that can be told to fail. */
class Disk {
  readonly batches: number[][] = [];
  away = false;
  /** It answers when this does. */
  slow: Promise<void> | undefined;
  poison: number | undefined;

  readonly insert = async (rows: readonly number[]): Promise<void> => {
    await (this.slow ?? turn());
    if (this.away) throw new Error('disk full');
    if (this.poison !== undefined && rows.includes(this.poison)) throw new RangeError('bad row');
    this.batches.push([...rows]);
  };

  get rows(): number[] {
    return this.batches.flat();
  }
}

let clock: FakeClock;
let disk: Disk;
let errors: string[];
let spool: Spool<number>;

function make(capacity = 1000, file?: SpoolFile<number>): Spool<number> {
  const log: Log = { ...silentLog, error: (_, message) => void errors.push(message) };
  return new Spool({
    name: 'test',
    clock,
    log,
    into: { insert: disk.insert, batch: (waiting) => Math.min(waiting, 64) },
    isRowFault: (fault) => fault instanceof RangeError,
    capacity,
    file,
  });
}

/** Lets what is due and what it starts run to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let i = 0; i < 400; i++) await turn();
}

describe('rows on their way to the database', () => {
  beforeEach(() => {
    clock = new FakeClock();
    disk = new Disk();
    errors = [];
    spool = make();
  });

  it('are committed in order, together, within 200 ms', async () => {
    for (let i = 0; i < 10; i++) spool.append(i);
    await pass(149);
    assert.deepEqual(disk.rows, []);
    await pass(1);
    assert.deepEqual(disk.batches, [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    assert.deepEqual(clock.pending(), []);
  });

  it('wait on disk too while it is away, and go to whichever process finds it back', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-spool-'));
    const onDisk = () => make(1000, new SpoolFile<number>(folder, 'test', silentLog));
    const first = onDisk();
    disk.away = true;
    first.append(1);
    first.append(2);
    await pass(150);
    first.append(3);
    // It is killed here: nothing of it runs any more.
    disk.away = false;
    const second = onDisk();
    assert.equal(second.stats.waiting, 3);
    await pass(150);
    assert.deepEqual(new Set(disk.rows), new Set([1, 2, 3]));
    assert.deepEqual(readdirSync(folder), []);
    await second.close();
    rmSync(folder, { recursive: true });
  });

  it('wait on disk too while it takes its time, are written once, and leave a file no longer than what waits', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-spool-'));
    const file = new SpoolFile<number>(folder, 'test', silentLog);
    spool = make(10, file);
    const left = () => new SpoolFile<number>(folder, 'test', silentLog).load();
    let answer = () => {};
    const slowly = (): void => void (disk.slow = new Promise((resolve) => (answer = resolve)));
    slowly();
    spool.append(1);
    await pass(150);
    await pass(999);
    assert.deepEqual(left(), [], 'it may be prompt yet');
    await pass(1);
    spool.append(2);
    assert.deepEqual(left(), [1, 2], 'a process that dies now leaves them');
    // Hours of it, each row a batch.
    for (let i = 3; i < 40; i++) {
      spool.append(i);
      const answered = answer;
      slowly();
      answered();
      await pass(0);
    }
    assert.ok(left().length <= 12, `${left().length} rows on disk`);
    disk.slow = undefined;
    answer();
    await pass(0);
    await pass(150);
    assert.deepEqual(
      disk.rows,
      Array.from({ length: 39 }, (_, i) => i + 1),
    );
    assert.deepEqual(readdirSync(folder), []);
    spool.append(40);
    assert.deepEqual(left(), [], 'prompt again');
    await spool.close();
    assert.deepEqual(clock.pending(), []);
    rmSync(folder, { recursive: true });
  });

  it('do not wait when a whole batch is there', async () => {
    for (let i = 0; i < 64; i++) spool.append(i);
    await pass(0);
    assert.equal(disk.batches[0]?.length, 64);
  });

  it('flush resolves only when all that came before is committed', async () => {
    for (let i = 0; i < 100; i++) spool.append(i);
    const flushed = spool.flush().then(() => disk.rows.length);
    spool.append(100);
    assert.equal((await flushed) >= 100, true);
    await pass(150);
    assert.equal(disk.rows.length, 101);
    await spool.flush();
  });

  it('stay, in order, while the database is away; one error is logged, the pauses grow to 5 s', async () => {
    disk.away = true;
    for (let i = 0; i < 70; i++) spool.append(i);
    await pass(150);
    const tries: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 250) {
      const before = spool.stats.retries;
      await pass(250);
      if (spool.stats.retries > before) tries.push(ms + 250);
    }
    assert.deepEqual(tries, [250, 750, 1750, 3750, 7750, 12_750, 17_750]);
    assert.deepEqual(errors, ['the store takes no test rows; they wait']);
    disk.away = false;
    await pass(5_000);
    assert.deepEqual(
      disk.rows,
      Array.from({ length: 70 }, (_, i) => i),
    );
    assert.deepEqual({ ...spool.stats, retries: 0 }, { waiting: 0, written: 70, dropped: 0, retries: 0 });
    assert.deepEqual(clock.pending(), []);
  });

  it('are dropped only past the bound, counted and logged', async () => {
    spool = make(5);
    disk.away = true;
    for (let i = 0; i < 12; i++) spool.append(i);
    assert.equal(spool.stats.dropped, 7);
    assert.deepEqual(errors, ['a test row is lost: too many rows wait for the store']);
    disk.away = false;
    await pass(150);
    assert.deepEqual(disk.rows, [0, 1, 2, 3, 4]);
  });

  it('a row that is itself at fault is given up; its batch goes on, and flush does not wait for it', async () => {
    disk.poison = 3;
    for (let i = 0; i < 10; i++) spool.append(i);
    await spool.flush();
    assert.deepEqual(disk.rows, [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(errors, ['the store refuses a test row']);
    assert.equal(spool.stats.dropped, 1);
  });

  it('closing tries once more, then says what is lost; it leaves no timer and no one waiting', async () => {
    disk.away = true;
    for (let i = 0; i < 3; i++) spool.append(i);
    const flushed = assert.rejects(spool.flush(), { code: 'store-closed' });
    await spool.close();
    await spool.close();
    await flushed;
    await assert.rejects(spool.flush(), { code: 'store-closed' });
    assert.ok(errors.includes('test rows were lost at shutdown: the store is away'));
    assert.deepEqual(clock.pending(), []);
  });
});
