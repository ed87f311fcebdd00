/** Somebody who sends bytes as they are and reads whatever comes back: for messages no phone would send. */
import dgram from 'node:dgram';
import net from 'node:net';
import { Journal, type Message } from '../../src/testing/index.ts';
import { read } from '../../src/testing/message.ts';

type Server = { readonly host: string; readonly port: number };

export class RawPeer {
  readonly address: string;
  /** Everything that came and can be read as SIP. */
  readonly received = new Journal<Message>();
  readonly #sockets: dgram.Socket[] = [];
  #asked = 0;

  private constructor(address: string) {
    this.address = address;
  }

  /** Listens on UDP. The answer to a request goes to the port its Via names (RFC 3261 §18.2.2), so it may take several.
   * The first one sends. */
  static async open(address: string, ports: readonly number[] = [5060]): Promise<RawPeer> {
    const peer = new RawPeer(address);
    for (const port of ports) {
      const socket = dgram.createSocket('udp4');
      peer.#sockets.push(socket);
      socket.on('message', (bytes) => {
        const message = read(bytes);
        if (message !== undefined) peer.received.add(message);
      });
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, address, () => resolve());
      });
    }
    return peer;
  }

  /** It sends from there. */
  get port(): number {
    return this.#sockets[0]?.address().port ?? 0;
  }

  send(bytes: Buffer | string, to: Server): void {
    this.#sockets[0]?.send(bytes, to.port, to.host);
  }

  /** Sends, then an OPTIONS after it, and resolves with the status of each response that came before the answer to that.
   * What is answered at once is in the list; silence is an empty one. */
  async ask(bytes: Buffer | string, to: Server): Promise<number[]> {
    const since = this.received.entries.length;
    const probe = `probe-${this.address}-${++this.#asked}`;
    this.send(bytes, to);
    this.send(probeOf(probe, 'UDP'), to);
    await this.received.until((message) => message.get('call-id') === probe, { what: 'the answer to OPTIONS', since });
    // What came before it to another of our sockets may be read after it.
    await new Promise((resolve) => setImmediate(resolve));
    const came = this.received.entries.slice(since).filter((message) => message.get('call-id') !== probe);
    return came.map((message) => message.status);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.received.close('the raw peer closed');
  }
}

/** What became of bytes sent over a TCP connection of their own. */
export type StreamFate = { readonly statuses: readonly number[]; readonly closed: boolean };

export type StreamOptions = {
  readonly localAddress?: string;
  /** A status that may take its time: waited for as well. */
  readonly until?: number;
};

/** Connects, sends the bytes, then an OPTIONS, and tells what was answered before that was, or that the server closed. */
export function overTcp(bytes: Buffer | string, to: Server, options: StreamOptions = {}): Promise<StreamFate> {
  const { localAddress, until } = options;
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect({ ...to, ...(localAddress === undefined ? {} : { localAddress }) }, () => {
      socket.write(bytes);
      socket.write(probeOf('probe-tcp', 'TCP'));
    });
    const finish = (closed: boolean): void => {
      const own = text.split(/(?=SIP\/2\.0 \d{3} )/).filter((each) => !/^call-id: probe-tcp/im.test(each));
      const statuses = own
        .map((each) => Number(/^SIP\/2\.0 (\d{3}) /.exec(each)?.[1] ?? 0))
        .filter((each) => each >= 200);
      resolve({ statuses, closed });
      socket.destroy();
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const awaited = until === undefined || text.includes(`SIP/2.0 ${until} `);
      if (awaited && /^call-id: probe-tcp\r[^]*\r\n\r\n/im.test(text)) finish(false);
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
  });
}

function probeOf(callId: string, transport: 'UDP' | 'TCP'): string {
  return [
    'OPTIONS sip:127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/${transport} 127.0.0.1:9;rport;branch=z9hG4bK${callId}`,
    'Max-Forwards: 70',
    'From: <sip:probe@probe.invalid>;tag=probe',
    'To: <sip:probe@probe.invalid>',
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}
