/** Free ports for what cannot take port 0: a server in another process, SIPp. */
import dgram from 'node:dgram';
import net from 'node:net';

/** A port free on UDP and TCP of 127.0.0.1 at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const socket = dgram.createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}

/** A range of media ports of this test process's own, below the kernel's ephemeral ports. */
export function mediaPorts(): string {
  const start = 10_000 + (process.pid % 50) * 400;
  return `${start}-${start + 399}`;
}
