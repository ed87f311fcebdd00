/** One server, one web application, some phones: the stage of a wire story. What a story leaves behind fails it. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { after as afterAll, afterEach, before, describe, it } from 'node:test';
import {
  at,
  type InviteOptions,
  ladder,
  type OutgoingPhoneCall,
  Phone,
  type PhoneOptions,
  phones as behaviours,
} from '../../src/testing/index.ts';
import { GraineProcess } from './child.ts';
import { type Config, type Graine, startGraine } from './graine.ts';
import { excess, type Held, held, ofACall } from './held.ts';
import { HookApp, type HookRequest, type Json } from './hook-app.ts';
import { Looks } from './looks.ts';

export type AccountConfig = {
  carriers?: Config[];
  clients?: Config[];
  applications?: Config[];
  phone_numbers?: Config[];
} & Config;

export type WorldOptions = {
  /** Phones by name. `alice` is always there: she calls in through the carrier `origin`. */
  readonly phones?: readonly (string | PhoneOptions)[];
  /** The account; what it leaves out is the kit's. */
  readonly account?: (world: World) => AccountConfig;
  /** Other parts of the configuration. */
  readonly config?: Config;
};

export const realm = 'voice.example.test';
/** The number alice dials unless a story says otherwise. */
export const number = '+15551230001';

export class World {
  readonly phones = new Map<string, Phone>();
  app!: HookApp;
  graine!: Graine;
  accountSid = '';
  #config: Config = {};
  /** What the process held before this world, and when the running story began. */
  readonly #before = held();
  #storyBefore: Held = [];

  static async start(options: WorldOptions): Promise<World> {
    const world = new World();
    try {
      await world.#open(options);
      return world;
    } catch (fault) {
      // What is left open would keep the process, and the fault untold.
      await Promise.all([
        world.graine?.stop(),
        world.app?.close(),
        ...Array.from(world.phones.values(), (phone) => phone.close()),
      ]);
      throw fault;
    }
  }

  async #open(options: WorldOptions): Promise<void> {
    this.app = await HookApp.start();
    for (const each of ['alice', ...(options.phones ?? [])]) {
      const phone = await Phone.listen(typeof each === 'string' ? { name: each } : each);
      this.phones.set(phone.name, phone);
    }
    this.#config = { ...options.config, accounts: [{ ...this.#account(), ...options.account?.(this) }] };
    this.graine = await startGraine(this.#config);
    const accounts = await this.rest('GET', '/v1/Accounts');
    this.accountSid =
      (accounts.body as { account_sid: string; name: string }[]).find((each) => each.name === 'kit')?.account_sid ?? '';
    this.#storyBefore = held();
  }

  /** Another node with the same configuration, but for `more`; whoever starts it stops it, before the world. */
  twin(more: Config = {}): Promise<Graine> {
    return startGraine({ ...this.#config, ...more });
  }

  /** Another node as a process of its own, to be killed. */
  twinProcess(more: Config = {}): Promise<GraineProcess> {
    return GraineProcess.start({ ...this.#config, ...more });
  }

  phone(name: string): Phone {
    const phone = this.phones.get(name);
    if (phone === undefined) throw new Error(`no phone ${name}`);
    return phone;
  }

  /** Alice (or another) calls a number of the server. */
  calls(options: InviteOptions & { to?: string; by?: string } = {}): OutgoingPhoneCall {
    const { to = number, by = 'alice', ...invite } = options;
    return this.phone(by).invites(at(to, this.graine.sip), { from: '+15557650001', tone: 440, ...invite });
  }

  /** A gateway entry for a phone. */
  gateway(name: string, more: Config = {}): Config {
    return { host: '127.0.0.1', port: this.phone(name).port, protocol: 'udp', inbound: false, outbound: true, ...more };
  }

  origin(): Config {
    return {
      name: 'origin',
      application: 'main',
      gateways: [this.gateway('alice', { inbound: true, outbound: false })],
    };
  }

  /** Where the server listens on the transport of this phone. */
  serverFor(name: string): { host: string; port: number } {
    const { sip, ports } = this.graine;
    return { host: sip.host, port: ports[this.phone(name).transport] ?? sip.port };
  }

  async register(name: string, as = name): Promise<void> {
    const answer = await this.phone(name).register(this.serverFor(name), { username: as, password: 'secret', realm });
    assert.equal(answer.status, 200, `REGISTER of ${name}: ${answer.title}`);
  }

  async rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    const { url, token } = this.graine.http;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  /** REST under this account. */
  account(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    return this.rest(method, `/v1/Accounts/${this.accountSid}${path}`, body);
  }

  update(callSid: string, body: unknown): Promise<{ status: number; body: Json }> {
    return this.account('PUT', `/Calls/${callSid}`, body);
  }

  async alerts(type: string): Promise<Record<string, Json>[]> {
    const { body } = await this.account('GET', '/Alerts?page=1&count=100');
    return (body.data as Record<string, Json>[]).filter((alert) => alert['alert_type'] === type);
  }

  /** Polls REST until it says so: for what no hook announces. */
  async eventually<T>(what: string, ask: () => Promise<T | undefined | false>, within = 15_000): Promise<T> {
    const looks = new Looks(within, 25);
    do {
      const got = await ask();
      if (got !== undefined && got !== false) return got;
    } while (await looks.again());
    throw new Error(`never came true: ${what}`);
  }

  next(path: string, within?: number): Promise<HookRequest> {
    return this.app.next(path, { story: () => this.story(), ...(within === undefined ? {} : { within }) });
  }

  /** Status callbacks of one call, in order of arrival. */
  statuses(callSid: string): string[] {
    return this.app
      .all('/status')
      .filter((request) => request.body['call_sid'] === callSid)
      .map((request) => `${request.body['call_status']}/${request.body['sip_status']}`);
  }

  /** Waits for a status callback that matches. */
  status(match: (body: Record<string, Json>) => boolean, what = 'a status callback'): Promise<HookRequest> {
    return this.app.requests.until((request) => request.path === '/status' && match(request.body), {
      what,
      story: () => this.story(),
    });
  }

  /** The ladder of the story so far, hooks between the messages. */
  story(): string {
    const hooks = this.app.requests.entries.map((request) => {
      const { call_status, sip_status, dial_call_status, dial_sip_status } = request.body;
      const said = [call_status, sip_status, dial_call_status, dial_sip_status].filter((each) => each !== undefined);
      return { at: request.at, text: `${request.method} ${request.path} ${said.join(' ')}` };
    });
    const lines = ladder(Array.from(this.phones.values(), (phone) => phone.transcript));
    const start = this.app.requests.entries[0]?.at ?? 0;
    return `${lines}\n hooks, from the first on:\n${hooks.map((hook) => `${(hook.at - start).toFixed(1).padStart(9)}  ${hook.text}`).join('\n')}`;
  }

  /** No call, and nothing on its way to a hook. */
  async idle(): Promise<boolean> {
    const { sessions, hooks } = await this.graine.leaks();
    return sessions + hooks === 0;
  }

  /** Between stories: everything must have ended by itself. Transactions linger for 64·T1, so they are not counted. */
  async clean(): Promise<void> {
    const none = { sessions: 0, legs: 0, dialogs: 0, ports: 0, hooks: 0, streams: 0, open: [] as string[] };
    let left = none;
    const looks = new Looks(10_000, 20);
    do {
      const { sessions, legs, dialogs, ports, hooks, streams } = await this.graine.leaks();
      const open = excess(ofACall(this.#storyBefore), ofACall(held()));
      left = { sessions, legs, dialogs, ports, hooks, streams, open };
    } while (!isDeepStrictEqual(left, none) && (await looks.again()));
    this.reset();
    this.#storyBefore = held();
    if (isDeepStrictEqual(left, none)) return;
    // Of a test that has failed already, this failure is not told.
    process.stderr.write(`\nleft behind by this story:\n${lastStory}\n${await this.standing()}\n`);
    await this.#endCalls();
    assert.deepEqual(left, none, 'left behind by a story');
  }

  /** What the server says of the calls that stand: the end of the timeline of each. */
  async standing(): Promise<string> {
    const { body } = await this.account('GET', '/Calls');
    const calls = Array.isArray(body) ? (body as { call_sid: string }[]) : [];
    const told = calls.map(async ({ call_sid: callSid }) => {
      const rows = (await this.account('GET', `/Calls/${callSid}/Trace`)).body as unknown;
      const lines = Array.isArray(rows) ? rows.slice(-60).map((row) => JSON.stringify(row).slice(0, 240)) : [];
      return [`call ${callSid} stands:`, ...lines].join('\n');
    });
    return (await Promise.all(told)).join('\n');
  }

  /** After a story that failed: ends what it left, so that the next one starts clean. */
  async sweep(): Promise<void> {
    await this.#endCalls();
    await this.clean().catch(() => this.reset());
  }

  async #endCalls(): Promise<void> {
    const { body } = await this.account('GET', '/Calls');
    for (const call of body as { call_sid: string }[]) {
      await this.update(call.call_sid, { call_status: 'completed' });
      await this.update(call.call_sid, { call_status: 'no-answer' });
    }
  }

  reset(): void {
    lastStory = this.story();
    this.app.reset();
    for (const phone of this.phones.values()) {
      phone.onInvite = behaviours.ringsForEver();
      phone.dropsPackets(0);
      phone.calls.entries.length = 0;
      phone.strays.entries.length = 0;
      phone.transcript.entries.length = 0;
    }
  }

  async stop(): Promise<void> {
    await this.graine.stop();
    const { timers, transactions } = await this.graine.leaks();
    await Promise.all([this.app.close(), ...Array.from(this.phones.values(), (phone) => phone.close())]);
    assert.deepEqual(timers, [], 'timers left after the server stopped');
    assert.equal(transactions, 0, 'transactions left after the server stopped');
    let open: string[] = [];
    const looks = new Looks(4000, 20);
    do open = excess(this.#before, held());
    while (open.length > 0 && (await looks.again()));
    assert.deepEqual(open, [], 'sockets and files left after the server stopped');
  }

  #account(): AccountConfig {
    return {
      name: 'kit',
      sip_realm: realm,
      webhook_secret: 'whsec_kit',
      device_calling_application: 'main',
      clients: ['bob', 'carol', 'dave'].map((username) => ({ username, password: 'secret' })),
      applications: [{ name: 'main', call_hook: this.app.url('/call'), call_status_hook: this.app.url('/status') }],
      carriers: [this.origin()],
    };
  }
}

/** Of the test that has just ended. */
let lastStory = '';
// Of one that fails in a suite without a stage, the ladder goes to stderr, where the runner shows it.
afterEach((context) => {
  const { passed, name } = context as { passed?: boolean; name: string };
  if (passed === false && lastStory !== '') process.stderr.write(`\nthe story of '${name}':\n${lastStory}\n`);
});

type Story = { readonly title: string; readonly tell: (world: World) => Promise<void> };

/** Stories on one stage. Each runs alone, and what it leaves behind fails it; a failure shows the ladder.
 * They are gathered into a suite, because the `after` of a file without one waits for an idle process (node:test). */
export function stage(options: WorldOptions = {}): (title: string, tell: Story['tell']) => void {
  const stories: Story[] = [];
  queueMicrotask(() => {
    describe('on one server', () => {
      let world: World | undefined;
      before(async () => {
        world = await World.start(options);
      });
      afterAll(async () => {
        await world?.stop();
      });
      for (const story of stories)
        it(story.title, { timeout: 120_000 }, async () => {
          if (world === undefined) throw new Error('the server did not start');
          await play(world, story);
        });
    });
  });
  return (title, tell) => void stories.push({ title, tell });
}

async function play(world: World, story: Story): Promise<void> {
  try {
    await story.tell(world);
  } catch (fault) {
    const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    // One that shows what a phone saw lacks the others and the hooks.
    const ladderText = message.includes(' hooks, from the first on:') ? '' : `\n${world.story()}`;
    await world.sweep();
    throw new Error(`${message}${ladderText}`, { cause: fault });
  }
  await world.clean();
}
