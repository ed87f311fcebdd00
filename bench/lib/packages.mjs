/** What Debian brings for the benchmark. Nothing is left running: we start our own, on ports of our own. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

export function sippVersion() {
  const { stdout, error } = spawnSync('sipp', ['-v'], { encoding: 'utf8' });
  return error === undefined ? /SIPp (v[\d.]+)/.exec(stdout)?.[1] : undefined;
}

/** Installs without starting the services: a policy that forbids it while we do, as Debian's own images have. */
export function installPeers() {
  if (process.getuid?.() !== 0) {
    console.error(
      '--peers installs Debian packages and needs root. By hand: apt-get install -y sip-tester kamailio rtpengine-daemon gcc libc6-dev',
    );
    return;
  }
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !fs.existsSync(policy);
  if (ours) fs.writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  try {
    spawnSync('apt-get', ['update', '-q'], options);
    for (const name of ['sip-tester', 'gcc', 'libc6-dev', 'kamailio', 'rtpengine-daemon']) {
      spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], options);
    }
  } finally {
    if (ours) fs.rmSync(policy);
  }
}
