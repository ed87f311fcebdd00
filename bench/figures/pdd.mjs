/** From our INVITE into the server to its INVITE out, seen by two phones in one process with one clock. What the phones
 * themselves need is measured without a server and stated, not subtracted; the hook's time, stamped by the hook itself, is.
 * So is stated how steady the machine was. */
import { startKamailio } from '../lib/kamailio.mjs';
import { round, spread } from '../lib/numbers.mjs';
import { numberOf, Phones } from '../lib/phones.mjs';
import { calm, noiseMeter } from '../lib/proc.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';
import { steadiness } from '../lib/steadiness.mjs';

export const title = 'INVITE in to INVITE out, 10 calls/s';

async function dialled(bench, server, count, rate) {
  const phones = new Phones(server, bench.phones);
  await phones.open();
  const up = await phones.dial(count, rate);
  await phones.hangUp();
  phones.close();
  return { up, failed: count - up.length, resent: phones.calls.reduce((all, call) => all + call.resent, 0) };
}

async function measure(bench, server, hook) {
  // A server that serves is warm: Node compiles what runs often.
  await dialled(bench, server, bench.quick ? 200 : 1_500, 150);
  if (hook !== undefined) await hook.times();
  await calm(bench.quick ? 5 : 20, server.roots ?? []);
  const noise = noiseMeter();
  const { up, failed, resent } = await dialled(bench, server, bench.quick ? 40 : 150, 10);
  const own = new Map(hook === undefined ? [] : (await hook.times()).times);
  const gross = up.map((call) => call.arrivedAt - call.sentAt);
  const net = up.map((call) => call.arrivedAt - call.sentAt - (own.get(numberOf(call.number)) ?? 0));
  const result = {
    calls: up.length,
    failed,
    resent,
    gross: spread(gross),
    net: spread(net),
    noisePercent: noise(server.roots ?? []),
  };
  if (own.size > 0) result.hook = spread([...own.values()]);
  bench.say(
    `${server.name}: p50 ${result.net.p50}, p99 ${result.net.p99} ms, ${failed} failed, ${resent} resent, noise ${result.noisePercent} %`,
  );
  return result;
}

export async function run(bench) {
  const detail = { direct: await measure(bench, { name: 'phones alone', host: '127.0.0.1', port: bench.phones.far }) };
  detail.machine = await steadiness(bench.quick ? 40 : 150);
  const { p50, p99 } = detail.machine;
  bench.say(`this machine, for a fixed piece of work: p50 ${p50}, p99 ${p99} ms`);
  if (bench.peers.kamailio) {
    const kamailio = await startKamailio(bench.folder, [bench.phones.far]);
    detail.kamailio = await measure(bench, kamailio);
    await kamailio.close();
  }
  const hook = await startHookApp();
  const target = { type: 'sip', sipUri: `sip:1@127.0.0.1:${bench.phones.far}` };
  const variants = [
    ['with a hook', { call_hook: `${hook.url}/dial?to=${bench.phones.far}` }, hook],
    ['app_json, no hook', { app_json: [{ verb: 'dial', answerOnBridge: true, target: [target] }] }, undefined],
  ];
  const rows = [];
  for (const [name, application, asked] of variants) {
    const server = await startGraine({ ...bench.server, application });
    const result = await measure(bench, server, asked);
    detail[name] = result;
    await server.close();
    for (const key of ['p50', 'p99']) {
      rows.push({
        figure: `INVITE in to INVITE out, ${name}, ${key}`,
        unit: 'ms',
        ours: result.net[key],
        limit: key === 'p50' ? 0.8 : 2,
        published: key === 'p50' ? 'pddP50' : 'pddP99',
        measured: { kamailio: detail.kamailio?.net[key] },
        note: `${result.calls} calls; phones alone ${round(detail.direct.net[key])}${result.hook === undefined ? '' : `; hook's own ${result.hook[key]} taken off`}; a fixed piece of work ${detail.machine[key]}; noise ${result.noisePercent} %`,
      });
    }
  }
  await hook.close();
  return { rows, detail };
}
