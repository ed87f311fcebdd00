// What encryption costs: CPU a packet of a browser bridged to a plain far end, of two far ends with SRTP and keys of their own
// (SDES, each packet is opened under one key and protected under another), and of two plain ones beside them.
//   node bench/webrtc.mjs [--calls 40] [--seconds 6] [--kinds plain,browser,AES_CM_128_HMAC_SHA1_80]
// CPU is this process's (engine and worker, from the kernel); browsers and phones are another process, which does DTLS and
// SRTP with our own code on the other end. A packet counts once it came out.
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';

(await import('tsx/esm/api')).register();
const from = (module) => import(new URL(`../src/${module}.ts`, import.meta.url));
const PCMU = { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 };
const sound = Buffer.alloc(160, 0x55);
const suites = ['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'];

if (process.send === undefined) await measure();
else await load();

async function measure() {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '40' },
      seconds: { type: 'string', default: '6' },
      kinds: { type: 'string', default: ['plain', 'browser', ...suites].join(',') },
    },
  });
  const [calls, seconds] = [Number(values.calls), Number(values.seconds)];
  const { createEmbeddedEngine } = await from('media/index');
  const { SystemClock, SystemRandom, silentLog } = await from('base/index');
  for (const kind of values.kinds.split(',')) {
    const parts = { clock: new SystemClock(), random: new SystemRandom(), log: silentLog };
    const engine = await createEmbeddedEngine({ address: '127.0.0.1', ports: '50000-51999', workers: 1, ...parts });
    const child = fork(new URL(import.meta.url));
    const next = () => new Promise((resolve) => child.once('message', resolve));
    const opened = [];
    for (let i = 0; i < calls; i++) {
      const a = await engine.open({ session: `s${i}`, endpoint: `a${i}` });
      const b = await engine.open({ session: `s${i}`, endpoint: `b${i}` });
      opened.push({ a, b });
    }
    child.send({ kind, opened, seconds });
    const ends = await next();
    for (const [i, { a, b }] of ends.entries()) {
      await engine.configure(`a${i}`, a);
      await engine.configure(`b${i}`, b);
      await engine.bridge(`a${i}`, `b${i}`);
    }
    await engine.stats();
    child.send('connect');
    await next();
    await pause(1000);
    const [before, sentBefore] = [process.cpuUsage(), (await engine.stats()).packetsRelayed];
    await pause(seconds * 1000);
    const [cpu, packets] = [process.cpuUsage(before), (await engine.stats()).packetsRelayed - sentBefore];
    const each = (cpu.user + cpu.system) / packets;
    console.log(
      `${kind.padEnd(24)} ${each.toFixed(1)} µs a packet (${packets} packets, user ${cpu.user / 1000} ms, system ${cpu.system / 1000} ms)`,
    );
    child.disconnect();
    await engine.close();
  }
}

async function load() {
  const { TestPhone } = await from('media/fixture');
  const { TestBrowser } = await from('media/webrtc/fixture');
  const { kind, opened } = await new Promise((resolve) => process.once('message', resolve));
  const ends = await Promise.all(
    opened.map(async ({ a, b }) => ({
      a,
      b,
      one: kind === 'browser' ? await TestBrowser.open() : await TestPhone.open(),
      two: await TestPhone.open(),
    })),
  );
  const keys = suites.includes(kind) ? await keysOf(kind, ends.length) : undefined;
  const secure = (settings, own) => (own === undefined ? settings : { ...settings, srtp: own.engine });
  process.send(
    ends.map(({ one, two }, i) => ({
      a: secure(kind === 'browser' ? one.settings([PCMU]) : one.settings(), keys?.[i].one),
      b: secure(two.settings(), keys?.[i].two),
    })),
  );
  await new Promise((resolve) => process.once('message', resolve));
  if (kind === 'browser') for (const { a, one } of ends) await one.connects(a, a.fingerprint);
  process.send('ready');
  let sequence = 1;
  const plain = Buffer.alloc(172);
  sound.copy(plain, 12);
  const timer = setInterval(() => {
    for (const [i, { a, b, one, two }] of ends.entries()) {
      plain.writeUInt8(0x80, 0);
      plain.writeUInt16BE(sequence & 0xffff, 2);
      plain.writeUInt32BE((sequence * 160) >>> 0, 4);
      plain.writeUInt32BE(0x1234, 8);
      two.rtp.send(sealed(plain, keys?.[i].two), b.port, '127.0.0.1');
      if (kind !== 'browser') one.rtp.send(sealed(plain, keys?.[i].one), a.port, '127.0.0.1');
      else one.says(a.port, sound);
      one.heard.length = 0;
      two.heard.length = 0;
    }
    sequence++;
  }, 20);
  process.once('disconnect', () => {
    clearInterval(timer);
    process.exit();
  });
}

/** For each call two keys an end: the engine's half, and SRTP with the other. */
async function keysOf(suite, calls) {
  const { Srtp } = await from('media/index');
  const { freshKey } = await from('sdp/index');
  const { randomBytes } = await import('node:crypto');
  const end = () => {
    const [send, receive] = [freshKey(suite, randomBytes), freshKey(suite, randomBytes)];
    return { engine: { send, receive }, srtp: new Srtp({ send: receive, receive: send }) };
  };
  return Array.from({ length: calls }, () => ({ one: end(), two: end() }));
}

function sealed(plain, keys) {
  const bytes = Buffer.alloc(plain.length + 32);
  plain.copy(bytes);
  const packet = { bytes, at: 0, length: plain.length, host: '', port: 0 };
  keys?.srtp.protect(packet);
  return bytes.subarray(0, packet.length);
}
