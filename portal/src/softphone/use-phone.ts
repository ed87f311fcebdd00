/** The phone as long as its panel is there. One tab of a browser has it: credentials are lent once a session. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { Phone, type PhoneOptions } from './phone.ts';

const lock = 'graine.phone';

/** `phone` undefined: another tab has it, and this one gets it when that tab is closed, or at once by `take`. */
export function usePhoneOf({ accountSid, shownName, onIncoming }: PhoneOptions) {
  const [phone, setPhone] = useState<Phone>();
  const [turn, setTurn] = useState(0);
  const incoming = useRef(onIncoming);
  useEffect(() => {
    incoming.current = onIncoming;
  });
  useEffect(() => {
    const stopped = new AbortController();
    const hold = (): Promise<void> =>
      new Promise((resolve) => {
        if (stopped.signal.aborted) return resolve();
        const own = new Phone({ accountSid, shownName, onIncoming: () => incoming.current() });
        setPhone(own);
        void own.start();
        const end = (): void => {
          own.close();
          setPhone(undefined);
          resolve();
        };
        stopped.signal.addEventListener('abort', end, { once: true });
      });
    // An insecure page has no locks, and no microphone either: it says so when a call is made.
    if (navigator.locks === undefined) void hold();
    else {
      const how = turn === 0 ? { signal: stopped.signal } : { steal: true };
      // It rejects where another tab took the phone over, or where it was given up before it was got.
      navigator.locks.request(lock, how, hold).catch(() => stopped.abort());
    }
    return () => stopped.abort();
  }, [accountSid, shownName, turn]);
  const take = useCallback(() => setTurn((n) => n + 1), []);
  return { phone, take };
}
