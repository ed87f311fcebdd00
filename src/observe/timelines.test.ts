import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { FakeClock, TraceChannel } from '../base/index.ts';
import { ladderPolicy } from './ladder.ts';
import { createTimelines, type TimelinesOptions } from './timelines.ts';

const account = '11111111-1111-4111-8111-111111111111';
const a = 'aaaaaaaa-0000-4000-8000-000000000000';
const sids = [
  a,
  'b1b1b1b1-0000-4000-8000-000000000000',
  'b2b2b2b2-0000-4000-8000-000000000000',
  'b3b3b3b3-0000-4000-8000-000000000000',
];
const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\na=sendrecv\r\n';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-timelines-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

type Wire = {
  callId: string;
  port: number;
  far: string;
  transport?: string;
  from?: string;
  uri?: string;
  extra?: string;
};

/** One dial of three, as the core would tell of it. */
class Sample {
  readonly trace = new TraceChannel();
  readonly clock = new FakeClock();
  readonly account: string;

  constructor(accountSid = account) {
    this.account = accountSid;
  }

  sip(direction: 'in' | 'out', title: string, wire: Wire, cseq = '1 INVITE'): void {
    const withSdp = cseq === '1 INVITE' && /^(?:INVITE|200)/.test(title);
    const { callId, port, far, from = '"Alice" <sip:alice@example.test>;tag=1', extra = '' } = wire;
    const request = /^[A-Z]+$/.test(title);
    const start = request ? `${title} ${wire.uri ?? 'sip:+15551230001@127.0.0.1'} SIP/2.0` : `SIP/2.0 ${title}`;
    const body = withSdp ? sdp : '';
    const type = withSdp ? 'Content-Type: application/sdp\r\n' : '';
    const via = `Via: SIP/2.0/UDP ${far}:${port};branch=z9hG4bK1\r\n`;
    const text = `${start}\r\n${via}From: ${from}\r\nTo: <sip:x@y>\r\nCall-ID: ${callId}\r\nCSeq: ${cseq}\r\n${extra}${type}Content-Length: ${body.length}\r\n\r\n${body}`;
    const local = { address: far.includes(':') ? '::1' : '127.0.0.1', port: 5060 };
    const remote = { address: far, port };
    const at = this.clock.now();
    const transport = wire.transport ?? 'udp';
    const bytes = Buffer.from(text);
    this.trace.publish({ kind: 'sip', direction, at, transport, local, remote, bytes, callId, title });
    // The transport reuses its buffer: whoever did not copy now holds zeros.
    bytes.fill(0);
  }

  link(callId: string, callSid: string): void {
    this.trace.publish({ kind: 'link', at: this.clock.now(), callId, callSid, sessionSid: a });
  }

  note(callSid: string, what: string, detail: Record<string, unknown> = {}): void {
    this.trace.publish({ kind: 'call', at: this.clock.now(), callSid, sessionSid: a, what, detail });
  }

  hook(type: string, request: unknown, response: unknown, status: number | undefined = 200): void {
    const rest = { request, response, status, attempt: 1, error: status === undefined ? 'timeout' : undefined };
    const url = 'http://user:hunter2@127.0.0.1:4000/call';
    const at = this.clock.now();
    this.trace.publish({ kind: 'hook', at, callSid: a, url, method: 'POST', type, durationMs: 11.4, ...rest });
  }

  /** The whole call. `from` is the caller's From header. */
  /** `over`: what the caller's leg goes over. */
  play(options: { from?: string; far?: string; over?: string } = {}): void {
    const caller: Wire = {
      callId: 'cid-a',
      port: 5070,
      far: options.far ?? '127.0.0.1',
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.over === undefined ? {} : { transport: options.over }),
    };
    const legs: Wire[] = [
      { callId: 'cid-b1', port: 5090, far: '127.0.0.2', uri: 'sip:+15557654321@127.0.0.2:5090' },
      { callId: 'cid-b2', port: 5091, far: '127.0.0.3', transport: 'tcp', uri: 'sip:desk@127.0.0.3:5091' },
      { callId: 'cid-b3', port: 5092, far: '127.0.0.4', uri: 'sip:bob@127.0.0.4:5092' },
    ];
    this.sip(
      'in',
      'INVITE',
      { ...caller, extra: 'Proxy-Authorization: Digest username="alice",\r\n response="0123456789abcdef"\r\n' },
      '1 INVITE',
    );
    this.link('cid-a', a);
    this.note(a, 'session.started', {
      accountSid: this.account,
      application: 'main',
      from: 'alice',
      to: '+15551230001',
    });
    this.sip('out', '100 Trying', caller);
    this.clock.advance(12);
    this.hook('session:new', { call_sid: a, from: 'alice' }, [
      { verb: 'dial', target: [{ type: 'sip', sipUri: 'sip:x@y', auth: { username: 'u', password: 'hunter2' } }] },
    ]);
    this.note(a, 'dial.started', { targets: 3, strategy: 'simring' });
    legs.forEach((leg, i) => {
      this.link(leg.callId, sids[i + 1] as string);
      this.sip('out', 'INVITE', leg);
    });
    this.clock.advance(30);
    legs.forEach((leg, i) => {
      this.sip('in', '180 Ringing', leg);
      this.note(sids[i + 1] as string, 'leg.ringing', { sipStatus: 180 });
    });
    this.sip('out', '180 Ringing', caller);
    this.clock.advance(1800);
    const [loser1, loser2, winner] = legs as [Wire, Wire, Wire];
    this.sip('in', '200 OK', winner);
    this.sip('out', 'ACK', winner, '1 ACK');
    this.note(sids[3] as string, 'leg.in-progress', { sipStatus: 200 });
    this.note(a, 'dial.winner', { callSid: sids[3] });
    for (const loser of [loser1, loser2]) {
      const reason = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n';
      this.sip('out', 'CANCEL', { ...loser, extra: reason }, '1 CANCEL');
      this.sip('in', '200 OK', loser, '1 CANCEL');
      this.sip('in', '487 Request Terminated', loser);
      this.sip('out', 'ACK', loser, '1 ACK');
    }
    this.note(sids[1] as string, 'leg.no-answer', { sipStatus: 487 });
    this.note(sids[2] as string, 'leg.no-answer', { sipStatus: 487 });
    this.sip('out', '200 OK', caller);
    this.sip('in', 'ACK', caller, '1 ACK');
    this.note(a, 'leg.in-progress', { sipStatus: 200 });
    this.note(a, 'media.bridged', { path: 'relay', with: sids[3], codecs: ['PCMU', 'PCMU'] });
    this.clock.advance(6000);
    this.sip('in', 'BYE', caller, '2 BYE');
    this.sip('in', 'BYE', caller, '2 BYE');
    this.sip('out', '200 OK', caller, '2 BYE');
    this.note(a, 'leg.completed', { sipStatus: 200 });
    this.note(a, 'session.ending', { by: 'caller', reason: 'hung up' });
    this.sip('out', 'BYE', winner, '2 BYE');
    this.clock.advance(4);
    this.sip('in', '200 OK', winner, '2 BYE');
    this.hook('verb:hook', { dial_call_status: 'completed' }, undefined, 204);
    this.trace.publish({ kind: 'end', at: this.clock.now(), sessionSid: a });
  }
}

function timelinesOf(sample: Sample, options: Partial<TimelinesOptions> = {}) {
  return createTimelines({ trace: sample.trace, clock: sample.clock, ...options });
}

for (const [where, options] of [
  ['memory', {}],
  ['disk', { dir: path.join(folder, 'main') }],
] as const) {
  test(`in ${where}, a call is told in order from the INVITE that came before anybody knew the call`, async () => {
    const sample = new Sample();
    const timelines = timelinesOf(sample, options);
    sample.play();
    const rows = (await timelines.timeline(account, a)) ?? [];
    const sip = rows
      .filter((row) => row['kind'] === 'sip')
      .map((row) => `${String(row['leg'])} ${String(row['title'])}`);
    assert.deepEqual(sip.slice(0, 5), ['a INVITE', 'a 100 Trying', 'b1 INVITE', 'b2 INVITE', 'b3 INVITE']);
    assert.equal(sip.length, 26);
    const first = rows[0] as { time: string; offset_ms: number; detail: { raw: string } };
    assert.equal(first.time, new Date(1_800_000_000_000).toISOString());
    assert.equal(first.offset_ms, 0);
    assert.match(first.detail.raw, /^INVITE sip:\+15551230001@127\.0\.0\.1 SIP\/2\.0\r\n/);
    assert.equal(rows.at(-1)?.['offset_ms'], 7846);
    await timelines.close();
    assert.deepEqual(sample.clock.pending(), []);
  });
}

test('D7: digest values, verb passwords and URL credentials are shown nowhere', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.play();
  const json = JSON.stringify(await timelines.timeline(account, a));
  const pcap = (await timelines.pcap(account, a))?.toString('latin1') ?? '';
  const page = (await timelines.page(account, a)) ?? '';
  for (const shown of [json, pcap, page]) {
    assert.doesNotMatch(shown, /hunter2|0123456789abcdef|username="alice"/);
    assert.match(shown, /Proxy-Authorization:/);
  }
  await timelines.close();
});

test('F1: another account asking for the call is told nothing at all', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.play();
  const stranger = '22222222-2222-4222-8222-222222222222';
  assert.equal(await timelines.timeline(stranger, a), undefined);
  assert.equal(await timelines.pcap(stranger, a), undefined);
  assert.equal(await timelines.page(stranger, a), undefined);
  assert.notEqual(await timelines.page(account, sids[2] as string), undefined, 'any leg of the session finds it');
  await timelines.close();
});

test('a restarted server finds the calls of its earlier life, but for a torn last record', async () => {
  const dir = path.join(folder, 'restart');
  const sample = new Sample();
  const timelines = timelinesOf(sample, { dir });
  sample.play();
  await timelines.close();
  const [file] = fs.readdirSync(dir);
  fs.appendFileSync(path.join(dir, file as string), Buffer.from([0, 0, 1, 0, 2, 1, 0, 0, 0, 65]));
  const again = timelinesOf(new Sample(), { dir });
  const rows = await again.timeline(account, sids[3] as string);
  assert.equal(rows?.filter((row) => row['kind'] === 'sip').length, 26);
  await again.close();
});

test('what is kept stays within its bound: the oldest calls are forgotten, index and all', async () => {
  for (const options of [{}, { dir: path.join(folder, 'bound') }]) {
    const trace = new TraceChannel();
    const clock = new FakeClock();
    const timelines = createTimelines({ trace, clock, maxBytes: 64_000, ...options });
    for (let i = 0; i < 400; i++) {
      const sid = `s${i}`;
      const detail = { accountSid: account, text: 'x'.repeat(500) };
      trace.publish({ kind: 'call', at: clock.now(), callSid: sid, sessionSid: sid, what: 'session.started', detail });
      trace.publish({ kind: 'end', at: clock.now(), sessionSid: sid });
      clock.advance(100);
    }
    clock.advance(10_000);
    await timelines.flush();
    assert.equal(await timelines.timeline(account, 's0'), undefined);
    assert.equal((await timelines.timeline(account, 's399'))?.length, 1);
    const { sessions } = timelines.dump();
    assert.ok(sessions > 50 && sessions < 130, `${sessions} sessions in the index`);
    await timelines.close();
    assert.deepEqual(clock.pending(), []);
  }
});

test('a disk that refuses costs the timeline, and nothing else', async () => {
  const file = path.join(folder, 'not-a-folder');
  fs.writeFileSync(file, '');
  const sample = new Sample();
  const timelines = timelinesOf(sample, { dir: path.join(file, 'timelines') });
  sample.play();
  assert.ok(((await timelines.timeline(account, a)) ?? []).length > 0, 'what is in memory can be read');
  await timelines.flush();
  assert.equal(timelines.dump().writeFailures, 2, 'the block that was full of time, and the one after');
  assert.equal(await timelines.timeline(account, a), undefined);
  await timelines.close();
});

test('an ended call leaves no Call-ID behind, even of a leg that was linked too late', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.play();
  assert.equal(timelines.dump().linked, 4);
  sample.clock.advance(10_000);
  assert.equal(timelines.dump().linked, 0);
  sample.link('late', sids[3] as string);
  assert.equal(timelines.dump().linked, 1);
  sample.clock.advance(10_000);
  assert.equal(timelines.dump().linked, 0);
  await timelines.close();
  assert.deepEqual(sample.clock.pending(), []);
});

test('INVITEs that never become calls are kept within a bound', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  for (let i = 0; i < 5000; i++) sample.sip('in', 'INVITE', { callId: `scan-${i}`, port: 5070, far: '127.0.0.9' });
  assert.equal(timelines.dump().unlinked, 1000);
  assert.equal(timelines.dump().sessions, 0);
  await timelines.close();
});

test('a session with endless events is cut, and says so', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.link('cid-a', a);
  sample.note(a, 'session.started', { accountSid: account });
  for (let i = 0; i < 10_000; i++)
    sample.sip('in', 'INFO', { callId: 'cid-a', port: 5070, far: '127.0.0.1' }, `${i} INFO`);
  const rows = (await timelines.timeline(account, a)) ?? [];
  assert.ok(rows.length < 8000);
  assert.match(String(rows.at(-1)?.['title']), /events were left out/);
  assert.equal((await timelines.page(account, a))?.match(/<details/g)?.length, 2000, 'the page stays readable');
  await timelines.close();
});

/** An independent reader of pcap, IP and UDP/TCP: checks lengths and checksums. */
function readPcap(file: Buffer): { protocol: number; payload: string }[] {
  assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
  assert.equal(file.readUInt32LE(20), 101, 'LINKTYPE_RAW');
  const sum = (bytes: Buffer) => {
    let total = 0;
    for (let i = 0; i < bytes.length; i += 2) total += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
    while (total > 0xffff) total = (total % 0x10000) + Math.floor(total / 0x10000);
    return total;
  };
  const packets = [];
  for (let at = 24; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    const ip = file.subarray(at + 16, at + 16 + length);
    const v6 = (ip[0] as number) >> 4 === 6;
    const headerLength = v6 ? 40 : 20;
    const protocol = (v6 ? ip[6] : ip[9]) as number;
    const segment = ip.subarray(headerLength);
    if (!v6) assert.equal(sum(ip.subarray(0, 20)), 0xffff, 'IPv4 header checksum');
    if (!v6) assert.equal(ip.readUInt16BE(2), length);
    const addresses = v6 ? ip.subarray(8, 40) : ip.subarray(12, 20);
    const pseudo = Buffer.concat([addresses, Buffer.from([0, protocol, segment.length >> 8, segment.length & 255])]);
    assert.equal(sum(Buffer.concat([pseudo, segment])), 0xffff, 'transport checksum');
    packets.push({ protocol, payload: segment.subarray(protocol === 17 ? 8 : 20).toString() });
    at += 16 + length;
  }
  return packets;
}

test('the capture holds every message with right headers and checksums, IPv4 and IPv6, UDP and TCP', async () => {
  for (const far of ['127.0.0.1', '2001:db8::7']) {
    const sample = new Sample();
    const timelines = timelinesOf(sample);
    sample.play({ far });
    const packets = readPcap((await timelines.pcap(account, a)) ?? Buffer.alloc(0));
    assert.equal(packets.length, 26);
    assert.equal(packets.filter(({ protocol }) => protocol === 6).length, 6);
    assert.match(packets[0]?.payload ?? '', /^INVITE sip:/);
    await timelines.close();
  }
});

const tshark = (() => {
  try {
    return execFileSync('tshark', ['--version'], { stdio: 'pipe' }).toString().split('\n')[0];
  } catch {
    return undefined;
  }
})();

for (const over of [undefined, 'tls', 'wss', 'ws']) {
  const options = { skip: tshark === undefined ? 'tshark is not installed' : false };
  test(`tshark reads the capture as SIP without a complaint (${over ?? 'udp and tcp'})`, options, async () => {
    const sample = new Sample();
    const timelines = timelinesOf(sample);
    sample.play(over === undefined ? {} : { over });
    const file = path.join(folder, 'call.pcap');
    fs.writeFileSync(file, (await timelines.pcap(account, a)) ?? '');
    const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE'];
    const fields = [
      '-T',
      'fields',
      '-e',
      'sip.Method',
      '-e',
      'sip.Status-Code',
      '-e',
      'ip.checksum.status',
      '-e',
      '_ws.expert.message',
      '-e',
      'exported_pdu.port_type',
    ];
    const lines = execFileSync('tshark', ['-r', file, ...checks, ...fields], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 26);
    if (over !== undefined)
      assert.ok(
        lines.some((line) => line.endsWith('\t2')),
        'over TCP, not UDP',
      );
    for (const line of lines) {
      assert.match(line, /^(?:[A-Z]+\t|\t\d{3})/, `not read as SIP: ${line}`);
      assert.doesNotMatch(line, /[Bb]ad checksum|[Mm]alformed/);
    }
    await timelines.close();
  });
}

test('A10, F3: what a stranger wrote in From, a URI or a hook body cannot act in the page', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.note(a, 'session.started', {
    accountSid: account,
    from: '<img src=x onerror=alert(1)>',
    to: '\u001b[31m\u202egnp',
  });
  sample.hook('verb:hook', { from: '</pre><script>alert(1)</script>' }, '"><svg onload=alert(1)>');
  sample.play({ from: '"</text><script>alert(1)</script>\u001b[2J" <sip:x"onmouseover=alert(1)@y>;tag=1' });
  const page = (await timelines.page(account, a)) ?? '';
  assert.doesNotMatch(page, /<script|<img|<svg onload|onerror=alert\(1\)>/);
  const tags = page.match(/<[a-zA-Z][^>]*>/g) ?? [];
  for (const tag of tags) assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\son\w+=/, tag);
  // oxlint-disable-next-line no-control-regex -- the test looks for exactly these
  assert.doesNotMatch(page, /[\u0000-\u0008\u000b-\u001f\u007f\u202e]/);
  assert.ok(page.includes(ladderPolicy.replaceAll("'", '&#39;')), 'the page carries its policy');
  for (const tag of tags) assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\s(?:src|href|action|style)=/, tag);
  assert.doesNotMatch(ladderPolicy, /url|http|unsafe/);
  if (process.env['LADDER_OUT'] !== undefined) fs.writeFileSync(process.env['LADDER_OUT'], page);
  await timelines.close();
});

test('the page says who won and why the call ended', async () => {
  const sample = new Sample();
  const timelines = timelinesOf(sample);
  sample.play();
  const page = (await timelines.page(account, a)) ?? '';
  assert.match(page, /Who won<\/dt><dd>b3 · bob</);
  assert.match(page, /Ended by<\/dt><dd>caller: hung up/);
  assert.match(page, /Answered after<\/dt><dd>1\.84 s/);
  assert.match(page, /sent again/, 'a retransmission is shown as one');
  if (process.env['LADDER_OUT'] !== undefined) fs.writeFileSync(`${process.env['LADDER_OUT']}.nice.html`, page);
  await timelines.close();
});
