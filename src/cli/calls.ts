/** `graine calls`, `graine call <sid>`, `graine trace <sid>`: what a running server knows of its calls. */
import fs from 'node:fs/promises';
import { accountsOf, CliError, type Fields, get, getBytes, inAccounts, type Target } from './client.ts';
import { type Io, painter, table, visible } from './io.ts';

const columns = ['call_sid', 'call_status', 'direction', 'from', 'to', 'duration'];

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

export async function listCalls(target: Target, io: Io): Promise<void> {
  const rows: string[][] = [];
  for (const account of await accountsOf(target)) {
    const path = `/v1/Accounts/${String(account['account_sid'])}/Calls`;
    for (const call of (await get(target, path)) as Fields[]) {
      rows.push([cell(account['name']), ...columns.map((name) => cell(call[name]))]);
    }
  }
  if (rows.length === 0) io.out('No calls are running.');
  else for (const line of table([['account', ...columns], ...rows])) io.out(line);
}

export async function showCall(target: Target, sid: string, io: Io): Promise<void> {
  const call = await inAccounts(target, async (account) => {
    return (await get(target, `/v1/Accounts/${account}/Calls/${encodeURIComponent(sid)}`)) as Fields | undefined;
  });
  if (call === undefined) throw new CliError(`there is no call ${visible(sid)}`);
  const rows = Object.entries(call)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => [name, cell(value)]);
  for (const line of table(rows)) io.out(line);
}

export type TraceOptions = { readonly pcap?: string; readonly html?: string; readonly json?: boolean };
type Row = { offset_ms?: number; leg?: string | null; kind: string; title: string; detail: Fields };

function arrow(row: Row): string {
  if (row.kind !== 'sip') return ' ';
  return row.detail['direction'] === 'in' ? '→' : '←';
}

function words(row: Row): string {
  const { detail } = row;
  if (row.kind === 'sip') return `${cell(detail['from'])} to ${cell(detail['to'])}`;
  if (row.kind === 'hook') return `${cell(detail['url'])} in ${cell(detail['duration_ms'])} ms`;
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${cell(value)}`)
    .join(', ');
}

function printTimeline(rows: readonly Row[], io: Io): void {
  const paint = painter(io);
  const tones: Readonly<Record<string, (text: string) => string>> = {
    sip: paint.cyan,
    hook: paint.magenta,
    media: paint.green,
  };
  for (const row of rows) {
    const time = `${row.offset_ms ?? 0} ms`.padStart(10);
    const tone = tones[row.kind] ?? paint.bold;
    const title = tone(visible(row.title).padEnd(34));
    io.out(`${paint.dim(time)}  ${(row.leg ?? '').padEnd(3)} ${arrow(row)} ${title} ${paint.dim(visible(words(row)))}`);
  }
}

async function save(target: Target, file: { path: string; format: string; sid: string }, io: Io): Promise<void> {
  const bytes = await inAccounts(target, (account) =>
    getBytes(target, `/v1/Accounts/${account}/Calls/${encodeURIComponent(file.sid)}/Trace?format=${file.format}`),
  );
  if (bytes === undefined) throw new CliError(`there is no trace of call ${visible(file.sid)}`);
  await fs.writeFile(file.path, bytes);
  io.out(`${file.path}: ${bytes.length} bytes`);
}

export async function showTrace(target: Target, sid: string, options: TraceOptions, io: Io): Promise<void> {
  if (options.pcap !== undefined) await save(target, { path: options.pcap, format: 'pcap', sid }, io);
  if (options.html !== undefined) await save(target, { path: options.html, format: 'html', sid }, io);
  if (options.pcap !== undefined || options.html !== undefined) return;
  const rows = await inAccounts(target, async (account) => {
    return (await get(target, `/v1/Accounts/${account}/Calls/${encodeURIComponent(sid)}/Trace`)) as Row[] | undefined;
  });
  if (rows === undefined) throw new CliError(`there is no trace of call ${visible(sid)}`);
  if (options.json === true) io.out(JSON.stringify(rows, undefined, 2));
  else printTimeline(rows, io);
}
