/** The microphone: asked for when a call needs it, and why there is none in words that say what to do. */

export class NoMicrophone extends Error {}

const reasons: Readonly<Record<string, string>> = {
  NotAllowedError:
    'The browser was told not to let this page use the microphone. Click the icon at the left of the address, allow the microphone, and call again.',
  SecurityError:
    'The browser or its administrator forbids the microphone on this page. Allow it in the settings of the browser for this address.',
  NotFoundError: 'There is no microphone. Plug one in, or switch it on in the settings of the system, and call again.',
  OverconstrainedError: 'The chosen microphone is gone. Choose another one below.',
  NotReadableError:
    'The microphone is in use by another program, or the system does not give it away. Close the other program and call again.',
  AbortError: 'The microphone could not be started. Unplug it, plug it in again, and call again.',
};

export function explain(fault: unknown): string {
  const { name = '', message = String(fault) } = fault as { name?: string; message?: string };
  return reasons[name] ?? `The microphone cannot be used: ${message}`;
}

/** A page that is neither https nor of this machine has no microphone to ask for. */
export function insecure(): string | undefined {
  if (globalThis.isSecureContext && navigator.mediaDevices !== undefined) return undefined;
  return 'Browsers give a microphone to secure pages only. Open the portal over https, or as http://127.0.0.1 on the machine it runs on.';
}

export async function openMicrophone(deviceId: string): Promise<MediaStream> {
  const why = insecure();
  if (why !== undefined) throw new NoMicrophone(why);
  const audio = deviceId === '' ? true : { deviceId: { exact: deviceId } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (fault) {
    throw new NoMicrophone(explain(fault));
  }
}

export function closeMicrophone(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
