import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../config/index.ts';
import { isOwnDoor, publicUrl } from './public-url.ts';

const config = (http: string) => parseConfig(`http: { ${http} }`, { source: undefined, folder: '/' });

describe('the URL others reach REST at', () => {
  it('is the one that was named, whatever REST listens on', () => {
    const named = config('listen: 0.0.0.0:3000, public_url: "https://Voice.example.test/graine/"');
    const bound = { address: '0.0.0.0', port: 3000 };
    assert.equal(publicUrl(named, bound, '192.0.2.9'), 'https://voice.example.test/graine');
  });
  it('is else where REST listens, with the port that was taken', () => {
    assert.equal(publicUrl(config('listen: 127.0.0.1:0'), undefined, '192.0.2.9'), 'http://127.0.0.1:0');
    const bound = { address: '127.0.0.1', port: 8123 };
    assert.equal(publicUrl(config('listen: 127.0.0.1:0'), bound, '192.0.2.9'), 'http://127.0.0.1:8123');
    assert.equal(publicUrl(config('listen: "[2001:db8::1]:80"'), undefined, 'x'), 'http://[2001:db8::1]:80');
  });
  it('never has a wildcard: there it is the address that SIP tells', () => {
    assert.equal(publicUrl(config('listen: 0.0.0.0:3000'), undefined, '192.0.2.9'), 'http://192.0.2.9:3000');
    assert.equal(publicUrl(config('listen: "[::]:3000"'), undefined, '2001:db8::9'), 'http://[2001:db8::9]:3000');
    assert.equal(publicUrl(config('listen: "[0:0::0]:3000"'), undefined, '192.0.2.9'), 'http://192.0.2.9:3000');
  });
});

describe('a node listens itself where it says that it is', () => {
  it('where that is its own address and port, without TLS', () => {
    const at = { address: '127.0.0.1', port: 3000 };
    assert.equal(isOwnDoor('http://127.0.0.1:3000', at), true);
    assert.equal(isOwnDoor('http://127.0.0.1:3000', { address: '0.0.0.0', port: 3000 }), true);
    assert.equal(isOwnDoor('http://[::1]:80', { address: '::1', port: 80 }), true);
    assert.equal(isOwnDoor('https://127.0.0.1:3000', at), false);
    assert.equal(isOwnDoor('http://127.0.0.1:3001', at), false);
    assert.equal(isOwnDoor('http://192.0.2.9:3000', { address: '0.0.0.0', port: 3000 }), false);
    assert.equal(isOwnDoor('http://node-1.example.test:3000', at), false);
  });
});
