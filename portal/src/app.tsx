/** The pages and their paths. Each page is a chunk of its own, loaded when it is first seen. */
import { type ComponentType, lazy, type LazyExoticComponent, Suspense } from 'react';
import { Button } from '@mantine/core';
import { Building2 } from 'lucide-react';
import { Redirect, Route, Router, Switch } from 'wouter';
import { Empty, ErrorNote, Page } from './parts/index.ts';
import { SignIn } from './pages/sign-in/index.ts';
import {
  AccountProvider,
  FeedProvider,
  SessionProvider,
  Shell,
  useAccounts,
  useSession,
  useUser,
} from './shell/index.ts';

type PageComponent = LazyExoticComponent<ComponentType>;

const Accounts = lazy(() => import('./pages/provisioning/accounts.tsx'));

const pages: Readonly<Record<string, PageComponent>> = {
  '/live': lazy(() => import('./pages/live/live.tsx')),
  '/recent': lazy(() => import('./pages/recent/recent.tsx')),
  '/call/:sid': lazy(() => import('./pages/call/call.tsx')),
  '/dial': lazy(() => import('./pages/dial/dial.tsx')),
  '/numbers': lazy(() => import('./pages/provisioning/numbers.tsx')),
  '/applications': lazy(() => import('./pages/provisioning/applications.tsx')),
  '/carriers/*?': lazy(() => import('./pages/provisioning/carriers.tsx')),
  '/clients': lazy(() => import('./pages/provisioning/clients.tsx')),
  '/teams': lazy(() => import('./pages/provisioning/teams.tsx')),
  '/speech': lazy(() => import('./pages/provisioning/speech.tsx')),
  '/people': lazy(() => import('./pages/provisioning/people.tsx')),
  '/accounts': Accounts,
  '/keys': lazy(() => import('./pages/keys/keys.tsx')),
  '/alerts': lazy(() => import('./pages/watch/alerts.tsx')),
  '/devices': lazy(() => import('./pages/watch/devices.tsx')),
  '/audit': lazy(() => import('./pages/watch/audit.tsx')),
};

function NoPage() {
  return (
    <Page title="Nothing here">
      <div className="panel">
        <Empty title="There is no such page">Choose one from the navigation.</Empty>
      </div>
    </Page>
  );
}

/** Pages are about an account. Without one, the administrator makes the first. */
function Places() {
  const { account, loading, fault } = useAccounts();
  const admin = useUser().role === 'admin';
  if (loading) return <p className="dim page">Loading …</p>;
  if (fault) return <div className="page">{<ErrorNote fault={fault} />}</div>;
  if (account === undefined) {
    return admin ? (
      <NoAccount />
    ) : (
      <div className="page">
        <Empty title="Your account is gone">Ask the administrator of this server.</Empty>
      </div>
    );
  }
  return (
    <Suspense fallback={<p className="dim page">Loading …</p>}>
      <Switch>
        <Route path="/">
          <Redirect to="/live" replace />
        </Route>
        {Object.entries(pages).map(([path, Component]) => (
          <Route key={path} path={path}>
            <Component />
          </Route>
        ))}
        <Route component={NoPage} />
      </Switch>
    </Suspense>
  );
}

/** The first account, by its name alone; everything else of it can be set later. */
function NoAccount() {
  const { create } = useAccounts();
  return (
    <Page title="Welcome">
      <div className="panel">
        <Empty
          icon={<Building2 size={28} strokeWidth={1.6} aria-hidden />}
          title="No account yet"
          action={<Button onClick={() => void create('main')}>Create the account “main”</Button>}
        >
          Numbers, carriers, applications and people belong to an account.
        </Empty>
      </div>
    </Page>
  );
}

function Gate() {
  const { state } = useSession();
  if (state.is === 'asking') return null;
  if (state.is === 'out') return <SignIn why={state.why} />;
  return (
    <AccountProvider>
      <FeedProvider>
        <Shell>
          <Places />
        </Shell>
      </FeedProvider>
    </AccountProvider>
  );
}

export function App() {
  return (
    <Router base="/portal">
      <SessionProvider>
        <Gate />
      </SessionProvider>
    </Router>
  );
}
