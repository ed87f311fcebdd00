import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeXml, isSsml, plainText, spokenParts } from './text.ts';

test('plain text stays as it is, angle brackets and all', () => {
  assert.deepEqual(spokenParts(' 3 < 4 & 5 > 2 '), [{ words: '3 < 4 & 5 > 2' }]);
  assert.deepEqual(spokenParts('  '), []);
  assert.equal(isSsml('<b>no</b>'), false);
});

test('SSML becomes words and pauses', () => {
  const rows: [string, object[]][] = [
    ['<speak>One<break time="500ms"/>two</speak>', [{ words: 'One' }, { pauseMs: 500 }, { words: 'two' }]],
    ["<speak>One<break time='1.5s'/></speak>", [{ words: 'One' }, { pauseMs: 1500 }]],
    [
      '<speak><break/><break strength="x-strong"/><break strength="none"/></speak>',
      [{ pauseMs: 400 }, { pauseMs: 1200 }, { pauseMs: 0 }],
    ],
    ['<speak><break time="9999s"/></speak>', [{ pauseMs: 10_000 }]],
    ['<speak><break time="-1s"/></speak>', [{ pauseMs: 400 }]],
    ['<speak>The <sub alias="World Wide Web">WWW</sub> now</speak>', [{ words: 'The World Wide Web now' }]],
    ['<speak>Fish &amp; chips &lt;3 &unknown;</speak>', [{ words: 'Fish & chips <3 &unknown;' }]],
    ['<speak xml:lang="en"><p>One</p><p>Two</p></speak>', [{ words: 'One. Two.' }]],
    ['<speak><prosody rate="slow">slow</prosody></speak>', [{ words: 'slow' }]],
    ['<speak>unclosed <b', [{ words: 'unclosed <b' }]],
  ];
  for (const [text, parts] of rows) assert.deepEqual(spokenParts(text), parts, text);
});

test('a text made to take long takes no time', () => {
  for (const text of [
    `<speak>${'<'.repeat(100_000)}`,
    `<speak>${'<break '.repeat(20_000)}`,
    `<speak>${'&'.repeat(100_000)}`,
  ]) {
    const begun = process.cpuUsage();
    spokenParts(text);
    assert.ok(process.cpuUsage(begun).user < 1_000_000, text.slice(0, 20));
  }
});

test('for vendors without pauses the words alone are left; for XML what would end an attribute or tag is escaped', () => {
  assert.equal(plainText('<speak>One<break time="1s"/>two</speak>'), 'One two');
  assert.equal(escapeXml(`<a b="c">'&`), '&#60;a b=&#34;c&#34;&#62;&#39;&#38;');
});
