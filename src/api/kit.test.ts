/** A REST server for tests: real store, directory and live state, on a free port; call control stands still and remembers. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { AuditTrail, Sessions, Softphones } from '../access/index.ts';
import { Emitter, FakeClock, type Log, SeededRandom, silentLog } from '../base/index.ts';
import { openLive } from '../live/index.ts';
import type { CallControl, CallInfo, CallRow, CallWatch, ControlResult, Nodes } from '../ports/index.ts';
import { ensureAdminKey, openDirectory, type OpenDirectory, openStore, type OpenStore } from '../store/index.ts';
import { type Api, type ApiOptions, createApi } from './index.ts';

export type Answer = {
  status: number;
  body: Record<string, unknown> & { sid?: string; msg?: string; details?: { path: string; expected: string }[] };
  headers: Headers;
};

export const clock = new FakeClock();
export const random = new SeededRandom(7);
/** What was logged as an error, and as a warning. */
export const logged: { readonly errors: object[]; readonly warnings: object[] } = { errors: [], warnings: [] };
const log: Log = {
  ...silentLog,
  error: (fields) => void logged.errors.push(fields),
  warn: (fields) => void logged.warnings.push(fields),
  child: () => log,
};
export let store: OpenStore;
export let directory: OpenDirectory;
/** There is no other node. */
const alone: Nodes = {
  name: 'test',
  speaking: false,
  direct: false,
  others: () => [],
  send: () => Promise.resolve({ silent: 'there is none' }),
  check: () => ({ refused: 'there is none' }),
};

export let live: Awaited<ReturnType<typeof openLive>>;
let api: Api;
export let base = '';
export let admin = '';
export let account = '';
export let other = '';
export let accountToken = '';
export const state = { ready: true };

/** Stands where call control will: remembers what it was asked, answers what the test says. */
class Control implements CallControl {
  asked: unknown[] = [];
  answer: ControlResult = { ok: true, status: 202 };
  calls: CallInfo[] = [];

  create(...asked: unknown[]): Promise<ControlResult> {
    this.asked.push(asked);
    return Promise.resolve(this.answer);
  }
  update(...asked: unknown[]): Promise<ControlResult> {
    this.asked.push(asked);
    return Promise.resolve(this.answer);
  }
  list(accountSid: string): readonly CallInfo[] {
    return this.calls.filter((call) => call.account_sid === accountSid);
  }
  get(accountSid: string, callSid: string): CallInfo | undefined {
    return this.list(accountSid).find((call) => call.call_sid === callSid);
  }
  quality(accountSid: string, callSid: string): Promise<[] | undefined> {
    return Promise.resolve(this.get(accountSid, callSid) === undefined ? undefined : []);
  }
  count(): { inbound: number; outbound: number } {
    return { inbound: this.calls.length, outbound: 0 };
  }
}
export const control = new Control();

/** Stands where the watch of calls will: shows the rows the test puts in. */
class Watched implements CallWatch {
  readonly events: CallWatch['events'] = new Emitter();
  followers = 0;
  metered: ReadonlySet<string> = new Set();
  calls: CallRow[] = [];

  follow(): () => void {
    this.followers++;
    return () => void this.followers--;
  }
  rows(accountSid?: string, sessions?: ReadonlySet<string>): CallRow[] {
    return this.calls.filter(
      (row) =>
        (accountSid === undefined || row.account_sid === accountSid) &&
        (sessions === undefined || sessions.has(row.session)),
    );
  }
  meter(callSids: ReadonlySet<string>): void {
    this.metered = callSids;
  }
}
export const watch = new Watched();
export const news: ApiOptions['news'] = new Emitter();
export let sessions: Sessions;
let closers: (() => void)[] = [];

export async function ask(method: string, path: string, body?: unknown, token = admin): Promise<Answer> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${base}${path}`, { method, headers, ...(body === undefined ? {} : { body: text }) });
  const said = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  return {
    status: response.status,
    body: (json ? JSON.parse(said) : { said }) as Answer['body'],
    headers: response.headers,
  };
}

/** Starts it before the tests of the file that calls this, and closes it after them. */
export function useServer(more: Partial<ApiOptions> = {}): void {
  before(async () => {
    store = await openStore('memory:', { clock, log });
    directory = await openDirectory(store, { clock, log });
    live = await openLive('memory:', { clock, log, node: 'test' });
    admin = (await ensureAdminKey(directory, { token: undefined, random, clock })) ?? '';
    sessions = new Sessions({ store, directory, clock, random, log, idleMs: 3_600_000, longestMs: 43_200_000 });
    const softphones = new Softphones({ sessions, directory, live, domain: 'kit.test', clock, random, log });
    const audit = new AuditTrail({ store, clock, random, log, keepDays: 400 });
    closers = [() => audit.close(), () => softphones.close(), () => sessions.close()];
    api = await createApi({
      directory,
      store,
      live,
      nodes: alone,
      control,
      watch,
      news,
      sessions,
      softphones,
      audit,
      origins: [],
      maxBodyBytes: 256 * 1024,
      trustedProxies: [],
      portal: {
        folder: undefined,
        sip: () => ({ ws: 'ws://127.0.0.1:5066', wss: undefined, realm: 'kit.test' }),
        echo: false,
      },
      timelines: {
        timeline: (accountSid, sid) =>
          Promise.resolve(sid === 'known' && accountSid === account ? [{ kind: 'sip' }] : undefined),
        pcap: (accountSid, sid) =>
          Promise.resolve(sid === 'known' && accountSid === account ? Buffer.from('pcap') : undefined),
        page: (accountSid, sid) =>
          Promise.resolve(sid === 'known' && accountSid === account ? '<!doctype html>' : undefined),
      },
      recordings: {
        list: () => Promise.resolve([]),
        open: () => Promise.resolve(undefined),
        remove: () => Promise.resolve(false),
      },
      events: {
        events: (accountSid, sid, from) =>
          sid === 'known' && accountSid === account
            ? {
                events: [{ seq: 3, id: 'm3', type: 'call:status', at: 0, acknowledged: false, data: {} }],
                last: 3,
                lost: 2 - from,
              }
            : undefined,
      },
      metrics: { text: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }) },
      readiness: () => (state.ready ? { ready: true } : { ready: false, reason: 'draining' }),
      clock,
      random,
      log,
      version: '0.0.0-test',
      config: { yaml: 'sip: {}' },
      ...more,
    });
    const at = await api.listen({ host: '127.0.0.1', port: 0 });
    base = `http://127.0.0.1:${at.port}`;
    account = (await ask('POST', '/v1/Accounts', { name: 'acme', sip_realm: 'acme.test' })).body.sid ?? '';
    other = (await ask('POST', '/v1/Accounts', { name: 'other' })).body.sid ?? '';
    accountToken = String((await ask('POST', '/v1/ApiKeys', { account_sid: account })).body['token']);
  });

  after(async () => {
    await api.close();
    for (const close of closers) close();
    await directory.close();
    await store.close();
    await live.close();
    assert.deepEqual(clock.pending(), []);
  });
}
