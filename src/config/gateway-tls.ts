/** What `gateways[].tls` must and must not say. */
import { isIP } from 'node:net';
import type { Raw, RawAccount } from './schema.ts';

export type Complain = (path: string, message: string) => void;

type GatewayTls = NonNullable<RawAccount['carriers'][number]['gateways'][number]['tls']>;

export function checkClientCertificate(tls: GatewayTls, path: string, complain: Complain): void {
  const { require_certificate: required, subject, fingerprint } = tls;
  if (!required && (subject ?? fingerprint) !== undefined)
    complain(path, 'subject and fingerprint need require_certificate: true');
  if (subject !== undefined && fingerprint !== undefined)
    complain(path, 'subject and fingerprint do not go together: the fingerprint says it all');
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/i.test(fingerprint.replaceAll(':', '')))
    complain(`${path}.fingerprint`, 'expected the SHA-256 of a certificate, 64 hex digits');
}

/** Where anybody can buy a certificate, any certificate proves nothing; and a listener must be there to show it to. */
export function checkAskedClients({ sip, accounts }: Raw, complain: Complain): void {
  accounts.forEach((account, a) =>
    account.carriers.forEach((carrier, c) =>
      carrier.gateways.forEach(({ host, tls }, g) => {
        if (tls?.require_certificate !== true) return;
        const at = `accounts[${a}].carriers[${c}].gateways[${g}].tls`;
        if (!sip.listen.some((each) => each.startsWith('tls:')))
          complain(at, 'require_certificate needs a tls listener in sip.listen');
        const named = (tls.subject ?? tls.fingerprint) !== undefined || isIP(host) === 0;
        if (!named && sip.tls?.client_ca === undefined)
          complain(at, 'require_certificate for an address needs subject, fingerprint or sip.tls.client_ca');
      }),
    ),
  );
}

/** Calls of two carriers to one place share its connections: it must be shown one certificate. */
export function checkPeers(accounts: readonly RawAccount[], complain: Complain): void {
  const first = new Map<string, { at: string; tls: string }>();
  accounts.forEach((account, a) =>
    account.carriers.forEach((carrier, c) =>
      carrier.gateways.forEach((gateway, g) => {
        if (gateway.protocol !== 'tls') return;
        const at = `accounts[${a}].carriers[${c}].gateways[${g}]`;
        const place = `${gateway.host.toLowerCase()}:${gateway.port ?? 5061}`;
        const { client_cert, client_key, ca, verify } = gateway.tls ?? {};
        const tls = JSON.stringify({ client_cert, client_key, ca, verify: verify ?? true });
        const before = first.get(place);
        if (before === undefined) first.set(place, { at, tls });
        else if (before.tls !== tls) complain(`${at}.tls`, `${before.at} goes to the same place with other keys`);
      }),
    ),
  );
}
