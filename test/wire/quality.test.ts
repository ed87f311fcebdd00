// Quality is measured leg by leg and second by second: in the timeline, the CDR and dial_quality. Never a default.
import assert from 'node:assert/strict';
import { after, dial, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });

type Seconds = { secondsEach: number; received: number[]; lost: number[]; mos: (number | null)[] };

story(
  'a fifth of what the callee says is lost: its leg shows it, second by second, the caller’s does not',
  async (w) => {
    w.phone('desk').dropsPackets(20);
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))]));
    const call = w.calls();
    await call.hears(620);
    const desk = await w.phone('desk').nextCall();
    await desk.hears(440);
    await after(3200);
    const [{ call_sid: sid }] = (await w.account('GET', '/Calls')).body as [{ call_sid: string }];
    const now = (await w.account('GET', `/Calls/${sid}/Quality`)).body as { call_sid: string; seconds: Seconds }[];
    assert.equal(now.length, 2);
    assert.ok(
      now.some(({ seconds }) => seconds.lost.some((lost) => lost > 0)),
      JSON.stringify(now),
    );
    assert.ok(now.every(({ seconds }) => seconds.received.length >= 2 && seconds.secondsEach === 1));
    await call.hangsUp();
    await desk.byed();
    const { body } = await w.next('/action');
    const { caller, callee } = body['dial_quality'];
    assert.ok(callee.packets_lost_percent > 8 && callee.packets_lost_percent < 35, `${callee.packets_lost_percent} %`);
    assert.ok(caller.packets_lost_percent < 5, `${caller.packets_lost_percent} %`);
    assert.ok(callee.mos < caller.mos, `${callee.mos} is worse than ${caller.mos}`);
    assert.equal((await w.account('GET', `/Calls/${sid}/Quality`)).status, 404);
    const quality = await w.eventually('both legs are in the timeline', async () => {
      const trace = await w.account('GET', `/Calls/${body['call_sid']}/Trace`);
      const found = JSON.stringify(trace.body).match(/"secondsEach"/g) ?? [];
      return found.length === 2 && (trace.body as unknown);
    });
    const all: Seconds[] = [];
    JSON.stringify(quality, (key, value: unknown) => {
      if (key === 'seconds') all.push(value as Seconds);
      return value;
    });
    const losses = all.map(({ lost }) => lost.reduce((sum, each) => sum + each, 0)).toSorted((a, b) => a - b);
    assert.ok(all.every(({ received, secondsEach }) => secondsEach === 1 && received.length >= 2));
    assert.ok((losses[1] ?? 0) > 8 && (losses[0] ?? 0) < (losses[1] ?? 0) / 2, `lost by leg: ${losses.join(' and ')}`);
  },
);
