import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { GraineError } from '../base/index.ts';
import type { Fault } from './faults.ts';
import { loadConfig, parseConfig, refuseUnbuilt } from './load.ts';
import { printConfig } from './print.ts';

const example = readFileSync(new URL('./testdata/interface.yaml', import.meta.url), 'utf8');
const parse = (text: string) => parseConfig(text, { source: '/etc/graine.yaml', folder: '/etc' });

function faultsOf(text: string): Fault[] {
  try {
    parse(text);
  } catch (fault) {
    assert.ok(fault instanceof GraineError, String(fault));
    assert.equal(fault.code, 'config-invalid');
    return fault.details['faults'] as Fault[];
  }
  assert.fail('the configuration was accepted');
}

function lines(text: string): string[] {
  return faultsOf(text).map(({ line, path: at, message }) => `${line} ${at}: ${message}`);
}

describe('a configuration that is right', () => {
  it('the example of the interface loads, word for word', () => {
    const config = parse(example);
    assert.equal(config.sip.listen.length, 5);
    assert.deepEqual(config.sip.listen[4], { transport: 'wss', address: '127.0.0.1', port: 5067 });
    assert.equal(config.sip.advertise, '203.0.113.7');
    assert.equal(config.sip.tls?.cert, '/etc/tls/cert.pem');
    assert.deepEqual(config.media.ports, { first: 40_000, last: 49_999 });
    assert.equal(config.http.admin_token, 'change-me');
    assert.equal(config.store.url, 'file:/etc/data');
    const [account] = config.accounts;
    assert.equal(account?.carriers[0]?.register?.from_domain, 'd');
    assert.equal(account?.carriers[0]?.gateways[0]?.port, 5090);
    assert.equal(account?.phone_numbers[0]?.number, '+15551230001');
    assert.deepEqual(account?.applications[0]?.app_json, [{ verb: 'dial', target: [{ type: 'user', name: 'bob' }] }]);
  });

  it('every key it leaves out has its default', () => {
    const config = parse('sip: { listen: ["udp://127.0.0.1:0"] }');
    assert.equal(config.hooks.timeout_seconds, 10);
    assert.equal(config.shutdown.drain_seconds, 3600);
    assert.equal(config.live.url, 'memory:');
    assert.equal(config.media.engine, 'embedded');
    assert.ok(config.media.workers >= 1);
    assert.equal(config.sip.domain, '127.0.0.1');
    assert.deepEqual(config.accounts, []);
  });

  it('an empty file is all defaults', () => {
    assert.equal(parse('').http.listen.port, 3000);
    assert.equal(parse('sip:\nmedia:\n').http.listen.port, 3000);
  });

  it('is frozen to the last leaf', () => {
    const config = parse(example);
    assert.ok(Object.isFrozen(config.sip.limits));
    assert.ok(Object.isFrozen(config.accounts[0]?.carriers[0]?.gateways[0]));
    assert.ok(Object.isFrozen(config.sip.listen[0]));
  });

  it('private hook addresses are allowed by default only while every listener is on loopback', () => {
    assert.equal(parse('').hooks.allow_private_addresses, true);
    assert.equal(parse('sip: { listen: ["udp://0.0.0.0:5060"] }').hooks.allow_private_addresses, false);
    assert.equal(parse('http: { listen: "192.0.2.1:80" }').hooks.allow_private_addresses, false);
    const open = 'sip: { listen: ["udp://0.0.0.0:5060"] }\nhooks: { allow_private_addresses: true }';
    assert.equal(parse(open).hooks.allow_private_addresses, true);
  });

  it('IPv6 listeners and usual ports are understood', () => {
    const config = parse('sip: { listen: ["udp://[::1]", "tcp://localhost:5070"] }');
    assert.deepEqual(config.sip.listen, [
      { transport: 'udp', address: '::1', port: 5060 },
      { transport: 'tcp', address: '127.0.0.1', port: 5070 },
    ]);
    assert.equal(config.hooks.allow_private_addresses, true);
  });
});

describe('a configuration that is wrong', () => {
  it('lists every fault at once, each with its line, path and the nearest known name', () => {
    const text = [
      'sip:',
      '  lissen: ["udp://127.0.0.1:5060"]',
      'media:',
      '  engine: rtpengin',
      '  workers: many',
      'hooks: { timeout: 5 }',
      'accounts:',
      '  - nme: demo',
      '    clients:',
      '      - username: alice',
      '        password: 1234',
      'shutdwn: {}',
    ].join('\n');
    assert.deepEqual(lines(text), [
      "2 sip.lissen: unknown key; did you mean 'listen'?",
      '4 media.engine: expected one of embedded, rtpengine, found "rtpengin"; did you mean \'rtpengine\'?',
      '5 media.workers: expected a whole number from 1 to 64, found "many"',
      '6 hooks.timeout: unknown key; known here: timeout_seconds, connect_timeout_seconds, max_body_bytes, connections_per_origin, allow_private_addresses',
      "8 accounts[0].nme: unknown key; did you mean 'name'?",
      '8 accounts[0].name: is missing (Unique)',
      '11 accounts[0].clients[0].password: expected text in quotes',
      "12 shutdwn: unknown key; did you mean 'shutdown'?",
    ]);
  });

  it('the message carries the whole list and says where to read on', () => {
    assert.throws(() => parse('a: 1\nb: 2'), /line 1: a: unknown key[^]*line 2: b: unknown key[^]*docs\/config\.md/);
  });

  it('broken YAML names the line', () => {
    assert.match(lines('sip: {\n  domain: "x\n')[0] ?? '', /^\d+ : not valid YAML: /);
    assert.match(lines('sip: {}\nsip: {}')[0] ?? '', /^2 : not valid YAML: Map keys must be unique/);
  });

  it('an unquoted phone number is caught before YAML eats its plus', () => {
    const text = 'accounts:\n  - name: a\n    phone_numbers:\n      - number: +15551230001';
    assert.deepEqual(lines(text), [
      '4 accounts[0].phone_numbers[0].number: expected text in quotes, found 15551230001',
    ]);
  });

  it('names that do not exist are named, with what was meant', () => {
    const text = [
      'accounts:',
      '  - name: a',
      '    device_calling_application: mian',
      '    applications:',
      '      - { name: main, app_json: [] }',
      '    carriers:',
      '      - { name: acme, application: other }',
      '    phone_numbers:',
      '      - { number: "1", carrier: acne }',
    ].join('\n');
    assert.deepEqual(lines(text), [
      "3 accounts[0].device_calling_application: no application is named 'mian' in this account; did you mean 'main'?",
      "7 accounts[0].carriers[0].application: no application is named 'other' in this account; known: main",
      "9 accounts[0].phone_numbers[0].carrier: no carrier is named 'acne' in this account; did you mean 'acme'?",
    ]);
  });

  it('values with a grammar of their own are checked', () => {
    const text = [
      'sip:',
      '  listen: ["udp://example.test:5060", "tls://127.0.0.1:5061"]',
      '  ban: { never: ["10.0.0.0/33"] }',
      'media: { ports: 50000-40000 }',
      'http: { listen: "127.0.0.1:99999" }',
      'store: { url: "mysql://x" }',
      'live: { url: "redis" }',
      'accounts:',
      '  - name: a',
      '    carriers:',
      '      - name: c',
      '        gateways:',
      '          - { host: 192.0.2.1, netmask: 33 }',
      '          - { host: 192.0.2.1, netmask: 0 }',
      '          - { host: "a b" }',
      '    applications: [{ name: x, call_hook: /relative }, { name: y }]',
    ].join('\n');
    const paths = faultsOf(text).map((fault) => `${fault.line} ${fault.path}`);
    assert.deepEqual(paths, [
      '2 sip.listen[0]',
      '2 sip.listen',
      '3 sip.ban.never[0]',
      '4 media.ports',
      '5 http.listen',
      '6 store.url',
      '7 live.url',
      '13 accounts[0].carriers[0].gateways[0].netmask',
      '14 accounts[0].carriers[0].gateways[1].netmask',
      '15 accounts[0].carriers[0].gateways[2].host',
      '16 accounts[0].applications[0].call_hook',
      '16 accounts[0].applications[1]',
    ]);
  });

  it('two things of one name are refused', () => {
    const text = 'accounts:\n  - name: a\n  - name: a\n    sip_realm: x.test';
    assert.deepEqual(lines(text), ["3 accounts[1].name: 'a' is there already, at accounts[0]"]);
    assert.deepEqual(lines('accounts:\n  - name: a\n  - name: b'), [
      '3 accounts[1].sip_realm: is missing: the realm of the server, sip.domain, is that of accounts[0] already',
    ]);
  });

  it('a user name that no device could register with, and a mask of a name, are refused', () => {
    for (const name of ['a b', 'alice@x.test', 'x'.repeat(65)])
      assert.deepEqual(lines(`accounts: [{ name: a, clients: [{ username: "${name}", password: p }] }]`), [
        '1 accounts[0].clients[0].username: expected letters, digits and _ . ! ~ * + -, at most 64',
      ]);
    assert.deepEqual(
      lines('accounts: [{ name: a, carriers: [{ name: c, gateways: [{ host: gw.test, netmask: 24 }] }] }]'),
      [
        '1 accounts[0].carriers[0].gateways[0].netmask: expected 32, or an address as host: a name stands for single addresses',
      ],
    );
  });

  it('a carrier may be paced below one call a second, and not at none', () => {
    const carrier = (cps: string) => `accounts: [{ name: a, carriers: [{ name: c, max_cps: ${cps} }] }]`;
    assert.equal(parse(carrier('0.5')).accounts[0]?.carriers[0]?.max_cps, 0.5);
    for (const cps of ['0', '-1', '100001', 'many'])
      assert.match(lines(carrier(cps)).join(), /max_cps: expected a number above 0, at most 100000, found/);
  });

  it('two listeners on one port are refused, however they are written; UDP and TCP may share it', () => {
    assert.equal(
      parse(
        'sip: { listen: ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0"] }',
      ).sip.listen.length,
      4,
    );
    assert.deepEqual(lines('sip: { listen: ["tcp://127.0.0.1:5060", "ws://localhost:5060"] }'), [
      "1 sip.listen[1]: 'tcp 127.0.0.1:5060' is there already, at sip.listen[0]",
    ]);
    assert.deepEqual(lines('sip: { listen: ["tcp://127.0.0.1:3000"] }\nhttp: { listen: "127.0.0.1:3000" }'), [
      '2 http.listen: sip.listen[0] has this port already',
    ]);
  });

  it('a secret is never repeated in a fault', () => {
    const message = lines('http: { admin_token: [very, secret] }\naccounts: [{ name: a, webhook_secret: 12345 }]').join(
      '\n',
    );
    assert.doesNotMatch(message, /very|12345/);
  });

  it('bombs of aliases, deep nesting and prototype names do no harm', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`),
    ];
    assert.ok(faultsOf(bomb.join('\n')).length > 0);
    assert.ok(
      faultsOf(`accounts: [{ name: a, applications: [{ name: m, app_json: ${'['.repeat(5000)}${']'.repeat(5000)} }] }]`)
        .length >= 0,
    );
    assert.ok(faultsOf('__proto__: { polluted: 1 }').length > 0);
    assert.ok(
      faultsOf('accounts: [{ name: a, applications: [{ name: m, app_json: [], env_vars: { __proto__: x } }] }]')
        .length > 0,
    );
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });
});

describe('finding the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'graine-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('without any file the demo is served: two users who may sign in, one application, nothing kept', () => {
    const config = loadConfig(undefined, { env: {}, folder });
    assert.equal(config.source, undefined);
    assert.deepEqual(
      config.sip.listen.map((each) => `${each.transport}:${each.port}`),
      ['udp:5060', 'tcp:5060', 'ws:5066'],
    );
    assert.deepEqual(config.http.listen, { address: '127.0.0.1', port: 3000 });
    assert.equal(config.store.url, 'memory:');
    assert.deepEqual(
      config.accounts[0]?.clients.map((each) => each.username),
      ['alice', 'bob'],
    );
    assert.deepEqual(
      config.accounts[0]?.users.map((each) => each.email),
      ['alice@demo.test', 'bob@demo.test'],
    );
    assert.equal(config.accounts[0]?.device_calling_application, 'main');
    assert.equal(config.hooks.allow_private_addresses, true);
    const elsewhere = loadConfig(undefined, { env: {}, folder, demoApp: 'http://127.0.0.1:9' });
    assert.equal(elsewhere.accounts[0]?.applications[0]?.call_hook, 'http://127.0.0.1:9/call');
  });

  it('./graine.yaml is used, GRAINE_CONFIG goes before it, and a named file before both', () => {
    for (const name of ['graine', 'env', 'named'])
      writeFileSync(path.join(folder, `${name}.yaml`), `sip: { domain: ${name}.test }`);
    const env = { GRAINE_CONFIG: 'env.yaml' };
    assert.equal(loadConfig(undefined, { env: {}, folder }).sip.domain, 'graine.test');
    assert.equal(loadConfig(undefined, { env, folder }).sip.domain, 'env.test');
    assert.equal(loadConfig('named.yaml', { env, folder }).sip.domain, 'named.test');
  });

  it('a file that was named but is not there is an error, not the demo', () => {
    assert.throws(() => loadConfig('missing.yaml', { env: {}, folder }), { code: 'config-unreadable' });
  });

  it('the environment sets log level and debug areas, and a wrong level is a fault', () => {
    const config = loadConfig(undefined, {
      env: { GRAINE_LOG: 'warn', GRAINE_DEBUG: 'sip.transaction, media' },
      folder,
    });
    assert.equal(config.log.level, 'warn');
    assert.deepEqual(config.log.debug, ['sip.transaction', 'media']);
    assert.throws(() => loadConfig(undefined, { env: { GRAINE_LOG: 'loud' }, folder }), /GRAINE_LOG: expected one of/);
  });
});

describe('secure transports', () => {
  const carriers = (...gateways: string[]) =>
    `accounts: [{ name: a, carriers: [${gateways.map((each, i) => `{ name: c${i}, gateways: [${each}] }`).join(', ')}] }]`;

  it('files of domains and gateways are taken from the folder of the file', () => {
    const config = parse(
      `sip: { tls: { cert: c.pem, key: k.pem, domains: [{ name: b.example.test, cert: b.pem, key: b.key }] } }\n${carriers(
        '{ host: h.example.test, protocol: tls, tls: { client_cert: c.pem, client_key: k.pem, ca: ca.pem } }',
      )}`,
    );
    assert.deepEqual(config.sip.tls?.domains, [{ name: 'b.example.test', cert: '/etc/b.pem', key: '/etc/b.key' }]);
    assert.deepEqual(config.accounts[0]?.carriers[0]?.gateways[0]?.tls, {
      client_cert: '/etc/c.pem',
      client_key: '/etc/k.pem',
      ca: '/etc/ca.pem',
      verify: true,
      require_certificate: false,
    });
    assert.deepEqual(config.sip.ws.origins, []);
  });

  it('what cannot be meant is refused', () => {
    const asks = (more: string, sip = 'listen: ["tls://127.0.0.1:0"], tls: { cert: c, key: k }'): string =>
      lines(`sip: { ${sip} }\n${carriers(`{ host: 192.0.2.1, protocol: tls, tls: { ${more} } }`)}`).join();
    assert.match(asks('require_certificate: true'), /needs subject, fingerprint or sip\.tls\.client_ca/);
    assert.match(asks('require_certificate: true, subject: a.test', 'domain: a.test'), /needs a tls listener/);
    assert.match(asks('subject: a.test'), /need require_certificate: true/);
    assert.match(asks('require_certificate: true, fingerprint: "00"'), /expected the SHA-256/);
    assert.match(lines('sip: { listen: ["wss://127.0.0.1:0"] }').join(), /a wss listener needs sip\.tls/);
    assert.match(lines('sip: { ws: { origins: ["phone.example.test"] } }').join(), /ws\.origins\[0\]: expected scheme/);
    for (const url of ['voice.test', 'ftp://voice.test', 'https://u:p@voice.test', 'https://voice.test/?a=b']) {
      const told = lines(`http: { public_url: "${url}" }`).join();
      assert.match(told, /^1 http\.public_url: expected scheme:\/\/host/, url);
    }
    const twice = '{ name: A.test, cert: c, key: k }, { name: a.test, cert: c, key: k }';
    assert.match(lines(`sip: { tls: { cert: c, key: k, domains: [${twice}] } }`).join(), /'a\.test' is there already/);
    assert.match(lines(carriers('{ host: h.test, tls: { verify: false } }')).join(), /tls: needs protocol: tls/);
    assert.match(
      lines(carriers('{ host: h.test, protocol: tls, tls: { client_cert: c.pem } }')).join(),
      /client_cert and client_key belong together/,
    );
    assert.match(
      lines(
        carriers(
          '{ host: h.test, protocol: tls }',
          '{ host: H.test, protocol: tls, port: 5061, tls: { verify: false } }',
        ),
      ).join(),
      /carriers\[0\]\.gateways\[0\] goes to the same place with other keys/,
    );
  });
});

describe('starting', () => {
  it('what the schema knows and this version cannot do is refused by name', () => {
    const config = parse(example);
    assert.throws(
      () => refuseUnbuilt(config, { transports: ['udp', 'tcp'] }),
      /tls listeners are not built yet[^]*wss listeners/,
    );
    refuseUnbuilt(parse('sip: { listen: ["udp://127.0.0.1:0"] }'), { transports: ['udp', 'tcp'] });
    refuseUnbuilt(parse('live: { url: "redis://127.0.0.1:6379" }'), { transports: ['udp', 'tcp'] });
  });
});

describe('printing', () => {
  it('hides every secret and keeps the rest', () => {
    const text = `${example}\n`
      .replace('file:./data', 'postgres://user:t@top@host/db')
      .replace('http://127.0.0.1:4000/status', 'http://u:t@top@127.0.0.1/s');
    const shown = printConfig(parse(text));
    for (const secret of ['change-me', 'whsec_demo', 'password: secret', 'password: p', 'top']) {
      assert.ok(!shown.includes(secret), `${secret} is shown:\n${shown}`);
    }
    assert.match(shown, /postgres:\/\/user:\*{8}@host\/db/);
    assert.match(shown, /username: alice/);
  });

  it('marks what the file does not say as default, and loads again', () => {
    const shown = printConfig(parse('shutdown: { drain_seconds: 5 }'));
    assert.match(shown, /drain_seconds: 5\n/);
    assert.match(shown, /timeout_seconds: 10 # default/);
    assert.equal(parse(shown).shutdown.drain_seconds, 5);
  });
});

describe('speech vendors', () => {
  it('what each needs is enough', () => {
    parse(`speech:
  tts: { default: custom:mine, custom:mine: { custom_tts_url: "http://127.0.0.1:1/tts" }, google: { service_key: "{}" } }
  stt: { default: moonshine, openai: { base_url: "http://127.0.0.1:1", model_id: small.en } }
  translate: { default: deepl }
`);
  });
  it('a vendor nobody knows, a key that is missing, misspelt or no text is told of with its line', () => {
    const told = lines(`speech:
  tts:
    default: eleven
    elevenlab: { api_key: k }
    aws: { access_key_id: i, aws_region: eu }
    custom: { custom_tts_url: u }
  stt:
    deepgram:
      model_id: nova-3
      api_kee: secret-of-mine
    assemblyai: key
    azure: {}
    "odd.name[x.": {}
    openai: { api_key: 7 }
  translate: { libretranslate: { api_key: "" } }
`);
    assert.deepEqual(told, [
      "3 speech.tts.default: no vendor of tts is named 'eleven'; known: aws, custom:name, deepgram, elevenlabs, espeak-ng, flite, google, microsoft, openai",
      "4 speech.tts.elevenlab: no vendor of tts is named 'elevenlab'; did you mean 'elevenlabs'?",
      '5 speech.tts.aws: aws needs secret_access_key',
      "6 speech.tts.custom: no vendor of tts is named 'custom'; known: aws, custom:name, deepgram, elevenlabs, espeak-ng, flite, google, microsoft, openai",
      "9 speech.stt.deepgram.api_kee: deepgram has no key 'api_kee'; did you mean 'api_key'?",
      '9 speech.stt.deepgram: deepgram needs api_key',
      '11 speech.stt.assemblyai: expected keys and values, such as { api_key: … }',
      "12 speech.stt.azure: no vendor of stt is named 'azure'; known: assemblyai, custom:name, deepgram, google, microsoft, moonshine, openai",
      "13 speech.stt.odd.name[x.: no vendor of stt is named 'odd.name[x.'; known: assemblyai, custom:name, deepgram, google, microsoft, moonshine, openai",
      '14 speech.stt.openai.api_key: expected a text',
      '15 speech.translate.libretranslate: libretranslate needs base_url',
    ]);
    assert.doesNotMatch(told.join(), /secret-of-mine/);
  });
});
