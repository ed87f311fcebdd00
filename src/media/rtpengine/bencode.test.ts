import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { bdecode, bdecodeFirst, bencode, type Bencoded } from './bencode.ts';

const read = (text: string): Bencoded | undefined => bdecode(Buffer.from(text, 'latin1'));

test('what is written can be read', () => {
  const value = { command: 'offer', flags: ['a', 'é'], n: -7, deep: { list: [[1], {}] } };
  assert.deepEqual(JSON.parse(JSON.stringify(bdecode(Buffer.from(bencode(value))))), value);
  assert.equal(bencode('é'), '2:é');
});

for (const [what, text] of [
  ['nothing', ''],
  ['a string longer than what is there', '9:abc'],
  ['a length that no memory holds', '99999999999999999999:a'],
  ['a negative length', '-1:a'],
  ['a list without an end', 'li1e'],
  ['a dictionary without a value', 'd1:ae'],
  ['a dictionary with a number as key', 'di1e1:ae'],
  ['an empty number', 'ie'],
  ['a number without an end', 'i12'],
  ['a number of words', 'i1x2e'],
  ['more behind the end', 'i1ei2e'],
  ['depth without end', 'l'.repeat(60_000)],
  ['too many values', `l${'i1e'.repeat(20_001)}e`],
  ['more than a datagram', `70000:${'a'.repeat(70_000)}`],
]) {
  test(`refused: ${what}`, () => assert.equal(read(text!), undefined));
}

test('keys are only keys', () => {
  const value = read('d9:__proto__d1:a1:be11:constructor1:xe') as Record<string, Bencoded>;
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
  assert.equal(Object.getPrototypeOf(value), null);
});

test('the first of several values, and nothing while it is torn', () => {
  const bytes = Buffer.from('d1:ai1ee x');
  assert.equal(bdecodeFirst(bytes)?.length, 8);
  for (let cut = 0; cut < 8; cut++) assert.equal(bdecodeFirst(bytes.subarray(0, cut)), undefined);
});

test('no bytes make it throw', () => {
  const random = new SeededRandom(7);
  const seed = Buffer.from(bencode({ result: 'ok', sdp: 'v=0\r\n', tags: { a: [1, 2, { b: 'c' }] } }));
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(seed);
    for (let i = 0; i < 3; i++) bytes[random.integer(bytes.length)] = random.integer(256);
    bdecode(bytes);
    bdecode(random.bytes(random.integer(200)));
  }
});
