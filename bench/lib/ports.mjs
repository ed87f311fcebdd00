/** Free ports of 127.0.0.1, below the range the measured servers take their media ports from. */
import dgram from 'node:dgram';
import net from 'node:net';

/** Ports that `fetch` refuses to call (https://fetch.spec.whatwg.org/#port-blocking). */
const blocked = new Set([5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697]);

let next = 5_100 + (process.pid % 300) * 8;

function udpFree(port) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

function tcpFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** `count` ports in a row, free for UDP and TCP; never given twice. */
export async function freePorts(count = 1) {
  for (let tries = 0; tries < 2_000; tries++) {
    const first = next;
    const ports = Array.from({ length: count }, (_, at) => first + at);
    next = first + count > 9_900 ? 5_100 : first + count;
    if (next === 5_100 || ports.some((port) => blocked.has(port))) continue;
    const free = await Promise.all(ports.flatMap((port) => [udpFree(port), tcpFree(port)]));
    if (free.every(Boolean)) return ports;
  }
  throw new Error('no free ports between 5100 and 9900');
}

export const freePort = async () => (await freePorts(1))[0];
