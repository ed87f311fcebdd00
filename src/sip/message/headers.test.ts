import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFault, HeaderFields } from './headers.ts';
import { header } from './names.ts';

function fields(...entries: Array<[string, string]>): HeaderFields {
  const headers = new HeaderFields();
  for (const [name, value] of entries) headers.append(name, value);
  return headers;
}

test('append goes after the last of its name, prepend before the first', () => {
  const headers = fields(['Via', 'one'], ['X-X', '1'], ['v', 'two']);
  headers.prepend('VIA', 'zero');
  assert.deepEqual(
    [...headers.entries()],
    [
      ['Via', 'zero'],
      ['Via', 'one'],
      ['Via', 'two'],
      ['X-X', '1'],
    ],
  );
});

test('set replaces every value and keeps the place of the first', () => {
  const headers = fields(['X-A', '1'], ['X-B', '2'], ['x-a', '3']);
  headers.set('x-a', '4');
  assert.deepEqual(
    [...headers.entries()],
    [
      ['X-A', '4'],
      ['X-B', '2'],
    ],
  );
  headers.set('X-C', '5');
  assert.equal(headers.size, 3);
});

test('replaceFirst and removeFirst touch one value only', () => {
  const headers = fields(['Route', '<sip:a>'], ['Route', '<sip:b>']);
  headers.replaceFirst('route', '<sip:c>');
  assert.deepEqual(headers.all('Route'), ['<sip:c>', '<sip:b>']);
  headers.removeFirst('ROUTE');
  assert.deepEqual(headers.all('Route'), ['<sip:b>']);
});

test('known names print in full, unknown ones as they were given', () => {
  assert.equal(fields(['i', 'c1'], ['x-MY-header', '1']).print(), '\r\nCall-ID: c1\r\nx-MY-header: 1');
});

test('print leaves Content-Length to whoever knows the body', () => {
  assert.equal(fields(['l', '5'], ['X-A', '1']).print(), '\r\nX-A: 1');
});

test('a clone changes alone', () => {
  const headers = fields(['X-A', '1']);
  const copy = headers.clone();
  copy.set('X-A', '2');
  assert.equal(headers.get('X-A'), '1');
  assert.equal(copy.get('x-a'), '2');
});

for (const value of ['a\r\nB: c', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'a\u0085b', '\x1b[31m']) {
  test(`D1 no way in for the value ${JSON.stringify(value)}`, () => {
    const headers = fields(['X-A', '1']);
    assert.throws(() => headers.set('X-A', value), HeaderFault);
    assert.throws(() => headers.append('X-A', value), HeaderFault);
    assert.throws(() => headers.prepend('X-A', value), HeaderFault);
    assert.throws(() => headers.replaceFirst('X-A', value), HeaderFault);
    assert.deepEqual(headers.all('X-A'), ['1']);
  });
}

for (const name of ['', 'A:', 'A B', 'A\r\nB', 'Ä', 'A\0', '"A"']) {
  test(`D1 no way in for the name ${JSON.stringify(name)}`, () => {
    assert.throws(() => new HeaderFields().append(name, '1'), HeaderFault);
  });
}

test('a token of a list is found whole, in any case and in any of its fields', () => {
  const headers = fields(['Supported', 'timer,100REL'], ['k', 'path , outbound2'], ['Require', '']);
  for (const token of ['timer', '100rel', 'path', 'outbound2'])
    assert.equal(headers.lists(header.supported, token), true);
  for (const token of ['time', '00rel', 'outbound', 'pat']) assert.equal(headers.lists(header.supported, token), false);
  assert.equal(headers.lists(header.require, 'timer'), false);
  assert.equal(headers.lists(header.allow, 'timer'), false);
});

test('names of objects are only names', () => {
  const headers = fields(['constructor', '1'], ['__proto__', '2']);
  assert.equal(headers.get('Constructor'), '1');
  assert.equal(headers.get('__PROTO__'), '2');
  assert.equal(headers.get('toString'), undefined);
});
