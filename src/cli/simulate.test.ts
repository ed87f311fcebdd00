import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, test } from 'node:test';
import { SystemClock } from '../base/index.ts';
import { Journal, Phone, phones, toneSamples, writeWav } from '../testing/index.ts';
import { run } from './program.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-simulate-'));
const wav = path.join(folder, 'greeting.wav');
writeFileSync(wav, writeWav([toneSamples(700, 600)]));
after(() => rmSync(folder, { recursive: true, force: true }));

type Line = Readonly<Record<string, unknown>>;

/** The command in a process of its own, as a user runs it. */
class Simulation {
  readonly lines = new Journal<Line>();
  errors = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    const main = path.join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', main, 'simulate', '--json', ...args], { stdio: 'pipe' });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.add(JSON.parse(line) as Line));
    child.stderr.on('data', (text: Buffer) => {
      this.errors += text.toString();
    });
    this.ended = new Promise((resolve) => child.once('exit', resolve));
  }

  says(event: string, phone?: string): Promise<Line> {
    return this.lines.until((line) => line['event'] === event && (phone === undefined || line['phone'] === phone), {
      what: `the line ${event} of ${phone ?? 'anybody'}`,
      within: 60_000,
      story: () => `${this.lines.entries.map((line) => JSON.stringify(line)).join('\n')}\n${this.errors}`,
    });
  }

  stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }
}

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
function simulation(...args: string[]): Simulation {
  const made = new Simulation(args);
  open.push({ close: () => made.stop('SIGKILL') });
  return made;
}
async function phone(name: string): Promise<Phone> {
  const made = await Phone.listen({ name, seed: 5 });
  open.push(made);
  return made;
}

async function graine(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    color: false,
    clock: new SystemClock(),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a voicemail and a busy line at once: each does its own, each event is a line, SIGINT hangs up and ends with 0', async () => {
  const box = `name=box,behaviour=voicemail,greeting=${wav},beep=1500`;
  const simulated = simulation('--callee', box, '--callee', 'name=line,behaviour=busy', '--seed', '3');
  const { uri, seed } = await simulated.says('ready', 'box');
  const { uri: line } = await simulated.says('ready', 'line');
  assert.equal(seed, 3);
  const alice = await phone('alice');
  assert.equal((await alice.invites(String(line)).refused()).status, 486);
  assert.equal((await simulated.says('refused', 'line'))['status'], 486);
  const call = alice.invites(String(uri));
  const heard = await call.hears(700, { within: 20_000 });
  await call.hears(1500, { since: heard, within: 20_000 });
  await simulated.says('listening', 'box');
  assert.equal((await simulated.says('called', 'box'))['from'], 'alice');
  await simulated.says('beep', 'box');
  const ended = simulated.stop('SIGINT');
  await call.byed();
  assert.equal(await ended, 0);
  assert.equal(simulated.errors, '');
});

test('a user registers, with a password of the environment or the line, and is removed at the end', async () => {
  const registrar = await phone('registrar');
  const { port } = registrar;
  const code = graine(
    'simulate',
    '--register',
    'bob:se:cret@voice.test',
    '--server',
    `127.0.0.1:${port}`,
    '--for',
    '1',
  );
  const first = await registrar.strays.until((each) => each.method === 'REGISTER', { what: 'REGISTER' });
  assert.match(first.get('contact') ?? '', /^<sip:bob@127\.0\.0\.1:\d+>$/);
  const { out, code: exit } = await code;
  assert.equal(exit, 0);
  assert.match(out, /\d\d:\d\d:\d\d\.\d{3} {2}bob {2}registered {2}user bob {2}realm voice\.test/);
  assert.doesNotMatch(out, /cret/);
  assert.equal(registrar.strays.entries.at(-1)?.get('expires'), '0');
});

const pem = (name: string): string => path.resolve('src/sip/transport/testdata', `${name}.pem`);

test('a callee over TLS with SRTP is called so, and heard', async () => {
  const secrets = ['--cert', pem('server'), '--key', pem('server.key')];
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const simulated = simulation('--listen', 'tls://127.0.0.1:0', ...secrets, '--srtp', suite, '--tone', '620');
  const { uri } = await simulated.says('ready');
  assert.match(String(uri), /;transport=tls$/);
  const tls = { ca: readFileSync(pem('ca'), 'utf8'), servername: 'sip.example.test' };
  const alice = await Phone.listen({ name: 'alice', transport: 'tls', tls, srtp: suite, seed: 5 });
  open.push(alice);
  const call = alice.invites(String(uri));
  await call.hears(620, { within: 20_000 });
  assert.ok(call.sends?.masterKey);
  assert.equal(call.media?.packetsForged, 0);
  await call.hangsUp();
  assert.equal(await simulated.stop('SIGINT'), 0);
});

test('a registration that is refused ends it with 1 and says why', async () => {
  const registrar = await phone('registrar');
  registrar.onInvite = phones.busy();
  registrar.strayStatus = 403;
  const server = `127.0.0.1:${registrar.port}`;
  const { code, err } = await graine('simulate', '--register', 'bob:secret@voice.test', '--server', server);
  assert.equal(code, 1);
  assert.match(err, /^--register: the server said 403 .*; check user, password and realm$/);
});

for (const [args, error] of [
  ['--behaviour=sings', /^--behaviour: there is no 'sings'; take one of answers, busy/],
  ['--behaviour=busy --beep=900', /^--beep: 'busy' has no use for it; .*--behaviour voicemail$/],
  ['--after=soon', /^--after: 'soon' is no number from 0 to 86400/],
  ['--loss=40', /^--loss: '40' is no number from 0 to 1/],
  ['--keys=1x', /^--keys: '1x' has what no phone has/],
  ['--keys=1 --keys-by=hand', /^--keys-by: .*take rtp or info$/],
  ['--listen=sip:here', /^--listen: .*write it like udp:\/\/127\.0\.0\.1:5090$/],
  ['--listen=udp://127.0.0.1:70000', /^--listen: /],
  ['--listen=wss://127.0.0.1:0', /^--listen: over wss nobody can call it .*add --register and --server/],
  ['--listen=tls://127.0.0.1:0', /^--listen: over TLS it must show a certificate; add --cert and --key$/],
  ['--listen=tls://127.0.0.1:0 --cert=x.pem', /^--cert: .*x\.pem/],
  ['--ca=x.pem', /^--ca: there is no TLS over udp/],
  ['--srtp=ROT13', /^--srtp: there is no suite 'ROT13'; take one of AEAD_AES_256_GCM/],
  ['--listen=udp://192.0.2.1:5090', /^--listen: callee1 cannot listen on 192\.0\.2\.1:5090 .*another port/],
  ['--behaviour=voicemail --greeting=nowhere.wav', /^--greeting: .*nowhere\.wav/],
  [`--wav=${import.meta.filename}`, /^--wav: .*give a WAV of 16-bit PCM$/],
  ['--callee=bob', /^--callee: 'bob' is no part of it; write key=value, with the keys name,/],
  ['--callee=colour=red', /^--callee: 'colour=red' is no part of it/],
  ['--register=bob:hush', /^--register: it has no user or no realm/],
  ['--register=bob:hush@voice.test', /^--register: it needs to know where; add --server/],
  ['--server=127.0.0.1:5060', /^--server: .*add --register/],
  ['--name=a<b>', /^--name: /],
  ['--for=ever', /^--for: 'ever' is no whole number/],
  ['--seed=-1', /^--seed: /],
] as const)
  test(`simulate ${args.replace(/=\/.*/, '=…')} is refused by name`, async () => {
    const { code, err } = await graine('simulate', ...args.split(' '));
    assert.equal(code, 1);
    assert.match(err, error);
    assert.doesNotMatch(err, /hush/);
  });
