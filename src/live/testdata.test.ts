/** What the tests of live state share. */
import type { Binding } from '../ports/index.ts';

/** A registration of ten minutes from `now`, ms since the epoch. */
export function bindingAt(now: number, extra: Partial<Binding> = {}): Binding {
  return {
    aor: 'alice@demo.test',
    accountSid: 'A',
    clientSid: 'C',
    contact: 'sip:alice@192.0.2.1',
    transport: 'udp',
    address: '127.0.0.1',
    port: 5090,
    node: 'n',
    path: [],
    callId: 'x',
    cseq: 1,
    q: 1,
    userAgent: 'test',
    registeredAt: now,
    expiresAt: now + 600_000,
    ...extra,
  };
}

/** Asks again and again until it is so. */
export async function eventually(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never came true: ${what}`);
}
