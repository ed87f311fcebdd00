import type { Alerts, AlertType, HookFault } from '../ports/index.ts';

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

/** Raises the alert of a fault, where it has one. */
export function raiseFault(
  alerts: Alerts,
  about: { readonly accountSid: string; readonly callSid: string },
  hookType: string,
  fault: HookFault,
): void {
  const type = alertTypeOf(fault);
  if (type === undefined) return;
  alerts.raise({
    accountSid: about.accountSid,
    callSid: about.callSid,
    type,
    message: `${hookType} hook failed: ${fault.message}`,
    url: fault.url,
    ...(fault.status !== undefined && { status: fault.status }),
  });
}
