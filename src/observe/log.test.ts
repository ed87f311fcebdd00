import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { TraceChannel } from '../base/index.ts';
import { logCalls } from './call-log.ts';
import { createLog, type LogOptions } from './log.ts';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return { lines, log: createLog({ level: 'info', destination, ...options }) };
}

for (const pretty of [false, true]) {
  test(`D7: ${pretty ? 'pretty' : 'JSON'} lines hide secrets, at any depth`, () => {
    const { lines, log } = capture({ pretty });
    log
      .child({ token: 'hunter2' })
      .info({ auth: { password: 'hunter2' }, list: [{ apiKey: 'hunter2' }], url: 'http://u:hunter2@h/x' }, 'x');
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines.join(''), /hunter2/);
  });

  test(`A10: ${pretty ? 'pretty' : 'JSON'} lines cannot be forged or steer a terminal`, () => {
    const { lines, log } = capture({ pretty });
    log.info({ from: 'x\r\n{"level":"error"}\u001b[2J\u009b31m\u202e', fault: new Error('a\nb') }, 'call');
    const text = lines.join('');
    assert.equal(text.split('\n').filter((line) => line.startsWith('{"level":"error"}')).length, 0);
    // oxlint-disable-next-line no-control-regex -- the colours of the pretty log are its own
    assert.doesNotMatch(text.replaceAll(/\u001b\[\d+m/g, ''), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
}

test('JSON lines are JSON, with time, level and fields', () => {
  const { lines, log } = capture();
  log.child({ area: 'sip' }).warn({ status: 503, text: '\u0085\u2028' }, 'refused');
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(line['level'], 'warn');
  assert.equal(line['msg'], 'refused');
  assert.equal(line['area'], 'sip');
  assert.equal(line['status'], 503);
  const time = new Date(String(line['time']));
  assert.equal(line['time'], time.toISOString());
  assert.ok(Math.abs(time.getTime() - Date.now()) < 60_000);
});

test('lines that still wait for company when the process ends are written', () => {
  const entry = JSON.stringify(new URL('./log.ts', import.meta.url).href);
  const code = `import(${entry}).then(({ createLog }) => {
    const log = createLog({ level: 'info' });
    for (let n = 0; n < 3000; n++) log.info({ n, text: 'é' }, 'line');
    process.exit(0);
  });`;
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], { encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 3000);
  for (const [n, line] of lines.entries()) assert.equal((JSON.parse(line) as { n: number }).n, n);
});

test('a level hides what is below it, but an area can be turned on alone', () => {
  const { lines, log } = capture({ level: 'warn', debugAreas: ['sip.transaction'] });
  log.info({}, 'hidden');
  log.debug({ area: 'sip.dialog' }, 'hidden');
  log.child({ area: 'sip.transaction' }).debug({}, 'seen');
  log.debug({ area: 'sip.transaction.client' }, 'seen');
  log.error({}, 'seen');
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join(''), /hidden/);
});

test('a dialled call is about six lines, none of them of a losing leg', () => {
  const { lines, log } = capture();
  const trace = new TraceChannel();
  const stop = logCalls(trace, log);
  const note = (what: string, callSid = 'a') =>
    trace.publish({ kind: 'call', at: 0, callSid, sessionSid: 'a', what, detail: { to: 'bob' } });
  note('session.started');
  for (const callee of ['b1', 'b2', 'b3']) note('leg.ringing', callee);
  note('leg.in-progress', 'b1');
  note('dial.winner', 'b1');
  note('leg.in-progress');
  note('leg.no-answer', 'b2');
  note('dial.ended');
  note('session.ending');
  trace.publish({ kind: 'end', at: 0, sessionSid: 'a' });
  stop();
  note('session.started');
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.deepEqual(messages, [
    'call started',
    'dial connected',
    'call answered',
    'dial ended',
    'call ending',
    'call over',
  ]);
});
