import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { test } from 'node:test';
import { freePort, mediaPorts, otherMediaPorts } from './ports.ts';

const skip = process.platform !== 'linux';

test(
  'no port is given twice: not two free ones, not one of a range, and a range is of one process',
  { skip },
  async () => {
    const [low = 0, high = 0] = (await mediaPorts()).split('-').map(Number);
    const ranges = [[low, high] as const, await otherMediaPorts(), await otherMediaPorts()];
    for (const [nth, [first, last]] of ranges.entries())
      for (const [from, to] of ranges.slice(nth + 1)) assert.ok(last < from || to < first, JSON.stringify(ranges));
    const free = [await freePort(), await freePort(), await freePort()];
    assert.equal(new Set(free).size, 3);
    for (const port of free) assert.ok(!ranges.some(([first, last]) => port >= first && port <= last));
    // What another process asks for first is what we hold.
    const name = JSON.stringify(`\0graine-test-ports-${(low - 10_000) / 400}`);
    const ask = `require('net').createServer().listen(${name}, () => process.exit(0)).on('error', (e) => { console.log(e.code); process.exit(1); })`;
    assert.equal(spawnSync(process.execPath, ['-e', ask], { encoding: 'utf8' }).stdout, 'EADDRINUSE\n');
  },
);

test('a port that somebody has is not given', async () => {
  const port = await freePort();
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(port + 2, '127.0.0.1', resolve));
  assert.notEqual(await freePort(), port + 2);
  await new Promise((resolve) => server.close(resolve));
});
