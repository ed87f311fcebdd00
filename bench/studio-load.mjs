// The far ends of `bench/studio.mjs`, in a process of their own: every phone sends a packet each 20 ms, one of a list, and notes
// when packets come in. Told over IPC: { open: phones } → { ports }, then { run: [{ port, type, step, packets }, …], seconds } → figures.
import dgram from 'node:dgram';

const SLOTS = 20; // the phones take turns: one twentieth of them every millisecond
const MOST = 2_000_000;
const phones = [];
const steps = new Float64Array(MOST);
let received = 0;
let measuring = false;

function take(phone) {
  const now = performance.now();
  if (measuring && phone.last > 0 && received < MOST) steps[received++] = Math.abs(now - phone.last - 20);
  phone.last = now;
}

async function open(count) {
  for (let i = 0; i < count; i++) {
    const socket = dgram.createSocket({ type: 'udp4', lookup: (host, _o, done) => done(null, host, 4) });
    const phone = { socket, last: 0, header: Buffer.alloc(12), sequence: 0, timestamp: 0 };
    phone.header[0] = 0x80;
    phone.header.writeUInt32BE(i + 1, 8);
    socket.on('message', () => take(phone));
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    phones.push(phone);
  }
  process.send({ ports: phones.map((phone) => phone.socket.address().port) });
}

function send(phone, { port, type, step, packets }) {
  phone.header[1] = type;
  phone.header.writeUInt16BE(phone.sequence & 0xffff, 2);
  phone.header.writeUInt32BE((phone.timestamp += step) >>> 0, 4);
  const payload = packets[phone.sequence++ % packets.length];
  phone.socket.send(Buffer.concat([phone.header, payload]), port, '127.0.0.1');
}

function run(given, seconds) {
  const lists = given.lists.map((list) => list.map((text) => Buffer.from(text, 'base64')));
  const targets = given.targets.map((target) => ({ ...target, packets: lists[target.list] }));
  const start = performance.now();
  let slot = 0;
  measuring = true;
  received = 0;
  for (const phone of phones) phone.last = 0;
  const timer = setInterval(() => {
    const until = performance.now() - start;
    for (; slot <= until && until < seconds * 1000; slot++)
      for (let i = slot % SLOTS; i < phones.length; i += SLOTS) send(phones[i], targets[i]);
    if (until < seconds * 1000) return;
    clearInterval(timer);
    measuring = false;
    const sorted = steps.subarray(0, received).sort();
    const at = (share) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2));
    process.send({ received, p50: at(0.5), p99: at(0.99) });
  }, 1);
}

process.on('message', (message) => {
  if (message.open) void open(message.open);
  else run(message.run, message.seconds);
});
process.on('disconnect', () => process.exit());
