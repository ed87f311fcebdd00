import type { AlertType, HookFault } from '../ports/index.ts';

/** Which alert a fault raises; undefined: none, it is our own doing. */
export function alertTypeOf(fault: HookFault): AlertType | undefined {
  switch (fault.kind) {
    case 'connection':
    case 'timeout':
      return 'webhook-connection-failure';
    case 'not-found':
      return 'webhook-url-notfound';
    case 'auth':
      return 'webhook-auth-failure';
    case 'status':
    case 'too-large':
    case 'not-json':
    case 'address-refused':
    case 'bad-url':
      return 'webhook-failure';
    case 'closed':
      return undefined;
  }
}
