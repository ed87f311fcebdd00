/** RTP through real calls of the whole server: CPU a relayed packet, delay added, loss; the meter is proved first. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { farMedia, nearMedia, Phones } from '../lib/phones.mjs';
import { startRtpengine } from '../lib/rtpengine.mjs';
import { rtpload, runRtp } from '../lib/rtpload.mjs';
import { startGraine } from '../lib/server.mjs';
import { sleep } from '../lib/numbers.mjs';

export const title = 'Relayed RTP';

const direct = (calls) =>
  Array.from({ length: calls }, (_, call) => [
    `near ${call} ${nearMedia + 2 * call} ${farMedia + 2 * call}`,
    `far ${call} ${farMedia + 2 * call} ${nearMedia + 2 * call}`,
  ]).flat();

const mapOf = (up) =>
  up.flatMap((call) => [
    `near ${call.number} ${nearMedia + 2 * call.number} ${call.nearServer}`,
    `far ${call.number} ${farMedia + 2 * call.number} ${call.farServer}`,
  ]);

async function throughCalls(bench, media, calls) {
  const target = { type: 'sip', sipUri: `sip:1@127.0.0.1:${bench.phones.far}` };
  const application = { app_json: [{ verb: 'dial', answerOnBridge: true, target: [target] }] };
  const server = await startGraine({ ...bench.server, application, media });
  const phones = new Phones(server, bench.phones);
  await phones.open();
  const up = await phones.dial(calls, 100);
  await sleep(1_000);
  const result = await runRtp(mapOf(up), server, { ...bench.rtp });
  await phones.hangUp();
  phones.close();
  await server.close();
  return { calls: up.length, wanted: calls, ...result };
}

function said(bench, name, result) {
  bench.say(
    `${name}, ${result.calls ?? 100} calls: ${result.packetsPerSecond} packets/s, ${result.cpuUsPerPacket} µs a packet, p50 ${result.p50Ms} p99 ${result.p99Ms} ms, lost ${result.lostPercent} %, noise ${result.noisePercent} %`,
  );
  return result;
}

export async function run(bench) {
  if (rtpload(bench.folder) === undefined)
    return { rows: [], detail: { skipped: 'no C compiler (cc): apt-get install -y gcc libc6-dev' } };
  bench.rtp = { folder: bench.folder, core: bench.core, seconds: bench.quick ? 3 : 8, warm: bench.quick ? 1 : 3 };
  const short = { ...bench.rtp, seconds: 2, warm: 1 };
  const detail = {
    meter: await runRtp(direct(100), undefined, short),
    injected: await runRtp(direct(100), undefined, { ...short, dropEvery: 50 }),
  };
  const { injected } = detail;
  const proved = injected.lost === injected.heldBack && injected.heldBack > 0 && detail.meter.lost === 0;
  bench.say(
    `loss meter ${proved ? 'proved' : 'NOT proved'}: ${injected.heldBack} held back, ${injected.lost} found missing; without, ${detail.meter.lost}`,
  );
  const sizes = bench.quick ? [100] : [100, 400];
  const rows = [];
  const engine = {};
  if (bench.peers.rtpengine) {
    for (const calls of sizes) {
      const peer = await startRtpengine(bench.folder);
      engine[calls] = said(bench, 'rtpengine', await runRtp(await peer.calls(calls), peer, bench.rtp));
      await peer.close();
    }
    detail.rtpengine = engine;
  }
  for (const [wire, media] of bench.wires) {
    for (const calls of sizes) {
      const result = said(bench, wire, await throughCalls(bench, media, calls));
      detail[`${wire} ${calls}`] = result;
      const note = `${result.calls} calls, ${result.packetsPerSecond} packets/s, lost ${result.lostPercent} %, noise ${result.noisePercent} %`;
      const limit = wire === 'dgram' ? 10 : 6;
      rows.push({
        figure: `RTP CPU a packet, ${wire}`,
        unit: 'µs',
        ours: result.cpuUsPerPacket,
        limit,
        published: 'rtp',
        measured: { rtpengine: engine[calls]?.cpuUsPerPacket },
        note,
      });
      if (calls !== 100) continue;
      for (const [quantile, limit] of [
        ['p50', 0.5],
        ['p99', 2],
      ])
        rows.push({
          figure: `RTP delay added, ${wire}, ${quantile}`,
          unit: 'ms',
          ours: result[`${quantile}Ms`],
          limit,
          published: `rtp${quantile.toUpperCase()}`,
          measured: { rtpengine: engine[calls]?.[`${quantile}Ms`] },
          note: `meter alone ${detail.meter[`${quantile}Ms`]}`,
        });
    }
  }
  detail.engineAlone = engineAlone(bench);
  return { rows, detail: { ...detail, proved } };
}

/** The engine without a server around it, by its own benchmark. */
function engineAlone(bench) {
  const script = fileURLToPath(new URL('../rtp.mjs', import.meta.url));
  try {
    const table = execFileSync(process.execPath, [script, '--calls', bench.quick ? '100' : '100,400'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    bench.say(`the engine alone (bench/rtp.mjs):\n${table.trimEnd()}`);
    return table;
  } catch (fault) {
    return `bench/rtp.mjs failed: ${String(fault).slice(0, 300)}`;
  }
}
