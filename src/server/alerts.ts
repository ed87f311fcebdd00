/** Alerts end in the store, the log and the metrics, in one place. */
import type { Clock, Log, Random } from '../base/index.ts';
import type { Alerts, Store } from '../ports/index.ts';

type Parts = {
  clock: Clock;
  random: Random;
  log: Log;
  store: Pick<Store, 'appendAlert'>;
  counted: (type: string) => void;
};

export function createAlerts({ clock, random, log, store, counted }: Parts): Alerts {
  return {
    raise: (alert) => {
      counted(alert.type);
      log.warn({ ...alert }, 'alert raised');
      store.appendAlert({ ...alert, sid: random.uuid(), time: clock.now() });
    },
  };
}
