import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  authorizationFor,
  chooseChallenge,
  digestResponse,
  formatChallenge,
  parseChallenge,
  parseCredentials,
  sameSecret,
} from './digest.ts';
import { HeaderFault } from './headers.ts';

// RFC 7616 §3.9.1.
const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  secret: { password: 'Circle of Life' },
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  qop: { nc: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
};

test('RFC 7616 §3.9.1 its example with MD5 and with SHA-256', () => {
  assert.equal(digestResponse({ ...mufasa, algorithm: 'MD5' }), '8ca523f5e9506fed4657c9700eebdbec');
  assert.equal(
    digestResponse({ ...mufasa, algorithm: 'SHA-256' }),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  );
});

test('RFC 2069 form, without qop, as RFC 3261 §22.4 still allows', () => {
  const { qop: _, ...old } = {
    ...mufasa,
    algorithm: 'MD5' as const,
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    realm: 'testrealm@host.com',
    secret: { password: 'CircleOfLife' },
  };
  assert.equal(digestResponse(old), '1949323746fe6a43ef61f9606e7febea');
});

test('a stored HA1 serves as well as the password', () => {
  const ha1 = '3d78807defe7de2157e2b0b6573a855f'; // MD5 of Mufasa:http-auth@example.org:Circle of Life
  assert.equal(digestResponse({ ...mufasa, algorithm: 'MD5', secret: { ha1 } }), '8ca523f5e9506fed4657c9700eebdbec');
});

for (const algorithm of ['MD5', 'SHA-256', 'MD5-sess', 'SHA-256-sess'] as const) {
  for (const qop of [true, false]) {
    test(`what we answer to ${algorithm} ${qop ? 'with' : 'without'} qop is what a server computes`, () => {
      const challenge = parseChallenge(formatChallenge({ realm: 'r "q"', nonce: 'n', algorithm, qop, opaque: 'o' }))!;
      const text = authorizationFor(challenge, {
        username: 'u\\',
        password: 'p',
        method: 'REGISTER',
        uri: 'sip:h',
        nc: 255,
        cnonce: 'cn',
      });
      const credentials = parseCredentials(text)!;
      assert.equal(credentials.realm, 'r "q"');
      assert.equal(credentials.username, 'u\\');
      assert.equal(credentials.opaque, 'o');
      if (qop) assert.deepEqual(credentials.qop, { cnonce: 'cn', nc: 255 });
      const { response, ...rest } = credentials;
      assert.equal(digestResponse({ ...rest, secret: { password: 'p' }, method: 'REGISTER' }), response);
    });
  }
}

test('the strongest challenge we can compute is chosen', () => {
  const md5 = 'Digest realm="a", nonce="1", algorithm=MD5, qop="auth"';
  const sha = 'Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth,auth-int"';
  const other = 'Digest realm="a", nonce="3", algorithm=SHA-512-256, qop="auth"';
  assert.equal(chooseChallenge([other, md5, sha])?.nonce, '2');
  assert.equal(chooseChallenge([other, md5])?.nonce, '1');
  assert.equal(chooseChallenge([other, 'Bearer x']), undefined);
});

test('stale and a missing algorithm are read', () => {
  assert.equal(parseChallenge('digest nonce=abc, realm="a" , STALE=TRUE')?.stale, true);
  assert.equal(parseChallenge('Digest nonce="x", realm="a"')?.algorithm, 'MD5');
});

const badChallenges = [
  '',
  'Basic realm="a"',
  'Digest',
  'Digest realm="a"',
  'Digest realm="a, nonce="b"',
  'Digest realm="a" nonce="b"',
  'Digest realm="a",, nonce="b"',
  'Digest realm="a", nonce="b", nonce="c"',
  'Digest realm="a", nonce="b", qop="auth-int"',
  'Digest realm="a", nonce="b",',
];
for (const text of badChallenges) {
  test(`${JSON.stringify(text)} is no challenge we answer`, () => assert.equal(parseChallenge(text), undefined));
}

test('credentials with qop need cnonce and an 8-digit nc, and nothing twice (C1)', () => {
  const base = 'Digest username="u", realm="r", nonce="n", uri="sip:h", response="AB"';
  assert.equal(parseCredentials(base)?.response, 'ab');
  for (const tail of [
    'qop=auth',
    'qop=auth, nc=00000001',
    'qop=auth, cnonce="c", nc=1',
    'qop=auth-int, cnonce="c", nc=00000001',
    'response="cd"',
    'algorithm=SHA-1',
    'qop=auth, cnonce="c", nc=0000000g',
  ]) {
    assert.equal(parseCredentials(`${base}, ${tail}`), undefined, tail);
  }
});

test('sameSecret compares values of any length', () => {
  assert.ok(sameSecret('abc', 'abc'));
  for (const other of ['abd', 'ab', 'abcd', '']) assert.equal(sameSecret('abc', other), false);
});

test('D1 no line break gets into an Authorization', () => {
  const challenge = { realm: 'r', nonce: 'n', algorithm: 'MD5' as const, qop: false };
  assert.throws(
    () =>
      authorizationFor(challenge, {
        username: 'u\r\nX: y',
        password: 'p',
        method: 'BYE',
        uri: 'sip:h',
        nc: 1,
        cnonce: 'c',
      }),
    HeaderFault,
  );
});
