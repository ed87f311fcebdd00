// What deploy/ shows is what the program writes and reads today.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { SystemClock } from '../../src/base/index.ts';
import { run } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/index.ts';
import { edgeFiles, saidOf } from '../../src/edge/index.ts';

const deploy = path.resolve('deploy');

async function graine(...argv: string[]): Promise<{ code: number; out: string }> {
  const out: string[] = [];
  const keep = (line: string): void => void out.push(line);
  const code = await run(argv, { out: keep, err: keep, color: false, clock: new SystemClock() });
  return { code, out: out.join('\n') };
}

describe('deploy/', () => {
  it('kamailio/ is what graine edge writes from what its edge.json says', async (t) => {
    const out = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-deploy-'));
    t.after(() => fs.rmSync(out, { recursive: true }));
    const shown = path.join(deploy, 'kamailio');
    fs.copyFileSync(path.join(shown, 'edge.json'), path.join(out, 'edge.json'));
    const { code, out: told } = await graine('edge', '--config', path.join(deploy, 'node.yaml'), '--out', out);
    assert.equal(code, 0, told);
    // Nothing to complain of: the nodes believe this edge.
    assert.doesNotMatch(told, /✗|!/);
    for (const name of edgeFiles)
      assert.equal(
        fs.readFileSync(path.join(shown, name), 'utf8'),
        fs.readFileSync(path.join(out, name), 'utf8'),
        `${name}: write it anew with graine edge --config deploy/node.yaml`,
      );
    assert.deepEqual(saidOf(out), saidOf(shown));
  });

  it('the configurations of nodes are valid, and differ only where they must', () => {
    const one = loadConfig(path.join(deploy, 'compose', 'node1.yaml'));
    const two = loadConfig(path.join(deploy, 'compose', 'node2.yaml'));
    assert.deepEqual(one.sip.edges, ['127.0.0.1']);
    assert.deepEqual(one.sip.outbound_edge, [{ address: '127.0.0.1', port: 5069 }]);
    assert.equal(one.store.url, two.store.url);
    assert.equal(one.live.url, two.live.url);
    assert.notEqual(one.sip.listen[0]?.port, two.sip.listen[0]?.port);
    assert.ok(one.media.ports.last < two.media.ports.first);
    assert.ok(loadConfig(path.join(deploy, 'node.yaml')).shutdown.hand_over);
  });

  it('compose.yaml has every part, with the ports of the nodes’ configurations', () => {
    const text = fs.readFileSync(path.join(deploy, 'compose', 'compose.yaml'), 'utf8');
    const { services } = parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> };
    const names = ['edge', 'node1', 'node2', 'postgres', 'redis', 'rtpengine1', 'rtpengine2'];
    assert.deepEqual(Object.keys(services).toSorted(), names);
    for (const name of ['edge', 'node1', 'node2', 'postgres', 'redis'])
      assert.ok(services[name]?.['healthcheck'], `${name} has a health check`);
    for (const n of [1, 2]) {
      const config = loadConfig(path.join(deploy, 'compose', `node${n}.yaml`));
      assert.ok(JSON.stringify(services[`node${n}`]).includes(`127.0.0.1:${config.http.listen.port}/healthz`));
      assert.ok(text.includes(`127.0.0.1:${config.sip.listen[0]?.port}`));
    }
    const engines = [services['rtpengine1'], services['rtpengine2']].map((each) => String(each?.['command']));
    assert.ok(engines.every((command) => command.includes('--dtmf-log-ng-tcp')));
  });

  const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  it(
    'systemd takes the units, and knows every setting in them',
    { skip: systemd ? false : 'no systemd-analyze' },
    (t) => {
      const out = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-units-'));
      t.after(() => fs.rmSync(out, { recursive: true }));
      fs.cpSync(path.join(deploy, 'systemd'), out, { recursive: true });
      const units = ['graine.service', 'rtpengine.service'];
      const debians = '/lib/systemd/system/kamailio.service';
      if (fs.existsSync(debians)) {
        fs.copyFileSync(debians, path.join(out, 'kamailio.service'));
        units.push('kamailio.service');
      }
      const verify = (): string => {
        const { stderr } = spawnSync('systemd-analyze', ['verify', ...units.map((each) => path.join(out, each))], {
          encoding: 'utf8',
        });
        // What is to be installed there need not be on this machine.
        return stderr
          .split('\n')
          .filter((line) => line !== '' && !line.includes('is not executable'))
          .join('\n');
      };
      assert.equal(verify(), '');
      fs.appendFileSync(path.join(out, 'kamailio.service.d', 'graine.conf'), '[Service]\nNoSuchThing=yes\n');
      fs.appendFileSync(path.join(out, 'graine.service'), '[Service]\nNeitherThis=yes\n');
      assert.match(verify(), /NeitherThis/);
      if (units.length === 3) assert.match(verify(), /NoSuchThing/);
    },
  );
});

const wrong: Record<string, [string[], RegExp]> = {
  'no nodes': [['--listen', 'udp://192.0.2.1'], /--nodes: name the nodes/],
  'no listener': [['--nodes', '10.0.0.1'], /--listen: name where the world reaches the edge/],
  'a port too high': [
    ['--nodes', '10.0.0.1:70000', '--listen', 'udp://192.0.2.1'],
    /'10\.0\.0\.1:70000' is not host:port/,
  ],
  'a node twice': [['--nodes', '10.0.0.1,10.0.0.1:5060', '--listen', 'udp://192.0.2.1'], /is there twice/],
  'every address': [['--nodes', '10.0.0.1', '--listen', 'udp://0.0.0.0'], /must have an address of its own/],
  'a transport nobody knows': [['--nodes', '10.0.0.1', '--listen', 'sctp://192.0.2.1'], /is not like udp:/],
  'a configuration line smuggled in': [
    ['--nodes', '10.0.0.1', '--listen', 'udp://192.0.2.1:5060\nexec', '--inside', '10.0.0.5'],
    /is not/,
  ],
  'a peer that is a name': [
    ['--nodes', '10.0.0.1', '--listen', 'udp://192.0.2.1', '--peers', 'edge2.example.test'],
    /--peers: 'edge2\.example\.test' is not an address/,
  ],
  'no way in for nodes': [['--nodes', '10.0.0.1', '--listen', 'tcp://192.0.2.1'], /--inside: without a udp listener/],
  'tls without a certificate': [
    ['--nodes', '10.0.0.1', '--listen', 'udp://192.0.2.1,tls://192.0.2.1'],
    /--cert and --key/,
  ],
};

for (const [what, [argv, why]] of Object.entries(wrong)) {
  it(`graine edge refuses ${what}, and writes nothing`, async () => {
    const out = path.join(os.tmpdir(), `graine-edge-never-${process.pid}`);
    const config = path.join(deploy, 'node.yaml');
    const { code, out: told } = await graine('edge', '--config', config, '--out', out, ...argv);
    assert.equal(code, 1);
    assert.match(told, why);
    assert.equal(fs.existsSync(out), false);
  });
}
