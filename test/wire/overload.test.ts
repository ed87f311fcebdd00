// Too much for the machine: new calls get 503 before calls that stand suffer, and all are taken again when it is over.
// issue 6, item 6. The server is a process of its own that is starved of its processor: stopped and let go, many times a second.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  accountOf,
  after,
  at,
  GraineProcess,
  HookApp,
  type OutgoingPhoneCall,
  Phone,
  phones,
  token,
} from '../kit/index.ts';

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function stage() {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  open.push(app, alice, desk);
  const graine = await GraineProcess.start({
    // A fast machine takes more calls meanwhile than a story's usual ports are enough for: load must be what refuses.
    // So many that no other test's may be among them: at an address of its own.
    media: { address: '127.0.0.33', ports: '10000-12399' },
    calls: { overload: { enabled: true, loop_late_ms: 40, least_calls_per_second: 2 } },
    log: { level: 'warn' },
    // It runs a tenth of the time.
    hooks: { timeout_seconds: 30 },
    accounts: [accountOf(app, alice, { applications: [{ name: 'main', call_hook: app.url('/call') }] })],
  });
  open.unshift(graine);
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  return { graine, app, alice, desk };
}

/** Lets a process run a tenth of the time, until told to stop. */
class Starver {
  readonly #pid: number;
  #ended: Promise<void> | undefined;
  #over = false;

  constructor(pid: number) {
    this.#pid = pid;
    this.#ended = this.#run();
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      process.kill(this.#pid, 'SIGSTOP');
      await after(270);
      process.kill(this.#pid, 'SIGCONT');
      await after(30);
    }
  }
}

async function figures(graine: GraineProcess): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${graine.http.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('graine_'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

async function untilOpen(graine: GraineProcess): Promise<void> {
  const end = performance.now() + 60_000;
  while ((await figures(graine)).get('graine_overloaded') !== 0) {
    assert.ok(performance.now() < end, `still overloaded:\n${graine.output}`);
    await after(500);
  }
}

test(
  'starved: new calls get 503, those of REST too, a call that stands is held and hung up; fed again, all are taken',
  { timeout: 180_000 },
  async () => {
    const { graine, app, alice, desk } = await stage();
    app.answers([
      { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
    ]);
    await untilOpen(graine);
    const call = (tone?: number): OutgoingPhoneCall =>
      alice.invites(at('100', graine.sip), { from: '+15557650001', ...(tone === undefined ? {} : { tone }) });
    const standing = call(440);
    await standing.hears(620);

    const starver = new Starver(graine.pid);
    open.unshift(starver);
    const finals: Promise<number>[] = [];
    const taken: OutgoingPhoneCall[] = [];
    const from = performance.now();
    while (performance.now() - from < 12_000) {
      const next = call();
      finals.push(
        next.final({ within: 60_000 }).then((final) => {
          if (final.status === 200) taken.push(next);
          else assert.match(final.get('retry-after') ?? '', /^[1-5]$/, `${final.title} without Retry-After`);
          return final.status;
        }),
      );
      await after(50);
    }
    const placed = await fetch(`${graine.http.url}/v1/Accounts`, { headers: { authorization: `Bearer ${token}` } });
    const [account] = (await placed.json()) as { account_sid: string }[];
    const body = { from: '1', to: { type: 'sip', sipUri: desk.uri }, app_json: '[{"verb":"hangup"}]' };
    const creates = await Promise.all(
      Array.from({ length: 10 }, () =>
        fetch(`${graine.http.url}/v1/Accounts/${account?.account_sid}/Calls`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      ),
    );
    const refusedByRest = creates.filter(({ status }) => status === 503);
    assert.ok(refusedByRest.length > 0, creates.map(({ status }) => status).join());
    assert.match(refusedByRest[0]?.headers.get('retry-after') ?? '', /^[1-5]$/);

    assert.equal((await standing.holds()).status, 200, 'a call that stands is served');
    assert.equal((await standing.resumes()).status, 200);
    const statuses = await Promise.all(finals);
    const refused = statuses.filter((status) => status === 503).length;
    assert.deepEqual(new Set(statuses), new Set([200, 503]));
    assert.ok(refused > statuses.length / 4, `${refused} of ${statuses.length} refused`);
    assert.ok(taken.length > 5, 'some are taken all the while');
    assert.equal((await figures(graine)).get('graine_overloaded'), 1);

    await starver.close();
    for (const each of taken) await each.hangsUp();
    await standing.hears(620, { since: performance.now() });
    await untilOpen(graine);
    assert.ok(((await figures(graine)).get('graine_calls_refused_total{reason="overload"}') ?? 0) >= refused);
    const again = call(440);
    await again.hears(620);
    await again.hangsUp();
    await standing.hangsUp();
    const says = graine.output.split('\n').filter((line) => line.includes('overload'));
    assert.ok(
      says.some((line) => line.includes('new calls are refused beyond a rate')),
      graine.output,
    );
    assert.ok(says.some((line) => line.includes('overload is over')));
  },
);
