/** Is what an edge talks to there, and would Kamailio take its files? */
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Clock, Random } from '../base/index.ts';
import { type Edge, renderEdge, renderSecret, secretFile } from './settings.ts';

/** The status of a node's answer to OPTIONS; undefined: it says nothing. */
export function askNode(
  node: string,
  ms: number,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<number | undefined> {
  const [, v6, v4 = '', port] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(node) ?? [];
  const socket = dgram.createSocket(v6 === undefined ? 'udp4' : 'udp6');
  const id = random.token(12);
  return new Promise((resolve) => {
    const end = (status: number | undefined): void => {
      timer.cancel();
      socket.close();
      resolve(status);
    };
    const timer = clock.after(ms, 'answer of a node', () => end(undefined));
    socket.once('error', () => end(undefined));
    socket.on('message', (bytes) => {
      const status = /^SIP\/2\.0 (\d{3}) /.exec(bytes.toString('latin1', 0, 16))?.[1];
      if (status !== undefined && bytes.includes(id)) end(Number(status));
    });
    socket.connect(Number(port), v6 ?? v4, () => {
      const { address, port: own } = socket.address();
      const host = address.includes(':') ? `[${address}]` : address;
      const lines = [
        `OPTIONS sip:${node} SIP/2.0`,
        `Via: SIP/2.0/UDP ${host}:${own};branch=z9hG4bK${id};rport`,
        'Max-Forwards: 70',
        `From: <sip:edge@graine.invalid>;tag=${id}`,
        `To: <sip:${node}>`,
        `Call-ID: ${id}`,
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
      ];
      socket.send(`${lines.join('\r\n')}\r\n\r\n`);
    });
  });
}

/** What Kamailio complains of; nothing when it takes the files; undefined where it is not installed. */
export function kamailioSays(edge: Edge): string[] | undefined {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-edge-check-'));
  try {
    const files = { ...renderEdge({ ...edge, folder }), [secretFile]: renderSecret(edge) };
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    const args = ['-c', '-f', path.join(folder, 'kamailio.cfg')];
    const { status, error, stderr } = spawnSync('kamailio', args, { encoding: 'utf8', timeout: 30_000 });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') return undefined;
    if (status === 0) return [];
    const lines = stderr.split('\n').filter((line) => /ERROR|CRITICAL/i.test(line));
    return lines.length === 0 ? [error?.message ?? `it ended with ${status}`] : lines.slice(0, 10);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
