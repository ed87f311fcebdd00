/** The configuration of the demo server: everything on loopback, embedded defaults, nothing kept. */
import dgram from 'node:dgram';
import net from 'node:net';
import type { Phone } from '../testing/index.ts';

export const realm = 'voice.example.test';
export const number = '+15551230001';
export const token = 'demo-token';

export type DemoConfig = Readonly<Record<string, unknown>>;
export type DemoPorts = { readonly sip: number; readonly http: number };

export function demoConfig(ports: DemoPorts, parts: { caller: Phone; carrier: Phone; appUrl: string }): DemoConfig {
  const gateway = (phone: Phone, inbound: boolean): DemoConfig => ({
    host: phone.address,
    port: phone.port,
    protocol: 'udp',
    inbound,
    outbound: !inbound,
  });
  return {
    sip: { domain: realm, listen: [`udp://127.0.0.1:${ports.sip}`, `tcp://127.0.0.1:${ports.sip}`] },
    media: { engine: 'embedded', address: '127.0.0.1', ports: '20000-20999', workers: 1 },
    http: { listen: `127.0.0.1:${ports.http}`, admin_token: token },
    store: { url: 'memory:' },
    live: { url: 'memory:' },
    shutdown: { drain_seconds: 0 },
    accounts: [
      {
        name: 'demo',
        sip_realm: realm,
        webhook_secret: 'whsec_demo',
        clients: [{ username: 'bob', password: 'secret' }],
        applications: [{ name: 'main', call_hook: `${parts.appUrl}/call`, call_status_hook: `${parts.appUrl}/status` }],
        carriers: [
          { name: 'origin', application: 'main', gateways: [gateway(parts.caller, true)] },
          { name: 'acme', e164_leading_plus: true, gateways: [gateway(parts.carrier, false)] },
        ],
        phone_numbers: [{ number, carrier: 'origin', application: 'main' }],
      },
    ],
  };
}

/** A port free on UDP and TCP at this moment. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const tcp = net.createServer();
    await new Promise<void>((resolve) => {
      tcp.listen(0, '127.0.0.1', resolve);
    });
    const { port } = tcp.address() as net.AddressInfo;
    const udp = dgram.createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => resolve(true));
    });
    await Promise.all([
      new Promise<void>((resolve) => {
        udp.close(() => resolve());
      }),
      new Promise((resolve) => {
        tcp.close(resolve);
      }),
    ]);
    if (free) return port;
  }
  throw new Error('no free port on 127.0.0.1');
}
