/** Figures, faults and ends of an engine. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { silentLog } from '../../base/index.ts';
import { EVENTS, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { readReport, writeReport } from '../rtp/rtcp.ts';

async function phone(): Promise<TestPhone> {
  const made = await TestPhone.open();
  after(() => made.close());
  return made;
}

async function engineFor(options: Parameters<typeof testEngine>[0] = {}) {
  const engine = await testEngine(options);
  after(() => engine.close());
  return engine;
}

for (const preferBatched of [false, 'epoll', true] as const) {
  const on = { false: 'dgram', epoll: 'epoll', true: 'io_uring' }[String(preferBatched) as 'epoll'];

  test(`${on}: loss put in is loss measured, and costs MOS; without packets nothing is claimed`, async () => {
    const engine = await engineFor({ preferBatched });
    const a = await phone();
    const at = await engine.open({ session: 's', endpoint: 'a' });
    await engine.configure('a', a.settings());
    const empty = await engine.quality('a');
    assert.deepEqual(
      [empty.packetsLostPercent, empty.jitterMs, empty.mos, empty.mosInputs, empty.roundTripMs],
      Array(5).fill(undefined),
    );
    for (let i = 0; i < 100; i++) {
      // Every tenth is lost on the way.
      if (i % 10 === 5) a.sequence++;
      else await a.send(at, 0, new Uint8Array(160));
      a.timestamp += 160;
    }
    await engine.stats();
    let quality = await engine.quality('a');
    while (quality.packetsReceived < 90) quality = await engine.quality('a');
    assert.deepEqual([quality.packetsLost, quality.packetsLostPercent], [10, 10]);
    assert.equal(quality.mosInputs?.lossPercent, 10);
    assert.ok(quality.mos! < 3.5 && quality.mos! > 2, String(quality.mos));
  });

  test(`${on}: §6.2 the first report tells what was received, and the answer gives the round trip`, async () => {
    const engine = await engineFor({ preferBatched });
    const a = await phone();
    const at = await engine.open({ session: 's', endpoint: 'a' });
    await engine.configure('a', a.settings());
    await engine.play('a', 'p', { sound: { kind: 'silence' }, loop: 'forever', limitMs: 100 });
    await engine.stats();
    await a.tone(at, 440, 5);
    await a.until(() => a.reports.length > 0);
    const report = readReport(a.reports[0]!, 0, a.reports[0]!.length, a.ssrc)!;
    assert.equal(report.ssrc, at.ssrc);
    assert.equal(report.heard?.lost, 0);
    assert.notEqual(report.reportTime, 0);
    const about = {
      ssrc: at.ssrc,
      fraction: 0,
      lost: 0,
      highest: 5,
      jitter: 0,
      lastReport: report.reportTime,
      delay: 0,
    };
    const bytes = Buffer.alloc(200);
    const length = writeReport(bytes, {
      ssrc: a.ssrc,
      cname: Buffer.from('x'),
      wall: 1e12,
      sent: undefined,
      about,
      goodbye: false,
    });
    await a.raw({ address: at.address, port: at.rtcpPort }, bytes.subarray(0, length), a.rtcp);
    let quality = await engine.quality('a');
    while (quality.roundTripMs === undefined) quality = await engine.quality('a');
    // This machine may stand still meanwhile; other units would make hours of it.
    assert.ok(quality.roundTripMs < 10_000, String(quality.roundTripMs));
    await engine.release('a');
    await a.until(() => a.reports.some((each) => readReport(each, 0, each.length, a.ssrc)?.goodbye === true));
  });

  test(`${on}: silence where sound was due is told, and again after each further while, until there is sound`, async () => {
    const engine = await engineFor({ preferBatched, silentMs: 150 });
    const a = await phone();
    const told: number[] = [];
    engine.events.on('silent', (_, ms) => told.push(ms));
    const next = (): Promise<unknown> => new Promise((resolve) => void engine.events.once('silent', resolve));
    const at = await engine.open({ session: 's', endpoint: 'a' });
    await engine.open({ session: 's', endpoint: 'held' });
    await engine.configure('held', a.settings([PCMU], { direction: 'sendonly' }));
    let silent = next();
    await engine.configure('a', a.settings());
    await silent;
    silent = next();
    await silent;
    assert.ok(told[0]! >= 150 && told[1]! > told[0]!, String(told));
    await a.tone(at, 440, 1);
    silent = next();
    await silent;
    assert.ok(told.at(-1)! >= 150, String(told));
  });

  test(`${on}: ports that nothing was done with rest too before another call has them`, async () => {
    const engine = await engineFor({ preferBatched, restUnusedMs: 1000 });
    const used = await engine.open({ session: 's', endpoint: 'a' });
    const unused = await engine.open({ session: 's', endpoint: 'b' });
    assert.notEqual(used.port, unused.port);
    await engine.quality('a');
    assert.equal(await engine.release('b'), undefined);
    const { endpoints, portsInUse, portsResting } = await engine.stats();
    assert.deepEqual({ endpoints, portsInUse, portsResting }, { endpoints: 1, portsInUse: 1, portsResting: 1 });
    while ((await engine.stats()).portsResting > 0);
    const { portsFree } = await engine.stats();
    assert.ok(portsFree > 0);
  });

  test(`${on}: a worker that dies loses its calls and nobody else's, and another takes its place`, async () => {
    const engine = await engineFor({ preferBatched, workers: 2 });
    const [a, b] = [await phone(), await phone()];
    await engine.open({ session: 'one', endpoint: 'a' });
    const second = await engine.open({ session: 'two', endpoint: 'b' });
    await engine.open({ session: 'two', endpoint: 'b2' });
    for (const name of ['b', 'b2']) await engine.configure(name, name === 'b' ? a.settings() : b.settings());
    await engine.bridge('b', 'b2');
    await engine.quality('b2');
    const lost = new Promise<readonly string[]>((resolve) => void engine.events.once('lost', resolve));
    const asked = assert.rejects(Promise.all([engine.killWorker('a'), engine.quality('a')]), {
      code: 'media-worker-lost',
    });
    assert.deepEqual(await lost, ['a']);
    await asked;
    await assert.rejects(engine.quality('a'), { code: 'media-unknown-endpoint' });
    assert.equal(await engine.release('a'), undefined);
    await a.tone(second, 440, 5);
    await b.until(() => b.heard.length === 5);
    let reopened: object | undefined;
    while (reopened === undefined) {
      reopened = await engine
        .open({ session: 'one', endpoint: 'a' })
        .catch(() => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100)));
    }
    await engine.configure('a', a.settings());
    assert.equal((await engine.quality('a')).packetsReceived, 0);
  });

  test(`${on}: a fault inside a worker ends only that worker, with the reason in the log`, async () => {
    const lines: unknown[] = [];
    const log = { ...silentLog, error: (fields: object) => lines.push(fields) };
    const engine = await engineFor({ preferBatched, log });
    await engine.open({ session: 's', endpoint: 'a' });
    const lost = new Promise<string>((resolve) => void engine.events.once('lost', (_, why) => resolve(why)));
    engine.crashWorker('a');
    assert.match(await lost, /crashed on command/);
    assert.equal(lines.length, 1);
  });

  test(`${on}: closing twice is closing once; afterwards nothing can be opened`, async () => {
    const engine = await testEngine({ preferBatched });
    await engine.open({ session: 's', endpoint: 'a' });
    await Promise.all([engine.close(), engine.close()]);
    await assert.rejects(engine.open({ session: 's', endpoint: 'b' }), { code: 'media-closed' });
    assert.equal(await engine.release('a'), undefined);
  });
}

test('the wire in use is told, and why it is not the batched one', async () => {
  const said: Record<string, unknown>[] = [];
  const log = { ...silentLog, info: (fields: object) => said.push(fields as Record<string, unknown>) };
  const engine = await engineFor({ address: '::1', log });
  assert.equal(said[0]?.wire, 'dgram');
  assert.match((await engine.stats()).engine, /dgram/);
});

test('wrong use is refused with a code', async () => {
  const engine = await engineFor({ preferBatched: false });
  const a = await phone();
  await engine.open({ session: 's', endpoint: 'a' });
  await engine.open({ session: 's', endpoint: 'b' });
  await assert.rejects(engine.open({ session: 's', endpoint: 'a' }), { code: 'media-duplicate-endpoint' });
  await assert.rejects(engine.configure('x', a.settings()), { code: 'media-unknown-endpoint' });
  await assert.rejects(engine.bridge('a', 'b'), { code: 'media-not-configured' });
  await engine.configure('a', a.settings([PCMU]));
  await engine.configure('b', a.settings([{ ...PCMU, codec: 'G729' }]));
  await assert.rejects(engine.bridge('a', 'b'), { code: 'media-no-common-codec' });
  const bad = [
    a.settings([{ ...PCMU, receive: 128 }]),
    a.settings([{ ...PCMU, send: -1 }]),
    a.settings([{ ...PCMU, clockRate: 0 }]),
    a.settings([PCMU], { remote: { address: 'phone.example', port: 5000 } }),
    a.settings([PCMU], { remote: { address: '::1', port: 5000 } }),
    a.settings([PCMU], { remote: { address: '127.0.0.1', port: 70_000 } }),
    a.settings([PCMU], { remote: { address: '239.1.2.3', port: 5000 } }),
    a.settings([PCMU], { ptime: 0 }),
    a.settings(Array(65).fill(EVENTS)),
  ];
  for (const settings of bad) await assert.rejects(engine.configure('a', settings), { code: 'media-settings' });
  await assert.rejects(testEngine({ ports: '10-5' }), { code: 'media-port-range' });
  await engine.configure('a', a.settings([PCMU], { remote: { address: '127.0.0.1', port: 0 } }));
  await engine.play('a', 'p', { sound: { kind: 'busy', country: 'DE' }, loop: 'forever' });
  assert.equal((await engine.quality('a')).packetsSent, 0);
});
