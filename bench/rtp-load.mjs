// The far ends of `bench/rtp.mjs`, in a process of their own: sends 50 packets a second from every phone, each with the time in
// it, and reads the delay of what comes in. Told over IPC: { open: phones } → { ports }, then { run: [port to send to, …], seconds } → figures.
import dgram from 'node:dgram';

const SLOTS = 20; // the phones take turns: one twentieth of them every millisecond
const phones = [];
const delays = new Float64Array(2_000_000);
let received = 0;
let measuring = false;

function take(message) {
  if (!measuring || message.length !== 172) return;
  const sent = message.readDoubleLE(12);
  if (received < delays.length) delays[received] = performance.now() - sent;
  received++;
}

async function open(count) {
  for (let i = 0; i < count; i++) {
    const socket = dgram.createSocket({ type: 'udp4', lookup: (host, _o, done) => done(null, host, 4) });
    socket.on('message', take);
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const packet = Buffer.alloc(172, 0xff);
    packet[0] = 0x80;
    packet[1] = 0;
    packet.writeUInt32BE(i + 1, 8);
    phones.push({ socket, packet, sequence: 0, timestamp: 0 });
  }
  process.send({ ports: phones.map((phone) => phone.socket.address().port) });
}

function run(targets, seconds) {
  const start = performance.now();
  let slot = 0;
  let sent = 0;
  measuring = true;
  received = 0;
  const timer = setInterval(() => {
    const until = performance.now() - start;
    for (; slot <= until && until < seconds * 1000; slot++) {
      for (let i = slot % SLOTS; i < phones.length; i += SLOTS) {
        const phone = phones[i];
        phone.packet.writeUInt16BE(phone.sequence++ & 0xffff, 2);
        phone.packet.writeUInt32BE((phone.timestamp += 160) >>> 0, 4);
        phone.packet.writeDoubleLE(performance.now(), 12);
        phone.socket.send(phone.packet, 0, 172, targets[i], '127.0.0.1');
        sent++;
      }
    }
    if (until < seconds * 1000 + 300) return;
    clearInterval(timer);
    measuring = false;
    const sorted = delays.subarray(0, Math.min(received, delays.length)).sort();
    const at = (share) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3));
    process.send({ sent, received, p50: at(0.5), p99: at(0.99), max: at(0.9999) });
  }, 1);
}

process.on('message', (message) => {
  if (message.open) void open(message.open);
  else run(message.run, message.seconds);
});
process.on('disconnect', () => process.exit());
