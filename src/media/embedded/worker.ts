/** Entry of a packet worker's thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Clock, SystemClock, SystemRandom, type Timer } from '../../base/index.ts';
import { Outbox } from './outbox.ts';
import type { Command, Report, WorkerSetup } from './protocol.ts';
import { MediaSwitch } from './switch.ts';
import type { WireEvents } from './wire.ts';
import { DgramWire } from './wire-dgram.ts';

/** Events wait this long for company; answers do not. */
const EVENT_DELAY_MS = 10;

/** Runs a switch on this thread's event loop. */
function runOnLoop(setup: WorkerSetup, why: string): void {
  const clock: Clock = new SystemClock();
  const port = parentPort!;
  const outbox = new Outbox<Report>(clock, EVENT_DELAY_MS, (reports) => port.postMessage(reports));
  const report = (each: Report): void => {
    outbox.add(each);
    if (each.say === 'bound' || each.say === 'answer') urgent = true;
  };
  let urgent = false;
  let timer: Timer | undefined;
  let due = Infinity;
  const media = new MediaSwitch({
    wire: (events) => new DgramWire(setup.address, settling(events)),
    clock,
    random: new SystemRandom(),
    setup,
    report,
  });

  function settling(events: WireEvents): WireEvents {
    return {
      packet: (socket, packet) => events.packet(socket, packet),
      bound: (slot, error) => {
        events.bound(slot, error);
        flush();
      },
    };
  }

  function flush(): void {
    if (urgent) outbox.flush();
    urgent = false;
  }

  function tick(): void {
    timer = undefined;
    due = Infinity;
    const next = media.tick(clock.monotonic());
    flush();
    arm(next);
  }

  function arm(next: number): void {
    if (next >= due) return;
    timer?.cancel();
    due = next;
    timer = clock.after(Math.max(0, next - clock.monotonic()), 'media worker', tick);
  }

  port.on('message', (commands: Command[]) => {
    for (const command of commands) {
      if (command.do === 'close') {
        timer?.cancel();
        media.close();
        outbox.flush();
        port.close();
        return;
      }
      media.command(command);
    }
    flush();
    arm(media.tick(clock.monotonic()));
  });
  report({ say: 'ready', wire: media.kind, why });
  outbox.flush();
  tick();
}

runOnLoop(workerData as WorkerSetup, '');
