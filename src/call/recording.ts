/** Records a connected call to stereo WAV, where its application asks for it (record_all_calls). */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Leg } from './leg.ts';

/** Starts recording; stops by itself with the legs. A recording that fails ends itself, never the call. */
export async function recordBridge(caller: Leg, callee: Leg): Promise<void> {
  const { services, identity } = caller;
  if (caller.media === undefined || callee.media === undefined) return;
  const { recordingsDir, maxRecordingSeconds } = services.settings;
  const file = path.join(recordingsDir, `${callee.callSid}.wav`);
  try {
    await mkdir(recordingsDir, { recursive: true, mode: 0o700 });
    await services.media.startRecording(identity.sessionSid, {
      path: file,
      left: caller.media.endpoint,
      right: callee.media.endpoint,
      maxSeconds: maxRecordingSeconds,
    });
  } catch (fault) {
    caller.note('recording.failed', { reason: String(fault) });
    return;
  }
  caller.recordingPath = file;
  callee.recordingPath = file;
  caller.note('recording.started', { callee: callee.callSid });
}
