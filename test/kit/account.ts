/** The account of stories that start servers of their own: one application, and the carrier whose calls it gets. */
import type { Config } from './graine.ts';
import type { HookApp } from './hook-app.ts';
import { realm } from './world.ts';

export function accountOf(app: HookApp, caller: { readonly port: number }, more: Config = {}, srtp = 'none'): Config {
  return {
    name: 'kit',
    webhook_secret: 'whsec_kit',
    sip_realm: realm,
    applications: [{ name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') }],
    carriers: [
      {
        name: 'origin',
        application: 'main',
        gateways: [{ host: '127.0.0.1', port: caller.port, inbound: true, outbound: false, srtp }],
      },
    ],
    ...more,
  };
}
