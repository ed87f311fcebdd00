/** Draws one row of the ladder as SVG: the lifelines, and an arrow or a note upon them. */
import { line } from './escape.ts';
import type { Column, Row } from './ladder-model.ts';

export const columnWidth = 232;
const rowHeight = 44;
const arrowY = 29;
const headSize = 7;
/** Width of a character of the label's font, for fitting. */
const charWidth = 7.3;

export function centre(column: number): number {
  return column * columnWidth + columnWidth / 2;
}

function lifelines(columns: readonly Column[], height: number): string {
  return columns
    .map((_, i) => `<line class="life" x1="${centre(i)}" y1="0" x2="${centre(i)}" y2="${height}"/>`)
    .join('');
}

function fitted(text: string, width: number): string {
  return line(text, Math.max(4, Math.floor(width / charWidth)));
}

function labels(row: Row, middle: number, width: number): string {
  const room = Math.floor(width / charWidth);
  const mark = row.mark === '' || row.label.length + 4 >= room ? '' : `  ${row.mark}`;
  const label = fitted(row.label, width);
  const rest = mark === '' ? '' : `<tspan class="mark">${fitted(mark, width - row.label.length * charWidth)}</tspan>`;
  return `<text class="label" x="${middle}" y="${arrowY - 9}" text-anchor="middle" xml:space="preserve">${label}${rest}</text>`;
}

function arrow(row: Row): string {
  const from = centre(row.from);
  const to = centre(row.to);
  const way = to > from ? 1 : -1;
  const tip = to - way * 2;
  const back = tip - way * headSize;
  const head = `<polygon class="head" points="${tip},${arrowY} ${back},${arrowY - 4.5} ${back},${arrowY + 4.5}"/>`;
  const shaft = `<line class="shaft" x1="${from + way * 2}" y1="${arrowY}" x2="${back}" y2="${arrowY}"/>`;
  // A hook is a question with an answer: the arrow has a head at both ends.
  const reply = row.tone === 'hook' ? `<circle class="head" cx="${from + way * 5}" cy="${arrowY}" r="3"/>` : '';
  return shaft + head + reply + labels(row, (from + to) / 2, Math.abs(to - from) - 16);
}

function note(row: Row, total: number): string {
  const wide = row.tone === 'milestone';
  const text = row.mark === '' ? row.label : `${row.label}  ${row.mark}`;
  const widest = wide ? total - 24 : columnWidth * 1.6;
  const width = Math.min(widest, text.length * charWidth + 28);
  const left = Math.min(Math.max(8, centre(row.from) - width / 2), total - width - 8);
  const box = `<rect class="pill" x="${left}" y="9" width="${width}" height="26" rx="13"/>`;
  const label = fitted(row.label, width - 24);
  const room = width - 24 - row.label.length * charWidth;
  const mark = row.mark === '' || room < 40 ? '' : `<tspan class="mark">  ${fitted(row.mark, room - 12)}</tspan>`;
  return `${box}<text class="label" x="${left + width / 2}" y="26" text-anchor="middle" xml:space="preserve">${label}${mark}</text>`;
}

export function drawRow(row: Row, columns: readonly Column[]): string {
  const width = columns.length * columnWidth;
  const drawn = row.from === row.to ? note(row, width) : arrow(row);
  const size = `width="${width}" height="${rowHeight}" viewBox="0 0 ${width} ${rowHeight}"`;
  return `<svg ${size} role="img" aria-label="${line(`${row.label} ${row.mark}`)}">${lifelines(columns, rowHeight)}${drawn}</svg>`;
}

/** Time in which nothing happened: broken lifelines and how long. */
export function drawPause(text: string, columns: readonly Column[]): string {
  const width = columns.length * columnWidth;
  const x = centre(Math.min(1, columns.length - 1));
  const label = `<text class="gap" x="${x}" y="20" text-anchor="middle">${line(text)}</text>`;
  return `<svg width="${width}" height="32" viewBox="0 0 ${width} 32"><g class="broken">${lifelines(columns, 32)}</g>${label}</svg>`;
}

/** The heads of the columns. */
export function drawHeads(columns: readonly Column[]): string {
  const width = columns.length * columnWidth;
  const heads = columns.map((column, i) => {
    const x = centre(i);
    const special = column.key === 'graine' ? ' graine' : column.key === 'app' ? ' app' : '';
    const box = `<rect class="who${special}" x="${x - 108}" y="4" width="216" height="46" rx="10"/>`;
    const y = column.subtitle === '' ? 32 : 24;
    const title = `<text class="name${special}" x="${x}" y="${y}" text-anchor="middle">${line(column.title, 27)}</text>`;
    const where = `<text class="where${special}" x="${x}" y="41" text-anchor="middle">${line(column.subtitle, 32)}</text>`;
    return `<g><title>${line(`${column.title} ${column.subtitle}`)}</title>${box}${title}${where}</g>`;
  });
  return `<svg width="${width}" height="56" viewBox="0 0 ${width} 56">${heads.join('')}</svg>`;
}
