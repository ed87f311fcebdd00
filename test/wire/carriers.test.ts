// What carriers need between calls: our registration, with digest; pings of their gateways. decisions.md "Carriers".
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { describe, it } from 'node:test';
import {
  createResponse,
  digestResponse,
  parseCredentials,
  parseMessage,
  serialize,
  type SipRequest,
} from '../../src/sip/message/index.ts';
import { dial, phones, stage, toPhone, World } from '../kit/index.ts';

/** A carrier's registrar: challenges, checks the answer by its own computation, remembers what it accepted. */
class CarrierRegistrar {
  readonly accepted: SipRequest[] = [];
  readonly refused: SipRequest[] = [];
  readonly #socket = dgram.createSocket('udp4');
  #waiting: (() => void)[] = [];

  async listen(): Promise<number> {
    this.#socket.on('message', (bytes, from) => {
      const read = parseMessage(bytes);
      if (!read.ok || read.message.kind !== 'request' || read.message.method !== 'REGISTER') return;
      const reply = this.#judge(read.message);
      this.#socket.send(serialize(reply), from.port, from.address);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return this.#socket.address().port;
  }

  async until(what: string, ready: () => boolean): Promise<void> {
    const late = setTimeout(() => assert.fail(`never came: ${what}`), 8000);
    while (!ready()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(late);
  }

  close(): void {
    this.#socket.close();
  }

  #judge(request: SipRequest) {
    const given = parseCredentials(request.headers.get('Authorization') ?? '');
    const right =
      given !== undefined &&
      given.response ===
        digestResponse({ ...given, username: 'trunk', secret: { password: 'pw-of-trunk' }, method: 'REGISTER' });
    if (right) {
      this.accepted.push(request);
      const contact = request.headers.get('Contact') ?? '';
      return createResponse(request, 200, undefined, { toTag: 'r', headers: [['Contact', contact]] });
    }
    this.refused.push(request);
    const challenge = 'Digest realm="sip.acme.test", nonce="n0nce", algorithm=SHA-256, qop="auth"';
    return createResponse(request, 401, undefined, { toTag: 'r', headers: [['WWW-Authenticate', challenge]] });
  }
}

describe('registration at a carrier', () => {
  it('registers at start with its digest, and takes it back at the end', async () => {
    const registrar = new CarrierRegistrar();
    const port = await registrar.listen();
    const register = { realm: 'sip.acme.test', username: 'trunk', password: 'pw-of-trunk', from_user: 'line-7' };
    const world = await World.start({
      account: (w) => ({
        carriers: [w.origin(), { name: 'acme', register, gateways: [{ host: '127.0.0.1', port, inbound: false }] }],
      }),
    });
    try {
      await registrar.until('an accepted REGISTER', () => registrar.accepted.length > 0);
      const [first] = registrar.accepted;
      assert.equal(first?.uri, 'sip:sip.acme.test');
      assert.equal(first?.from.uri.user, 'line-7');
      assert.equal(first?.from.uri.host, 'sip.acme.test');
      assert.match(first?.headers.get('Contact') ?? '', /<sip:trunk@127\.0\.0\.1:\d+/);
      // A slow machine may have the request sent again before the challenge is read: that is the same one.
      const challenged = new Set(registrar.refused.map(({ headers }) => headers.get('CSeq')));
      assert.equal(challenged.size, 1, 'one challenge, one answer');
    } finally {
      await world.stop();
    }
    assert.equal(registrar.accepted.at(-1)?.headers.get('Expires'), '0');
    registrar.close();
  });

  it('a carrier that refuses raises an alert, once', async () => {
    const registrar = new CarrierRegistrar();
    const port = await registrar.listen();
    const register = { realm: 'sip.acme.test', username: 'trunk', password: 'wrong' };
    const world = await World.start({
      account: (w) => ({
        carriers: [w.origin(), { name: 'acme', register, gateways: [{ host: '127.0.0.1', port, inbound: false }] }],
      }),
    });
    try {
      const alerts = await world.eventually('an alert', async () => {
        const found = await world.alerts('carrier-registration-failure');
        return found.length > 0 && found;
      });
      assert.equal(alerts.length, 1);
      assert.match(String(alerts[0]?.['message']), /acme.*(401|403)/);
    } finally {
      await world.stop();
      registrar.close();
    }
  });
});

const story = stage({
  phones: ['dead', 'alive'],
  account: (w) => {
    // Before the server starts: its first OPTIONS is refused.
    w.phone('dead').optionsStatus = 503;
    const watched = { send_options_ping: true };
    return {
      carriers: [
        w.origin(),
        {
          name: 'acme',
          gateways: [w.gateway('dead', { ...watched, priority: 1 }), w.gateway('alive', { ...watched, priority: 2 })],
        },
        ...['', 'sip:', '<sip:'].map((scheme, n) => ({
          name: `behind${n}`,
          gateways: [{ host: 'gateway.behind.test', protocol: 'udp', inbound: false, outbound: true }],
          outbound_sip_proxy: `${scheme}127.0.0.1:${w.phone('alive').port}${scheme.startsWith('<') ? '>' : ''}`,
        })),
      ],
    };
  },
});

story('gateways are asked with OPTIONS, and one that refuses is passed over', async (w) => {
  await w.eventually('both were asked', () =>
    Promise.resolve(
      ['dead', 'alive'].every((name) => w.phone(name).strays.entries.some((each) => each.method === 'OPTIONS')),
    ),
  );
  for (const name of ['dead', 'alive']) w.phone(name).onInvite = phones.answersAfter(10);
  w.app.answers(dial([toPhone({ trunk: 'acme' })], { answerOnBridge: true, timeout: 3 }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  await w.next('/action');
  assert.deepEqual([w.phone('dead').calls.entries.length, w.phone('alive').calls.entries.length], [0, 1]);
});

story('a carrier with an outbound proxy, an address or a URI, is called by it', async (w) => {
  const proxy = w.phone('alive');
  proxy.onInvite = phones.answersAfter(10);
  for (const n of [0, 1, 2]) {
    w.app.answers(dial([toPhone({ trunk: `behind${n}` })], { answerOnBridge: true, timeout: 3 }));
    const call = w.calls();
    await call.answered();
    const { invite } = await proxy.nextCall(n);
    assert.match(invite.uri, /@gateway\.behind\.test$/);
    assert.equal(invite.get('route'), `<sip:127.0.0.1:${proxy.port};lr>`);
    await call.hangsUp();
  }
});
