/** `graine edge`: writes the configuration of a Kamailio in front of nodes, and tells whether what is there still fits. */
import path from 'node:path';
import { SystemRandom, withinNetworks } from '../base/index.ts';
import {
  addressesOf,
  askNode,
  differences,
  type Edge,
  type EdgeInput,
  kamailioSays,
  nodesIn,
  renderEdge,
  saidOf,
  secretFile,
  secretOf,
  writeEdge,
} from '../edge/index.ts';
import { CliError } from './client.ts';
import { type Io, painter, visible } from './io.ts';

type Config = ReturnType<(typeof import('../main.ts'))['loadConfig']>;

export type EdgeOptions = EdgeInput & {
  readonly config?: string;
  readonly out: string;
  readonly check?: boolean;
  /** The nodes are those that Redis knows. */
  readonly running?: boolean;
};

const stateMarks = { good: '✓', doubt: '!', bad: '✗' } as const;
type Finding = { readonly state: keyof typeof stateMarks; readonly what: string; readonly fix?: string };

export async function edge(options: EdgeOptions, io: Io): Promise<number> {
  const { loadConfig, runningNodes } = await import('../main.ts');
  const config = loadConfig(options.config);
  const { check, out } = options;
  const running = options.running === true ? { nodes: someOf(await runningNodes(config)) } : {};
  const said = { ...whatIsSaid(options), ...running };
  const plan = await planOf(said, config, secretOf(out) ?? new SystemRandom().token(43));
  if (check === true) return tell(await examine(plan, config, { out, clock: io.clock }), io);
  writeEdge(out, plan, said);
  io.out(`${out}: kamailio.cfg, settings.cfg, dispatcher.list, tls.cfg, secret.cfg for ${plan.nodes.length} nodes`);
  io.out(`Put them into ${plan.folder}, restart Kamailio; after a change of nodes alone: kamcmd dispatcher.reload`);
  for (const finding of beliefs(plan, config)) if (finding.state !== 'good') tell([finding], io);
  return 0;
}

function someOf(nodes: readonly string[]): readonly string[] {
  if (nodes.length > 0) return nodes.toSorted();
  throw new CliError(
    'no node runs that says where it takes SIP: it needs live.secret, and a udp listener of one address',
  );
}

/** What is said now, else what was said when the files were written. */
function whatIsSaid({ out, check: _check, config: _config, running: _running, ...now }: EdgeOptions): EdgeInput {
  return { ...saidOf(out), ...now };
}

async function planOf(said: EdgeInput, config: Config, secret: string): Promise<Edge> {
  const addresses = await addressesOf(said);
  const { ban, limits, ws, tls } = config.sip;
  const cert = said.cert ?? tls?.cert;
  const key = said.key ?? tls?.key;
  const secure = addresses.listen.some(({ transport }) => transport === 'tls' || transport === 'wss');
  if (secure && (cert === undefined || key === undefined))
    throw new CliError('a tls or wss listener needs a certificate: name it with --cert and --key, or in sip.tls');
  return {
    ...addresses,
    ...(secure && cert !== undefined && key !== undefined ? { tls: { cert, key } } : {}),
    origins: ws.origins,
    never: ban.never,
    banSeconds: ban.ban_seconds,
    faults: ban.score,
    messageBytes: limits.max_message_bytes,
    strangerRate: 50,
    pingSeconds: 2,
    pingsLost: 3,
    // A node that starts anew carries its calls on within that; other nodes take them over after 3 s at the earliest.
    patienceMs: 6000,
    workers: 4,
    folder: said.folder ?? '/etc/kamailio',
    control: '/run/kamailio/kamailio_ctl',
    secret,
  };
}

async function examine(
  plan: Edge,
  config: Config,
  { out, clock }: { out: string; clock: Io['clock'] },
): Promise<Finding[]> {
  const means = { clock, random: new SystemRandom() };
  return [
    ...files(plan, out),
    ...beliefs(plan, config),
    ...(await Promise.all(plan.nodes.map(async (node) => answerOf(node, await askNode(node, 1500, means))))),
    taken(plan),
  ];
}

function files(plan: Edge, out: string): Finding[] {
  const other = differences(out, renderEdge(plan));
  if (secretOf(out) === undefined) other.push({ name: secretFile, what: 'missing' });
  if (other.length === 0) return [{ state: 'good', what: `${out} is as it should be` }];
  const named = nodesIn(out);
  const lists = [
    ['not in dispatcher.list', plan.nodes.filter((node) => !named.includes(node))],
    ['in dispatcher.list, but none of the nodes', named.filter((node) => !plan.nodes.includes(node))],
  ] as const;
  return [
    ...other.map(({ name, what }): Finding => ({
      state: 'bad',
      what: `${path.join(out, name)} ${what === 'missing' ? 'is missing' : 'is not what would be written now'}`,
      fix: 'Run graine edge, and put the files where Kamailio reads them',
    })),
    ...lists.flatMap(([why, nodes]) => nodes.map((node): Finding => ({ state: 'bad', what: `${node} is ${why}` }))),
  ];
}

/** Do nodes believe this edge? */
function beliefs({ inside }: Edge, config: Config): Finding[] {
  if (config.source === undefined)
    return [{ state: 'doubt', what: 'sip.edges of the nodes is not checked', fix: 'Name their graine.yaml: --config' }];
  if (withinNetworks(config.sip.edges)(inside.address))
    return [{ state: 'good', what: `sip.edges of ${config.source} names ${inside.address}` }];
  const fix = `sip: { edges: ['${inside.address}'] }: else every caller is taken for the edge`;
  return [{ state: 'bad', what: `sip.edges of ${config.source} does not name ${inside.address}`, fix }];
}

function answerOf(node: string, status: number | undefined): Finding {
  if (status === undefined)
    return { state: 'bad', what: `${node} does not answer`, fix: 'Is it there, with a udp listener?' };
  if (status === 503)
    return { state: 'doubt', what: `${node} takes no new calls now: it drains, or has too much to do` };
  return status < 300
    ? { state: 'good', what: `${node} takes calls` }
    : { state: 'bad', what: `${node} answers OPTIONS with ${status}`, fix: 'Is that Graine?' };
}

function taken(plan: Edge): Finding {
  const says = kamailioSays(plan);
  if (says === undefined) return { state: 'doubt', what: 'kamailio is not installed here: its own check was not made' };
  if (says.length === 0) return { state: 'good', what: 'kamailio -c takes the files' };
  return { state: 'bad', what: `kamailio -c: ${says.map(visible).join('\n  ')}` };
}

function tell(findings: readonly Finding[], io: Io): number {
  const paint = painter(io);
  const colors = { good: paint.green, doubt: paint.yellow, bad: paint.red };
  for (const { state, what, fix } of findings) {
    io.out(`${colors[state](stateMarks[state])} ${what}`);
    if (fix !== undefined) io.out(`  ${paint.dim(fix)}`);
  }
  return findings.some(({ state }) => state === 'bad') ? 1 : 0;
}
