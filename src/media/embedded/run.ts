import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { SystemClock, SystemRandom, type Timer } from '../../base/index.ts';
import { hasOpus, saveOpusTime } from '../codec/opus.ts';
import { Effort } from './effort.ts';
import { Gather } from './gather.ts';
import { Outbox } from './outbox.ts';
import type { Command, Report, WorkerSetup } from './protocol.ts';
import { MediaSwitch } from './switch.ts';
import { DgramWire } from './wire-dgram.ts';
import type { KernelWire } from './wire.ts';

/** Events wait this long for company; answers do not. */
const EVENT_DELAY_MS = 20;

function isUrgent(report: Report): boolean {
  return report.say === 'bound' || report.say === 'answer';
}

/** Runs a switch on this thread's event loop, with dgram sockets. */
export function runOnLoop(setup: WorkerSetup, why: string): void {
  const clock = new SystemClock();
  const port = parentPort!;
  const outbox = new Outbox<Report>(clock, 0, (reports) => port.postMessage(reports));
  let busy = false;
  let timer: Timer | undefined;
  let due = Infinity;
  let urgent = false;
  const effort = new Effort(setup.effort, clock.monotonic());
  const media = new MediaSwitch({
    wire: (events) => new DgramWire(setup.address, events, clock),
    clock,
    random: new SystemRandom(),
    setup,
    report: (report) => {
      outbox.add(report, EVENT_DELAY_MS);
      urgent ||= isUrgent(report);
      if (urgent && !busy) flush();
    },
  });

  function flush(): void {
    if (urgent) outbox.flush();
    urgent = false;
  }

  function tick(): void {
    const next = media.tick(clock.monotonic());
    flush();
    if (next >= due) return;
    timer?.cancel();
    due = next;
    const now = clock.monotonic();
    timer = clock.after(Math.max(0, next - now), 'media worker', () => {
      const woke = clock.monotonic();
      effort.wakes(woke);
      effort.owes(woke, due);
      due = Infinity;
      tick();
    });
  }

  port.on('message', (commands: Command[]) => {
    busy = true;
    const goesOn = obey(media, commands);
    busy = false;
    if (goesOn) return tick();
    timer?.cancel();
    outbox.flush();
    port.close();
  });
  outbox.hold({ say: 'ready', wire: media.kind, why, opus: hasOpus() });
  outbox.flush();
  tick();
}

/** Carries out a batch; false when it says to close. */
function obey(media: MediaSwitch, commands: readonly Command[]): boolean {
  for (const command of commands) {
    if (command.do === 'close') {
      media.close();
      return false;
    }
    media.command(command);
  }
  return true;
}

/** Runs a switch that waits in the kernel, for packets, the time and the main thread's doorbell together. This thread's
 * event loop stands still meanwhile: nothing here may need it. */
export function runInKernel(setup: WorkerSetup, wire: KernelWire, why: string): void {
  const clock = new SystemClock();
  const port = parentPort!;
  let reports: Report[] = [];
  let sendAt = Infinity;
  const media = new MediaSwitch({
    wire: (events) => wire.listen(events),
    clock,
    random: new SystemRandom(),
    setup,
    report: (report) => {
      reports.push(report);
      sendAt = isUrgent(report) ? 0 : Math.min(sendAt, clock.monotonic() + EVENT_DELAY_MS);
    },
  });
  reports.push({ say: 'ready', wire: wire.kind, why, opus: hasOpus() });
  sendAt = 0;
  const effort = new Effort(setup.effort, clock.monotonic());
  const gather = new Gather(clock.monotonic());
  for (let goesOn = true; goesOn || reports.length > 0;) {
    const now = clock.monotonic();
    const due = Math.min(media.tick(now), sendAt);
    if (now >= sendAt || !goesOn) {
      port.postMessage(reports);
      reports = [];
      sendAt = Infinity;
    } else {
      effort.rests(clock.monotonic());
      saveOpusTime(effort.scarce);
      wire.wait(Math.max(0, due - now), gather.ms);
      const woke = clock.monotonic();
      effort.wakes(woke);
      gather.came(wire.take(woke), woke);
      effort.owes(clock.monotonic(), due);
    }
    while (wire.rung && goesOn) {
      const message = receiveMessageOnPort(port) as { message: Command[] } | undefined;
      wire.rung = message !== undefined;
      if (message !== undefined) goesOn = obey(media, message.message);
    }
  }
  port.close();
}
