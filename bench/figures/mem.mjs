/** What a standing call holds: proportional memory of the process with 500 calls up and their media flowing, less idle. */
import { sleep } from '../lib/numbers.mjs';
import { farMedia, nearMedia, Phones } from '../lib/phones.mjs';
import { rtpload, runRtp } from '../lib/rtpload.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'Memory of a standing call';

export async function run(bench) {
  const count = bench.quick ? 200 : 500;
  const hook = await startHookApp();
  const server = await startGraine({
    ...bench.server,
    application: { call_hook: `${hook.url}/dial?to=${bench.phones.far}` },
  });
  await sleep(1_000);
  const idle = server.memory();
  const phones = new Phones(server, bench.phones);
  await phones.open();
  const up = await phones.dial(count, 50);
  await sleep(2_000);
  const standing = server.memory();
  const descriptors = server.descriptors();
  let flowing = standing;
  if (rtpload(bench.folder) !== undefined) {
    const map = up.flatMap(({ number, nearServer, farServer }) => [
      `near ${number} ${nearMedia + 2 * number} ${nearServer}`,
      `far ${number} ${farMedia + 2 * number} ${farServer}`,
    ]);
    const rtp = runRtp(map, server, { folder: bench.folder, core: bench.core, seconds: 4, warm: 1 });
    await sleep(4_000);
    flowing = server.memory();
    await rtp;
  }
  await phones.hangUp();
  phones.close();
  // Signalling lingers for 64*T1 = 32 s (RFC 3261 §17), ports rest.
  await sleep(bench.quick ? 2_000 : 36_000);
  const after = server.memory();
  const left = server.descriptors();
  await server.close();
  await hook.close();
  const each = (memory) => Math.round(((memory.pss - idle.pss) / Math.max(1, up.length)) * 10) / 10;
  bench.say(`${up.length} calls: ${each(standing)} KiB a call set up, ${each(flowing)} with media`);
  const rows = [
    {
      figure: `Memory a standing call, media included, ${count} calls`,
      unit: 'KiB',
      ours: each(flowing),
      limit: 80,
      aim: 60,
      published: 'mem',
      note: `${each(standing)} before media flows; from a cold start, so compiled code counts too; ${descriptors} descriptors, ${left} after`,
    },
  ];
  return { rows, detail: { up: up.length, idle, standing, flowing, after, descriptors, left } };
}
