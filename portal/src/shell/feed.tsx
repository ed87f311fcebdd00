/** The one live feed of the portal, open while somebody is signed in. */
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { LiveFeed, type LiveView } from '../api/index.ts';
import { useAccounts } from './account.tsx';
import { useUser } from './session.tsx';

const Context = createContext<LiveFeed | undefined>(undefined);

export function FeedProvider({ children }: { readonly children: ReactNode }) {
  const [feed] = useState(() => new LiveFeed());
  const client = useQueryClient();
  const accountSid = useAccounts().account?.account_sid;
  const admin = useUser().role === 'admin';
  useEffect(() => {
    if (accountSid === undefined) return undefined;
    feed.open(accountSid, admin);
    const stops = [
      feed.on('alert', () => void client.invalidateQueries({ queryKey: ['alerts'] })),
      feed.on('registration', () => void client.invalidateQueries({ queryKey: ['devices'] })),
    ];
    return () => {
      for (const stop of stops) stop();
      feed.close();
    };
  }, [feed, client, accountSid, admin]);
  return <Context value={feed}>{children}</Context>;
}

export function useFeed(): LiveFeed {
  const feed = use(Context);
  if (feed === undefined) throw new Error('no feed above this part');
  return feed;
}

export function useLive(): LiveView {
  const feed = useFeed();
  return useSyncExternalStore(feed.subscribe, feed.view);
}
