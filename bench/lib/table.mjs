/** The figures beside goals and peers, for people. */
import { published } from './published.mjs';

function verdict({ ours, limit, aim, more }) {
  if (limit === undefined || typeof ours !== 'number') return '';
  const holds = (bound) => (more ? ours >= bound : ours <= bound);
  if (aim !== undefined && holds(aim)) return 'better than the aim';
  return holds(limit) ? 'holds' : 'MISSES';
}

function goal({ limit, aim, more, unit }) {
  if (limit === undefined) return '';
  return `${more ? '≥' : '≤'} ${limit} ${unit}${aim === undefined ? '' : `, aim ${aim}`}`;
}

export function printTable(rows) {
  for (const row of rows) {
    const shown = row.ours === undefined ? 'no figure' : `${row.ours}${row.unit === '' ? '' : ` ${row.unit}`}`;
    console.log(`${row.figure.padEnd(62)} ${shown}`);
    if (row.limit !== undefined) console.log(`    goal       ${goal(row)} → ${verdict(row)}`);
    for (const [peer, value] of Object.entries(row.measured ?? {})) {
      const ratio =
        typeof value === 'number' && value > 0 && typeof row.ours === 'number'
          ? `; ours is ${(row.ours / value).toFixed(2)} × that`
          : '';
      console.log(`    this run   ${peer} ${value === undefined ? 'not installed' : `${value} ${row.unit}${ratio}`}`);
    }
    const others = Object.entries(published[row.published] ?? {}).map(([peer, value]) => `${peer} ${value}`);
    if (others.length > 0) console.log(`    published  ${others.join(' · ')}`);
    if (row.note) console.log(`    how        ${row.note}`);
  }
}
