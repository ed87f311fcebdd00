/** Header, navigation, page, phone. On a small screen the navigation is a drawer. */
import { Drawer } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Toasts } from '../parts/index.ts';
import { useAccounts } from './account.tsx';
import { Header } from './header.tsx';
import { Nav } from './nav.tsx';
import { hasPhone, PhoneDock } from './phone-dock.tsx';
import './shell.css';

export function Shell({ children }: { readonly children: ReactNode }) {
  const [menu, setMenu] = useState(false);
  const [phone, setPhone] = useState(false);
  const { account } = useAccounts();
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
        {children}
      </main>
      {account === undefined ? null : (
        <PhoneDock open={phone} onClose={() => setPhone(false)} onWanted={() => setPhone(true)} />
      )}
      <Toasts />
    </div>
  );
}
