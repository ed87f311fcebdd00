import type { AlertType } from './store.ts';

/** Raises an alert: stored for the account, logged, counted. Never throws, never waits. */
export interface Alerts {
  raise(alert: {
    accountSid: string;
    type: AlertType;
    message: string;
    detail?: string;
    url?: string;
    status?: number;
    callSid?: string;
  }): void;
}
