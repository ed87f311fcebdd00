/** What happens to the server as a whole becomes an alert too, once an event: its row is no account's, and waits where the
 * database is away. What several nodes notice the first to say so writes down. */
import type { Alerts, LiveStore, ServerAlertType, SharedStandingCalls, Store } from '../ports/index.ts';

/** What /readyz and `graine doctor` say while Redis is away: it serves what it knows. */
export const redisAway = 'Redis is away: this node knows its own calls and the registrations it has seen';

type Parts = {
  readonly alerts: Alerts;
  readonly node: string;
  readonly live: Pick<LiveStore, 'onReach' | 'onLost' | 'claim'>;
  readonly store: Pick<Store, 'onReach'>;
  readonly shared: Pick<SharedStandingCalls, 'onTookOver'> | undefined;
};

export function followServer({ alerts, node, live, store, shared }: Parts): void {
  const raise = (type: ServerAlertType, message: string): void => alerts.raise({ accountSid: '', type, message });
  const reach = (what: 'redis' | 'database', name: string) => (there: boolean, reason: string) => {
    if (there) raise(`${what}-back`, `${name} is back at the node ${node}`);
    else raise(`${what}-away`, `${name} is away at the node ${node}: ${reason}`);
  };
  live.onReach(reach('redis', 'Redis'));
  store.onReach(reach('database', 'the database'));
  live.onLost((lost) => {
    void live.claim(`alert node-lost ${lost}`).then((first) => {
      if (first === node) raise('node-lost', `the node ${lost} is gone: it has not beaten for 3 s`);
    });
  });
  shared?.onTookOver((from, calls) => {
    const what = calls === 1 ? 'call is' : 'calls are';
    raise('calls-adopted', `${calls} ${what} carried on by ${node}, of the node ${from}`);
  });
}
