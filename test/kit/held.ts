/** What this process holds of the kernel: network sockets, files, rings. What a server leaves behind when it has stopped,
 * or a call when it is over, shows here even where the server's own books say that nothing is left. Linux; elsewhere
 * nothing is seen. Pipes, epolls and local sockets are not counted: Node and the database library keep some for the life
 * of the process. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Each thing by a name that says what it is: `udp 127.0.0.1:5060`, `tcp 127.0.0.1:5060 CLOSE_WAIT`, `/tmp/x.wav`. */
export type Held = readonly string[];

export function held(): Held {
  if (!existsSync('/proc/self/fd')) return [];
  const sockets = networkSockets();
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    const target = targetOf(fd);
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) found.push(...(sockets.get(inode) ?? []));
    else if (/^\/(?!dev\/|proc\/)/.test(target) || target.includes('io_uring')) found.push(target);
  }
  return found.sort();
}

/** What is held now beyond what was held before. */
export function excess(before: Held, now: Held): string[] {
  const left = [...before];
  return now.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Of these, what no call that is over may keep: files, and connections that the far end has closed and we have not. */
export function ofACall(things: Held): Held {
  return things.filter((each) => each.startsWith('/') || each.endsWith('CLOSE_WAIT'));
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // the descriptor that read the folder
  }
}

/** Inode → the socket, from the kernel's tables. */
function networkSockets(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const protocol of ['udp', 'tcp', 'udp6', 'tcp6']) {
    const file = `/proc/self/net/${protocol}`;
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'latin1').trim().split('\n').slice(1)) {
      const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
      const closing = protocol.startsWith('tcp') && state === '08' ? ' CLOSE_WAIT' : '';
      found.set(inode, [`${protocol} ${place(local)}${closing}`]);
    }
  }
  return found;
}

/** `0100007F:13C4` → `127.0.0.1:5060`; IPv6 as the kernel writes it. */
function place(text: string): string {
  const [address = '', port = ''] = text.split(':');
  const bytes = address.length === 8 ? Buffer.from(address, 'hex').reverse().join('.') : address;
  return `${bytes}:${Number.parseInt(port, 16)}`;
}
