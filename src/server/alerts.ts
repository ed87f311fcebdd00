/** Alerts end in the store, the log and the metrics, in one place. */
import type { Clock, Log, Random } from '../base/index.ts';
import type { Alerts, Store } from '../ports/index.ts';
import type { News } from './news.ts';

type Parts = {
  clock: Clock;
  random: Random;
  log: Log;
  store: Pick<Store, 'appendAlert'>;
  counted: (type: string) => void;
  news: News;
};

export function createAlerts({ clock, random, log, store, counted, news }: Parts): Alerts {
  return {
    raise: (alert) => {
      counted(alert.type);
      log.warn({ ...alert }, 'alert raised');
      const raised = { ...alert, sid: random.uuid(), time: clock.now() };
      store.appendAlert(raised);
      news.emit('alert', raised);
    },
  };
}
