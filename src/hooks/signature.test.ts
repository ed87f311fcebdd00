import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Signer, Signers } from './signature.ts';

function expected(secret: string, seconds: number, content: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${content}`).digest('hex')}`;
}

test('RFC 2104 §2: keys shorter, equal and longer than a block, contents of every size', () => {
  for (const keyLength of [0, 1, 32, 63, 64, 65, 200])
    for (const length of [0, 1, 55, 56, 64, 1000, 2700, 2720, 2727, 2728, 2740, 8192, 20_000])
      for (const unit of ['a', 'é', '✓']) {
        const [secret, content] = ['k'.repeat(keyLength), unit.repeat(length)];
        assert.equal(new Signer(secret).sign(1_800_000_000, content), expected(secret, 1_800_000_000, content));
      }
});

test('a signer keeps nothing of what it signed before', () => {
  const signers = new Signers();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.array(fc.string({ unit: 'binary', maxLength: 3000 })),
      (secret, contents) => {
        const signer = signers.of(secret);
        for (const content of contents) assert.equal(signer.sign(1, content), expected(secret, 1, content));
      },
    ),
  );
});
