// Where a listener may be: the rules of hooks, for ws and wss.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStreamFinder } from './stream-place.ts';

const resolve =
  (answer: string[]) => (_: string, done: (error: null, addresses: { address: string; family: number }[]) => void) =>
    done(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('the place of a listener', () => {
  const strict = createStreamFinder({ allowPrivateAddresses: false, resolve: resolve(['93.184.216.34']) });

  it('is the checked addresses, in the URL as ws or wss, with the credentials apart', async () => {
    const expected = {
      url: 'wss://listen.example.test/a?b=c',
      addresses: [{ address: '93.184.216.34', family: 4 }],
      authorization: 'Basic dTpw',
    };
    assert.deepEqual(
      await strict('https://listen.example.test/a?b=c', { username: 'u', password: 'p' }, undefined),
      expected,
    );
    assert.deepEqual(await strict('wss://u:p@listen.example.test/a?b=c', undefined, undefined), expected);
    assert.deepEqual(
      await strict('/a?b=c', { username: 'u', password: 'p' }, 'https://listen.example.test/app'),
      expected,
    );
  });

  it('is refused where the name leads inside, even for one of its addresses', async () => {
    for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fd00::1', '::ffff:10.0.0.1']) {
      const find = createStreamFinder({ allowPrivateAddresses: false, resolve: resolve(['93.184.216.34', address]) });
      const place = await find('wss://rebinding.example.test/', undefined, undefined);
      assert.ok('refused' in place && place.refused.includes(address), JSON.stringify(place));
    }
  });

  it('is refused as a literal, by port and by scheme', async () => {
    const bad = [
      'ws://127.0.0.1/',
      'ws://[::1]/',
      'ws://2130706433/',
      'ws://metadata.google.internal/',
      'ws://a.test:6379/',
    ];
    for (const url of [...bad, 'ftp://a.test/', 'file:///etc/passwd', 'listener', 'ws:'])
      assert.ok('refused' in (await strict(url, undefined, undefined)), url);
  });

  it('is refused where the name has no address', async () => {
    const find = createStreamFinder({ allowPrivateAddresses: true, resolve: resolve([]) });
    assert.ok('refused' in (await find('ws://nowhere.example.test/', undefined, undefined)));
  });

  it('may be private where the operator says so', async () => {
    const find = createStreamFinder({ allowPrivateAddresses: true });
    assert.deepEqual(await find('ws://127.0.0.1:3000/', undefined, undefined), {
      url: 'ws://127.0.0.1:3000/',
      addresses: [{ address: '127.0.0.1', family: 4 }],
      authorization: undefined,
    });
    assert.ok('refused' in (await find('ws://169.254.169.254/', undefined, undefined)));
  });
});
