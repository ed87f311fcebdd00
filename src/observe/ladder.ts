/** The ladder page: one HTML file that needs nothing else, runs no script, and shows nothing from the network unescaped. */
import { createHash } from 'node:crypto';
import type { Story } from './describe.ts';
import { escapeHtml, line, visibleLines } from './escape.ts';
import { drawHeads, drawPause, drawRow } from './ladder-draw.ts';
import { type Fact, type Ladder, ladderOf, type Row, seconds } from './ladder-model.ts';
import { ladderStyle } from './ladder-style.ts';

const styleHash = createHash('sha256').update(ladderStyle).digest('base64');
/** Only the style above: no script, no image, no font, no connection, no form. */
export const ladderPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;

function fact({ name, value, tone }: Fact): string {
  return `<div${tone === undefined ? '' : ` class="${tone}"`}><dt>${line(name)}</dt><dd>${line(value, 300)}</dd></div>`;
}

/** A silence longer than this is drawn, so that the eye sees the call was not all bustle. */
const pauseMs = 1000;

function pause(row: Row, before: Row | undefined, ladder: Ladder): string {
  const gap = before === undefined ? 0 : row.at - before.at;
  return gap < pauseMs
    ? ''
    : `<div class="pause"><span class="time"></span>${drawPause(seconds(gap), ladder.columns)}</div>\n`;
}

function rowHtml(row: Row, ladder: Ladder): string {
  const blocks = row.blocks
    .filter(({ text }) => text !== '')
    .map(({ name, text }) => `<h2>${line(name, 300)}</h2><pre>${escapeHtml(visibleLines(text))}</pre>`);
  const time = `<span class="time" title="${new Date(row.at).toISOString()}">${((row.at - ladder.startedAt) / 1000).toFixed(3)}</span>`;
  const classes = `${row.tone}${row.repeated ? ' repeated' : ''}`;
  const summary = `<summary>${time}${drawRow(row, ladder.columns)}</summary>`;
  return `<details class="${classes}">${summary}<div class="open">${blocks.join('')}</div></details>`;
}

const keys = [
  ['request', 'request'],
  ['progress', 'provisional'],
  ['success', 'success'],
  ['failure', 'failure'],
  ['hook', 'hook'],
  ['media', 'media'],
];

/** More rows than this no reader scrolls through and no browser likes; the JSON timeline has them all. */
const mostRows = 2000;

export function ladderPage(story: Story): string {
  const whole = ladderOf(story);
  const hidden = Math.max(0, whole.rows.length - mostRows);
  const ladder = { ...whole, rows: whole.rows.slice(0, mostRows), lost: whole.lost + hidden };
  const last = ladder.rows.at(-1)?.at ?? ladder.startedAt;
  const lost = ladder.lost === 0 ? '' : ` ${ladder.lost} events were left out: this call had too many.`;
  const count = `${ladder.rows.length} events in ${seconds(last - ladder.startedAt)}.${lost}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(ladderPolicy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${line(ladder.title)} · Graine</title>
<style>${ladderStyle}</style>
</head>
<body>
<main>
<h1>${line(ladder.title)}</h1>
<p class="when">${new Date(ladder.startedAt).toISOString().replace('T', ' ').replace('Z', ' UTC')}</p>
<dl class="facts">${ladder.facts.map(fact).join('')}</dl>
<ul class="keys">${keys.map(([tone, word]) => `<li class="${tone}">${word}</li>`).join('')}</ul>
<div class="sheet"><div class="rows">
<div class="heads"><span class="gutter">seconds</span>${drawHeads(ladder.columns)}</div>
${ladder.rows.map((row, i) => pause(row, ladder.rows[i - 1], ladder) + rowHtml(row, ladder)).join('\n')}
</div></div>
<footer>${count} Open a row to read the message itself.</footer>
</main>
</body>
</html>
`;
}
