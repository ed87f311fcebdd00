/** `npm run cluster:demo`: a cluster on this machine, calls on it, and what happens to them when parts of it are killed. Exits
 * with 0 only if no call was lost, each was ended by its own BYE, and each was written down once. */
import { createColors } from 'picocolors';
import { Client } from 'pg';
import { after } from '../kit/index.ts';
import { openStage, type Stage } from './stage.ts';
import { Talk } from './talk.ts';

const CALLS = 6;
/** After so long nothing more happens to a call: an rtpengine is missed within a second, a node after seconds of silence. */
const CALM_MS = { rtpengine: 3_000, node: 8_000 };

const { bold, dim, green, red, yellow } = createColors(process.stdout.isTTY);
const began = performance.now();
const print = (line: string): void =>
  console.log(`${dim(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${line}`);
const title = (line: string): void => print(bold(line));
const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const engineName = (n: number): string => (n < 0 ? 'a node’s own worker' : `rtpengine ${n + 1}`);
const nodeName = (n: number): string => (n < 0 ? 'no node we know' : `node ${'AB'[n]}`);

async function callsCome(stage: Stage, first: number, count: number): Promise<Talk[]> {
  const talks: Talk[] = [];
  for (let n = first; n < first + count; n++) {
    const talk = await Talk.begin(n, stage);
    talks.push(talk);
    print(`  call ${n}  ${nodeName(talk.node)}, ${engineName(talk.engine)}; heard ${talk.levels()}`);
  }
  return talks;
}

/** Something is killed; each call says what became of it. */
async function kill(
  what: string,
  talks: readonly Talk[],
  { calmMs, strike }: { calmMs: number; strike: () => Promise<void> },
): Promise<void> {
  title(`Killing ${what}`);
  const at = performance.now();
  await strike();
  const lines = await Promise.all(
    talks.map(async (talk) => {
      await talk.heard();
      // What comes late is silence too.
      await after(calmMs - (performance.now() - at));
      await talk.heard();
      const gap = talk.gap(at - 100);
      const kept = gap < 100 ? 'not a moment of silence' : `${seconds(gap)} of silence`;
      const fate = talk.fate === 'lost' ? red('LOST') : green(`both hear each other, ${kept}`);
      talk.story.push(`${what} killed: ${talk.fate === 'lost' ? 'lost' : kept}`);
      return `  call ${talk.n}  ${fate}; ${talk.levels()}`;
    }),
  );
  for (const line of lines) print(line);
}

/** Which of the two has most of them. */
function busiest(of: readonly number[]): 0 | 1 {
  return of.filter((n) => n === 1).length > of.length / 2 ? 1 : 0;
}

async function recordsOf(database: string, due: number): Promise<number> {
  const client = new Client({ connectionString: database });
  await client.connect();
  let count = 0;
  for (const end = performance.now() + 10_000; performance.now() < end && count < due; await after(200))
    count = Number((await client.query('select count(*) as n from cdr')).rows[0].n);
  await client.end();
  return count;
}

async function run(stage: Stage): Promise<boolean> {
  const { app, callee, engines, nodes, edge } = stage;
  app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: callee.uri }], answerOnBridge: true }]);
  title(`${CALLS} calls come in through Kamailio, each with two tones of its own`);
  const talks = await callsCome(stage, 1, CALLS);
  // rtpengine carries them alone after half a second, and Redis knows of them.
  await after(2000);

  const engine = busiest(talks.map((talk) => talk.engine));
  await kill(engineName(engine), talks, {
    calmMs: CALM_MS.rtpengine,
    strike: () => engines[engine].kill(),
  });
  const node = busiest(talks.map((talk) => talk.node));
  await kill(nodeName(node), talks, { calmMs: CALM_MS.node, strike: () => nodes[node].killed() });

  title('New calls come in');
  await edge.until([`127.0.0.1:${nodes[node === 0 ? 1 : 0].sip.port}`]);
  talks.push(...(await callsCome(stage, CALLS + 1, 2)));

  title('All hang up');
  await Promise.all(talks.map((talk) => talk.end()));
  const records = await recordsOf(stage.database, talks.length * 2);
  for (const { n, fate, story } of talks)
    print(`  call ${n}  ${fate === 'over' ? green('ended by its BYE') : red('LOST')}${dim(`  ${story.join('; ')}`)}`);
  const lost = talks.filter(({ fate }) => fate !== 'over').length;
  const written = records === talks.length * 2;
  print(`  ${records} call records for ${talks.length} calls of two legs ${written ? green('✓') : red('✗')}`);
  title(lost === 0 && written ? green('No call was lost.') : red(`${lost} of ${talks.length} calls were lost.`));
  return lost === 0 && written;
}

const closers: (() => unknown)[] = [];
let good = false;
try {
  title('Starting a cluster on this machine (loopback only)');
  good = await run(await openStage((what) => print(`  ${green('✓')} ${what}`), closers));
} catch (fault) {
  print(red(fault instanceof Error ? fault.message : String(fault)));
  print(yellow('The demo could not be run to its end.'));
} finally {
  for (const close of closers.toReversed()) await Promise.resolve(close()).catch(() => {});
}
process.exit(good ? 0 : 1);
