/** Caller and callee in one process and one clock: what a server adds between an INVITE in and an INVITE out, and where
 * each call's media goes. The caller's number carries the number of the call through the server. */
import dgram from 'node:dgram';
import { answer, audioPort, offer, parse, uriIn, write } from './message.mjs';
import { sleep, until } from './numbers.mjs';

export const nearMedia = 10_000;
export const farMedia = 14_000;
/** 7 and five digits. */
export const numberOf = (call) => `7${String(call).padStart(5, '0')}`;
const callOf = (value) => Number(/(?:^|\D)7(\d{5})(?:\D|$)/.exec(value)?.[1] ?? -1);

let branches = 0;

export class Phones {
  #near = dgram.createSocket('udp4');
  #far = dgram.createSocket('udp4');
  /** @type {Map<string, number>} */
  #farCalls = new Map();
  #byId = new Map();
  calls = [];

  constructor(server, { near, far }) {
    this.server = server;
    this.nearPort = near;
    this.farPort = far;
  }

  async open() {
    const bind = (socket, port, listen) =>
      new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.on('message', listen);
        socket.bind(port, '127.0.0.1', () => {
          socket.setRecvBufferSize(4 << 20);
          resolve();
        });
      });
    await bind(this.#near, this.nearPort, (bytes, from) => this.#heardNear(bytes, performance.now(), from));
    await bind(this.#far, this.farPort, (bytes, from) => this.#heardFar(bytes, performance.now(), from));
  }

  close() {
    this.#near.close();
    this.#far.close();
  }

  /** Places `count` calls, `rate` a second; resolves when each is up or has failed. */
  async dial(count, rate) {
    for (let number = 0; number < count; number++) {
      const call = { number, id: `bench-${process.pid}-${number}-${branches++}`, resent: 0, routes: [], up: false };
      this.calls[number] = call;
      this.#byId.set(call.id, call);
      this.#again(call, 'INVITE', () => call.heard);
      await sleep(1_000 / rate);
    }
    await until(() => this.calls.every((call) => call.up || call.failed !== undefined), 5_000);
    return this.calls.filter((call) => call.up);
  }

  async hangUp() {
    for (const call of this.calls) {
      if (!call.up || call.over) continue;
      this.#again(call, 'BYE', () => call.over);
      await sleep(4);
    }
    await until(() => this.calls.every((call) => !call.up || call.over), 5_000);
  }

  /** UDP loses: said again after 0.5, 1, 2, 4 s. */
  #again(call, method, done) {
    const message = this.#request(call, method);
    const say = (wait) => {
      if (done() || wait > 4_000) return;
      if (wait > 500) call.resent += 1;
      else if (method === 'INVITE') call.sentAt = performance.now();
      this.#near.send(message, this.server.port, this.server.host);
      setTimeout(say, wait, wait * 2).unref();
    };
    say(500);
  }

  #request(call, method) {
    const number = numberOf(call.number);
    const { host, port } = this.server;
    const called = `sip:${number}@${host}:${port}`;
    const first = method === 'INVITE';
    const routes = first ? [] : [...call.routes].reverse().map((value) => ['Route', value]);
    return write(
      `${method} ${first ? called : (call.contact ?? called)} SIP/2.0`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${this.nearPort};branch=z9hG4bKbench${process.pid}x${branches++};rport`],
        ['Max-Forwards', '70'],
        ...routes,
        ['From', `<sip:${number}@127.0.0.1:${this.nearPort}>;tag=n${call.number}`],
        ['To', first ? `<${called}>` : call.to],
        ['Call-ID', call.id],
        ['CSeq', `${method === 'BYE' ? 2 : 1} ${method}`],
        ['Contact', `<sip:${number}@127.0.0.1:${this.nearPort}>`],
        ['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE'],
      ],
      first ? offer(nearMedia + 2 * call.number) : '',
    );
  }

  #heardNear(bytes, at, from) {
    const message = parse(bytes);
    const call = this.#byId.get(message.get('call-id'));
    if (call === undefined) return;
    if (message.status === undefined) {
      if (message.method === 'BYE') call.over = true;
      if (message.method === 'ACK') return;
      const body = message.body === '' ? '' : offer(nearMedia + 2 * call.number, 2);
      this.#near.send(
        answer(message, '200 OK', { contact: `sip:127.0.0.1:${this.nearPort}`, body }),
        from.port,
        from.address,
      );
      return;
    }
    if (message.method === 'BYE') call.over ||= message.status >= 200;
    if (message.method !== 'INVITE') return;
    call.heard = true;
    if (message.status === 180) call.ringingAt ??= at;
    if (message.status < 200) return;
    call.to = message.get('to');
    call.routes = message.all('record-route');
    if (message.status < 300) {
      call.answeredAt ??= at;
      call.contact = uriIn(message.get('contact'));
      call.nearServer = audioPort(message.body);
      call.up = true;
    } else {
      call.failed = message.first;
    }
    this.#near.send(this.#request(call, 'ACK'), this.server.port, this.server.host);
  }

  #heardFar(bytes, at, from) {
    const message = parse(bytes);
    if (message.status !== undefined || message.method === 'ACK') return;
    const reply = (status, options) => this.#far.send(answer(message, status, options), from.port, from.address);
    if (message.method !== 'INVITE') {
      reply('200 OK');
      return;
    }
    const id = message.get('call-id');
    const number = this.#farCalls.get(id) ?? callOf(message.get('from'));
    const call = this.calls[number];
    if (call === undefined) {
      reply('404 Not Found', { tag: 'none' });
      return;
    }
    const again = this.#farCalls.has(id);
    this.#farCalls.set(id, number);
    call.arrivedAt ??= at;
    call.farServer = audioPort(message.body) || call.farServer;
    const options = { tag: `f${number}`, contact: `sip:127.0.0.1:${this.farPort}` };
    if (!again) reply('180 Ringing', options);
    reply('200 OK', { ...options, body: offer(farMedia + 2 * number, again ? 2 : 1) });
  }
}
