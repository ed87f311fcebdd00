// deploy/compose/compose.yaml, run with the commands, variables, volumes and health checks it names, only without a container
// engine: namespaces and a root for each service (test/kit/compose.ts). docs/operations.md.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, before, describe, it } from 'node:test';
import { after, ensureDebian } from '../kit/index.ts';
import { Compose, noCompose } from '../kit/compose.ts';
import { SystemClock } from '../../src/base/index.ts';
import { run } from '../../src/cli/program.ts';

const file = path.resolve('deploy/compose/compose.yaml');
const text = readFileSync(file, 'utf8');
/** What the images are built of. */
const packages = [...text.matchAll(/--no-install-recommends ([^&]+) &&/g)].flatMap(([, names = '']) =>
  names.split(' '),
);
const needed = [...packages, 'redis-server', 'postgresql', 'iproute2'];
const missing = noCompose() ?? (ensureDebian(needed) ? undefined : `apt-get install -y ${needed.join(' ')}`);
const address = '203.0.113.5';
const env = { PUBLIC_IP: address, GRAINE_SECRET_KEY: 'ab'.repeat(32), GRAINE_LIVE_SECRET: 'cd'.repeat(32) };

describe('compose.yaml', { skip: missing ?? false, timeout: 220_000 }, () => {
  const kamailio = mkdtempSync(path.join(os.tmpdir(), 'graine-compose-edge-'));
  let compose: Compose;

  before(async () => {
    await edgeAsDocumented();
    compose = new Compose(file, env, address);
    await compose.up({ './kamailio': kamailio });
  });
  afterAll(async () => {
    await compose?.down();
    rmSync(kamailio, { recursive: true });
  });

  /** The command at the head of the file. */
  async function edgeAsDocumented(): Promise<void> {
    const lines = /npx graine (edge [^]*?[^\\])\n/.exec(text)?.[1] ?? '';
    const words = lines.replace(/\\\n#/g, ' ').replaceAll('$PUBLIC_IP', address).trim().split(/\s+/);
    const argv = words.map((each) => (each === 'deploy/compose/kamailio' ? kamailio : each));
    const out: string[] = [];
    const keep = (line: string): void => void out.push(line);
    assert.equal(await run(argv, { out: keep, err: keep, color: false, clock: new SystemClock() }), 0, out.join('\n'));
  }

  it('every service becomes healthy, and the edge sends calls to both nodes', async () => {
    for (const name of ['redis', 'postgres', 'rtpengine1', 'rtpengine2', 'node1', 'node2', 'edge'])
      await compose.healthy(name);
    const living = (): number => {
      const { out } = compose.run('edge', 'kamcmd', '-s', 'unix:/run/kamailio/kamailio_ctl', 'dispatcher.list');
      return out.match(/FLAGS: AP/g)?.length ?? 0;
    };
    // It may have started before they answered.
    for (const end = performance.now() + 15_000; living() < 2; await after(200))
      assert.ok(performance.now() < end, compose.said('edge'));
  });

  it('a phone registers at the edge and hears an application; without one node it still does', async () => {
    const token = await compose.says(['node1', 'node2'], /admin token\W+(\w+)/);
    const calls = async (port: number): Promise<void> => {
      const caller = path.resolve('test/kit/compose-caller.ts');
      const argv = ['node', '--import', 'tsx', caller, `${address}:5060`, token, `http://127.0.0.1:${port}`];
      const { status, out } = await compose.program(...argv);
      assert.equal(status, 0, `${out}\n${compose.said('node1')}\n${compose.said('node2')}\n${compose.said('edge')}`);
      assert.match(out, /"heard":620.*"status":200/);
    };
    await calls(3001);
    await compose.stop('node1');
    await calls(3002);
  });
});
