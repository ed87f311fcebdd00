/** The same call over the real transport layer: UDP and TCP on loopback. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Emitter, SeededRandom, silentLog, SystemClock, TraceChannel } from '../../base/index.ts';
import { NextHops, SourceGuard, TransportLayer } from '../transport/index.ts';
import { carrier, sdp } from './fixture.test.ts';
import type { Invitation } from './types.ts';
import { createUserAgent } from './user-agent.ts';

function next<E extends { [name: string]: unknown[] }, K extends keyof E>(events: Emitter<E>, name: K): Promise<E[K]> {
  return new Promise((resolve) => events.once(name, (...args) => resolve(args)));
}

async function phone(transport: 'udp' | 'tcp', seed: number) {
  const clock = new SystemClock();
  const random = new SeededRandom(seed);
  const log = silentLog;
  const network = new TransportLayer({
    clock,
    log,
    trace: new TraceChannel(),
    guard: new SourceGuard({ clock, log }),
    nextHops: new NextHops({ clock, random, log }),
  });
  const { port } = await network.listen(`${transport}://127.0.0.1:0`);
  const agent = createUserAgent({ network, clock, random, log, identify: () => carrier });
  const stop = async (): Promise<void> => {
    await agent.close();
    await network.close();
    assert.deepEqual(clock.pending(), []);
  };
  return { agent, port, stop };
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`over ${transport} a call rings, is answered, changed by a re-INVITE and ended`, async () => {
    const alice = await phone(transport, 1);
    const bob = await phone(transport, 2);
    const invited = new Promise<Invitation>((resolve) => bob.agent.onInvitation(resolve));
    const parameter = transport === 'tcp' ? ';transport=tcp' : '';
    const call = alice.agent.invite({
      uri: `sip:bob@127.0.0.1:${bob.port}${parameter}`,
      from: { uri: 'sip:alice@example.test' },
      sdp: sdp(1),
    });
    const ringing = next(call.events, 'progress');
    const answered = next(call.events, 'answered');
    const invitation = await invited;
    assert.equal(invitation.source.transport, transport);
    invitation.progress({ status: 180 });
    await ringing;
    const bobs = invitation.accept({ sdp: sdp(2) });
    bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(3) }));
    const [dialog] = await answered;
    const response = await dialog.reinvite({ sdp: sdp(4) });
    assert.equal(response.body.toString(), sdp(3).toString());
    const ended = next(bobs.events, 'ended');
    dialog.bye();
    assert.equal((await ended)[0].by, 'remote');
    await alice.stop();
    await bob.stop();
  });
}

test('a call to a closed TCP port fails as a transport error', async () => {
  const alice = await phone('tcp', 1);
  const bob = await phone('tcp', 2);
  await bob.stop();
  const call = alice.agent.invite({
    uri: `sip:bob@127.0.0.1:${bob.port};transport=tcp`,
    from: { uri: 'sip:alice@example.test' },
    sdp: sdp(1),
  });
  const [failure] = await next(call.events, 'failed');
  assert.equal(failure.by, 'transport');
  assert.equal(failure.status, 503);
  await alice.stop();
});
