/** What the studio costs: the engine alone, by its own benchmark (bench/studio.mjs). CPU is taken from the kernel and divided by the
 * frames that came out; the jitter has the meter's own noise in it, so the relay's stands beside it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const title = 'The studio';

export async function run(bench) {
  const script = fileURLToPath(new URL('../studio.mjs', import.meta.url));
  const options = ['--json', '--seconds', bench.quick ? '3' : '8', '--calls', bench.quick ? '30' : '50'];
  const cases = JSON.parse(
    execFileSync(process.execPath, [script, ...options], { encoding: 'utf8', timeout: 300_000 }),
  );
  const by = Object.fromEntries(cases.map((each) => [each.case, each]));
  for (const each of cases)
    bench.say(
      `${each.case} (${each.ends}): ${each['µs/frame/leg']} µs a frame and leg, ${each['calls/core']} calls a core, lost ${each['lost %']} %`,
    );
  const relay = by.relay['µs/frame/leg'];
  const cost = (name, figure, limit) => {
    const ours = by[name]['µs/frame/leg'];
    return { figure, unit: 'µs', ours, limit, note: `relayed: ${relay}; ${(ours / relay).toFixed(1)} times that` };
  };
  const rows = [
    cost('tap', 'studio, G.711 with a listener, 20 ms frame a leg', 60),
    cost('gain', 'studio, G.711 with a listener and a boost both ways, 20 ms frame a leg', 60),
    {
      figure: 'Opus ↔ G.711, calls a core',
      unit: '',
      ours: by.opus['calls/core'],
      limit: 150,
      more: true,
      note: `${by.opus['µs/frame/leg']} µs a frame and leg`,
    },
    {
      figure: 'G.722 ↔ G.711, calls a core',
      unit: '',
      ours: by.g722['calls/core'],
      note: `${by.g722['µs/frame/leg']} µs a frame and leg`,
    },
    {
      figure: 'jitter of sent packets, 200 studio calls, p99',
      unit: 'ms',
      ours: by.jitter['jitter p99 ms'],
      limit: 3,
      note: `relayed, ${by.relay.calls} calls: ${by.relay['jitter p99 ms']}`,
    },
  ];
  return { rows, detail: { cases } };
}
