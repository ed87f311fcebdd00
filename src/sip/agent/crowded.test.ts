// A server under too much: new calls are refused without a trace, calls that stand are not touched. RFC 3261 §21.5.4, RFC 6357.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Door } from '../../ports/index.ts';
import { clean, dial, pair, Phone, sdp } from './fixture.test.ts';

/** A door that is opened and shut by hand. */
class HandDoor implements Door {
  shut = false;
  asked = 0;

  enter(): number | undefined {
    this.asked++;
    return this.look();
  }

  look(): number | undefined {
    return this.shut ? 3 : undefined;
  }
}

let serial = 0;

function outside(method: string, headers: readonly string[] = []): string[] {
  serial += 1;
  return [
    `${method} sip:bob@voice.test SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKc${serial}`,
    'Max-Forwards: 70',
    `From: <sip:eve@voice.test>;tag=f${serial}`,
    'To: <sip:bob@voice.test>',
    `Call-ID: crowded-${serial}`,
    `CSeq: 1 ${method}`,
    'Contact: <sip:eve@127.0.0.1:5070>',
    ...headers,
  ];
}

function crowded() {
  const door = new HandDoor();
  const all = pair({ bob: { door } });
  const phone = new Phone(all.wires, 5070);
  const say = async (lines: readonly string[]): Promise<void> => {
    phone.send(5062, lines);
    await all.settle();
  };
  return { ...all, door, phone, say };
}

test('a shut door: INVITE and OPTIONS get 503 with Retry-After, and leave no transaction behind', async () => {
  const all = crowded();
  all.door.shut = true;
  await all.say(outside('INVITE'));
  await all.say(outside('OPTIONS'));
  assert.equal(all.phone.lastResponse('503 INVITE').headers.get('Retry-After'), '3');
  assert.equal(all.phone.lastResponse('503 OPTIONS').headers.get('Retry-After'), '3');
  assert.equal(all.bob.invitations.length, 0);
  assert.deepEqual((all.bob.agent.dump() as { servers: unknown[] }).servers, []);
  clean(all);
});

test('an INVITE that was refused and comes again is refused again, though there is room now', async () => {
  const all = crowded();
  const first = outside('INVITE');
  all.door.shut = true;
  await all.say(first);
  all.door.shut = false;
  await all.say(first);
  assert.equal(all.phone.received.length, 2);
  assert.equal(all.bob.invitations.length, 0);
  await all.say(outside('INVITE'));
  assert.equal(all.bob.invitations.length, 1, 'another is taken');
  all.bob.invitations[0]?.reject({ status: 486 });
  await all.settle(40_000);
  clean(all);
});

test('an INVITE that comes again while it rings asks the door once', async () => {
  const all = crowded();
  const first = outside('INVITE');
  await all.say(first);
  all.door.shut = true;
  await all.say(first);
  await all.say(first);
  assert.equal(all.door.asked, 1);
  assert.equal(all.bob.invitations.length, 1);
  all.bob.invitations[0]?.reject({ status: 486 });
  await all.settle(40_000);
  clean(all);
});

test('a call that stands is asked nothing: re-INVITE, Replaces and BYE pass a shut door', async () => {
  const all = crowded();
  const call = dial(all.alice, 5062);
  await all.settle();
  const taken = all.bob.invitations[0]?.accept({ sdp: sdp(2) });
  await all.settle();
  assert.ok(taken !== undefined);
  const before = all.door.asked;
  all.door.shut = true;
  await all.say(outside('INVITE', ['Replaces: somebody;to-tag=a;from-tag=b']));
  assert.equal(all.bob.invitations.length, 2, 'what replaces a dialog is judged by whoever knows dialogs');
  all.bob.invitations[1]?.reject({ status: 481 });
  const asked = taken.request('INFO');
  await all.settle(29_500);
  assert.notEqual((await asked).status, 503);
  assert.equal(all.door.asked, before);
  void call;
  await all.settle(40_000);
  clean(all);
});
