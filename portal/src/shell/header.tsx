/** The bar above every page: where we are signed in, whether the feed is live, light or dark, and who we are. */
import { ActionIcon, Menu, Select, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { LockKeyhole, LogOut, Menu as MenuIcon, Monitor, Moon, PhoneIncoming, Sun, UserRound } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { toast } from '../parts/index.ts';
import { useAccounts } from './account.tsx';
import { useLive } from './feed.tsx';
import { PasswordForm } from './password-form.tsx';
import { useSession, useUser } from './session.tsx';

function Brand() {
  return (
    <Link href="/live" className="brand" aria-label="Graine, live calls">
      <img src="/graine.svg" alt="" width={22} height={22} />
      <span>Graine</span>
    </Link>
  );
}

function AccountSwitch() {
  const { account, accounts, choose } = useAccounts();
  const admin = useUser().role === 'admin';
  if (account === undefined) return null;
  if (!admin || accounts.length < 2) return <span className="account-name">{account.name}</span>;
  return (
    <Select
      size="xs"
      aria-label="Account"
      className="account-switch"
      searchable
      allowDeselect={false}
      data={accounts.map(({ account_sid: value, name: label }) => ({ value, label }))}
      value={account.account_sid}
      onChange={(value) => value !== null && choose(value)}
    />
  );
}

function FeedLight() {
  const { state, calls } = useLive();
  const text = { connecting: 'connecting', live: `${calls.length} live`, lost: 'connection lost, trying again' }[state];
  const tone = { connecting: '', live: 'ok', lost: 'bad' }[state];
  return (
    <span className={`mark number ${tone}`} role="status">
      {text}
    </span>
  );
}

function SchemeSwitch() {
  // To hold transitions back Mantine would write a style element, which the policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label="Light or dark">
          {dark ? <Moon size={17} /> : <Sun size={17} />}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(
          [
            ['auto', 'As the system', Monitor],
            ['light', 'Light', Sun],
            ['dark', 'Dark', Moon],
          ] as const
        ).map(([value, title, Icon]) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={15} />}
            aria-current={colorScheme === value}
            onClick={() => setColorScheme(value)}
          >
            {title}
            {colorScheme === value ? ' ✓' : ''}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function UserMenu() {
  const user = useUser();
  const { leave } = useSession();
  const [password, setPassword] = useState(false);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" aria-label={`Signed in as ${user.name}`}>
            <UserRound size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {user.name}
            <br />
            {user.email ?? 'by API key'} · {user.role}
          </Menu.Label>
          {user.user_sid === null ? null : (
            <Menu.Item leftSection={<LockKeyhole size={15} />} onClick={() => setPassword(true)}>
              Change password
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<LogOut size={15} />}
            onClick={() => void leave().catch((fault: unknown) => toast(String(fault), 'bad'))}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {password && user.user_sid !== null ? (
        <PasswordForm userSid={user.user_sid} own onClose={() => setPassword(false)} />
      ) : null}
    </>
  );
}

export function Header(props: {
  readonly onMenu: () => void;
  readonly phone?: { readonly open: boolean; readonly toggle: () => void };
}) {
  const { onMenu, phone } = props;
  return (
    <header className="header">
      <ActionIcon variant="subtle" className="header-menu" aria-label="Menu" onClick={onMenu}>
        <MenuIcon size={18} />
      </ActionIcon>
      <Brand />
      <AccountSwitch />
      <span className="grow" />
      <FeedLight />
      {phone === undefined ? null : (
        <ActionIcon
          variant={phone.open ? 'light' : 'subtle'}
          aria-label="Phone"
          aria-expanded={phone.open}
          onClick={phone.toggle}
        >
          <PhoneIncoming size={17} />
        </ActionIcon>
      )}
      <SchemeSwitch />
      <UserMenu />
    </header>
  );
}
