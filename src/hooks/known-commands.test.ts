import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlResult } from '../ports/index.ts';
import { KnownCommands } from './known-commands.ts';

test('a command with a key that another process has done is not done again, and gets what came of it', async () => {
  const command = { command: 'mute:status', data: { mute_status: 'mute' }, callSid: undefined, queue: false, key: 'k' };
  const refused: ControlResult = { ok: false, status: 422, message: 'the call has ended' };
  const before = new KnownCommands();
  await before.once(command, () => refused);
  const after = new KnownCommands(JSON.parse(JSON.stringify(before.done)));
  const nobody = (): never => assert.fail('it is done again');
  assert.deepEqual(await after.once({ ...command }, nobody), refused);
  const other = await after.once({ ...command, data: {} }, nobody);
  assert.equal(other.ok, false);
});
