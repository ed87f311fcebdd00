/** Header, navigation, page, phone. On a small screen the navigation is a drawer. */
import { Drawer } from '@mantine/core';
import { type ReactNode, useCallback, useState } from 'react';
import { Toasts } from '../parts/index.ts';
import { useAccounts } from './account.tsx';
import { Header } from './header.tsx';
import { Nav } from './nav.tsx';
import { hasPhone, PhoneDock, PhoneProvider, type PhoneRequest } from './phone-dock.tsx';
import './shell.css';

export function Shell({ children }: { readonly children: ReactNode }) {
  const [menu, setMenu] = useState(false);
  const [phone, setPhone] = useState(false);
  const [request, setRequest] = useState<PhoneRequest>();
  const { account } = useAccounts();
  const call = useCallback((target: string) => {
    setPhone(true);
    setRequest((last) => ({ target, n: (last?.n ?? 0) + 1 }));
  }, []);
  const dock = { open: phone, toggle: () => setPhone((open) => !open) };
  return (
    <div className={phone ? 'shell with-phone' : 'shell'}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Header onMenu={() => setMenu(true)} {...(hasPhone ? { phone: dock } : {})} />
      <div className="side">
        <Nav />
      </div>
      <Drawer
        opened={menu}
        onClose={() => setMenu(false)}
        size={248}
        title="Graine"
        lockScroll={false}
        closeButtonProps={{ 'aria-label': 'Close the menu' }}
      >
        <Nav onGo={() => setMenu(false)} />
      </Drawer>
      <main id="main" className="main" tabIndex={-1}>
        <PhoneProvider value={hasPhone ? call : undefined}>{children}</PhoneProvider>
      </main>
      {account === undefined ? null : (
        <PhoneDock open={phone} onClose={() => setPhone(false)} onWanted={() => setPhone(true)} request={request} />
      )}
      <Toasts />
    </div>
  );
}
