import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { silentLog, SystemClock } from '../base/index.ts';
import { parseConfig, type Server, startServer } from '../main.ts';
import { checkCertificate } from './doctor-tls.ts';
import { checkFiles, checkNode } from './doctor.ts';
import { run } from './program.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-cli-'));
let server: Server;
let where: string[] = [];

function freeTcp(): Promise<number> {
  return new Promise((resolve) => {
    const socket = net.createServer();
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as net.AddressInfo;
      socket.close(() => resolve(port));
    });
  });
}

function freeUdp(): Promise<number> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
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

before(async () => {
  const text = JSON.stringify({
    sip: { listen: [`udp://127.0.0.1:${await freeUdp()}`] },
    http: { listen: `127.0.0.1:${await freeTcp()}`, admin_token: 'cli-test-token' },
    media: { ports: '43000-43019', workers: 1 },
    store: { url: 'memory:' },
    accounts: [{ name: 'acme', applications: [{ name: 'main', app_json: [{ verb: 'pause', length: 60 }] }] }],
  });
  fs.writeFileSync(path.join(folder, 'graine.yaml'), text);
  server = await startServer(parseConfig(text, { source: undefined, folder }), { log: silentLog });
  where = ['--url', `http://127.0.0.1:${server.http.port}`, '--token', 'cli-test-token'];
});

after(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('calls, call and trace ask the running server, in whichever account the call is', async () => {
  assert.equal((await graine('calls', ...where)).out, 'No calls are running.');
  const url = `http://127.0.0.1:${server.http.port}/v1/Accounts`;
  const headers = { authorization: 'Bearer cli-test-token', 'content-type': 'application/json' };
  const [account] = (await (await fetch(url, { headers })).json()) as { account_sid: string }[];
  // A socket that hears and says nothing: the call keeps trying.
  const mute = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => mute.bind(0, '127.0.0.1', resolve));
  const body = {
    from: '100',
    to: { type: 'sip', sipUri: `sip:mute@127.0.0.1:${mute.address().port}` },
    app_json: [{ verb: 'hangup' }],
  };
  const made = await fetch(`${url}/${account?.account_sid}/Calls`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const { sid } = (await made.json()) as { sid: string };
  const list = await graine('calls', ...where);
  assert.match(list.out, new RegExp(`acme +${sid} +trying +outbound +100`));
  const shown = await graine('call', sid, ...where);
  assert.match(shown.out, /call_status +trying/);
  const trace = await graine('trace', sid, ...where);
  assert.match(trace.out, /ms {2}a +← INVITE/);
  const file = path.join(folder, 'call.pcap');
  assert.equal((await graine('trace', sid, '--pcap', file, ...where)).code, 0);
  assert.equal(fs.readFileSync(file).readUInt32LE(0), 0xa1b2c3d4);
  const page = path.join(folder, 'call.html');
  await graine('trace', sid, '--html', page, ...where);
  assert.match(fs.readFileSync(page, 'utf8'), /^<!doctype html>/);
  mute.close();
});

test('a refusal or a server that is away is said in words, with exit code 1', async () => {
  const away = await graine('calls', '--url', `http://127.0.0.1:${await freeTcp()}`);
  assert.equal(away.code, 1);
  assert.match(away.err, /no server answers at .*graine start/);
  const wrong = await graine('calls', '--url', where[1] as string, '--token', 'wrong');
  assert.match(wrong.err, /wants a key.*GRAINE_TOKEN/);
  const html = http.createServer((_, response) => response.end('<!doctype html>'));
  await new Promise<void>((resolve) => html.listen(0, '127.0.0.1', resolve));
  const stranger = await graine('calls', '--url', `http://127.0.0.1:${(html.address() as net.AddressInfo).port}`);
  html.close();
  assert.equal(stranger.code, 1);
  assert.match(stranger.err, /is not the REST of Graine.*--url/);
  const below = await graine('calls', '--url', `${where[1]}/v1`, '--token', 'cli-test-token');
  assert.match(below.err, /there are no accounts at .*\/v1\..*without a path/);
  const unknown = await graine('call', 'nope\u001b[2J', ...where);
  assert.equal(unknown.code, 1);
  assert.equal(unknown.err, 'there is no call nope\\u001b[2J');
});

test('config prints the effective values without a secret', async () => {
  const { code, out } = await graine('config', '--config', path.join(folder, 'graine.yaml'));
  assert.equal(code, 0);
  assert.match(out, /store:\n {2}url: "?memory:/);
  assert.doesNotMatch(out, /cli-test-token/);
});

test('a configuration with faults keeps the server from starting, and names them', async () => {
  const file = path.join(folder, 'bad.yaml');
  fs.writeFileSync(file, 'sip: { lisen: [] }\nmedia: { ports: 7 }\n');
  const { code, err } = await graine('config', '--config', file);
  assert.equal(code, 1);
  assert.match(err, /lisen/);
  assert.match(err, /ports/);
  assert.match(err, /\ndocs\/config\.md lists every key$/);
  const verbs = path.join(folder, 'verbs.yaml');
  fs.writeFileSync(verbs, 'accounts:\n- name: a\n  applications:\n  - name: m\n    app_json: [{ verb: dail }]\n');
  for (const command of ['start', 'doctor']) {
    const told = await graine(command, '--config', verbs);
    assert.equal(told.code, 1);
    assert.match(told.out + told.err, /line 5: accounts\[0\]\.applications\[0\]\.app_json: .*did you mean "dial"/);
  }
});

test('doctor: a running server is found ready; without one, ports that are taken are named', async () => {
  const config = ['--config', path.join(folder, 'graine.yaml')];
  const running = await graine('doctor', ...config, '--url', where[1] as string);
  assert.equal(running.code, 0, running.out);
  assert.match(running.out, /✓ it is ready for calls/);
  const elsewhere = await graine('doctor', ...config, '--url', `http://127.0.0.1:${await freeTcp()}`);
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.out, /✗ udp 127\.0\.0\.1:\d+ cannot be used: .*EADDRINUSE/);
});

test('doctor: an old Node and a low limit of open files are told', () => {
  assert.equal(checkNode('v20.18.9').state, 'bad');
  assert.equal(checkNode('v20.19.0').state, 'good');
  assert.equal(checkNode('v24.0.0').state, 'good');
  assert.equal(
    checkFiles('Max open files            1024                 4096                 files', 10_000).state,
    'doubt',
  );
  assert.equal(
    checkFiles('Max open files            65535                65535                files', 10_000).state,
    'good',
  );
});

test('an unknown command is refused, help and version are not', async () => {
  assert.equal((await graine('fly')).code, 1);
  assert.equal((await graine('--help')).code, 0);
  assert.match((await graine('--version')).out, /^\d+\.\d+\.\d+/);
});

test('doctor: a certificate of another key, of another name, near its end or not there is told', () => {
  const file = (name: string): string => new URL(`../sip/transport/testdata/${name}.pem`, import.meta.url).pathname;
  const pair = { cert: file('server'), key: file('server.key') };
  const now = Date.parse('2030-01-01');
  const state = (files: { cert: string; key: string }, name: string, at = now): string =>
    checkCertificate(files, name, at).state;
  assert.equal(state(pair, 'sip.example.test'), 'good');
  assert.equal(state(pair, '127.0.0.1'), 'good');
  assert.equal(state(pair, 'other.example.test'), 'doubt');
  assert.equal(state({ ...pair, key: file('client.key') }, 'sip.example.test'), 'bad');
  assert.equal(state({ ...pair, cert: file('nowhere') }, 'sip.example.test'), 'bad');
  const end = Date.parse(new X509Certificate(fs.readFileSync(pair.cert)).validTo);
  assert.equal(state(pair, 'sip.example.test', end - 864e5), 'doubt');
  assert.equal(state(pair, 'sip.example.test', end + 864e5), 'bad');
});
