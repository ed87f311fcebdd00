/** The web application of the benchmark, in a process of its own: it answers calls with a `dial` and stamps what it takes
 * itself. HTTP by hand on a bare socket, so that its own cost stays small and its stamps are tight. Prints its port.
 *
 *   POST /dial?to=5090,5093      dial one target, chosen by the called number; &action=1 with an actionHook
 *   POST /ring?to=5090,5091,…    dial all of them at once
 *   POST /action                 nothing more to do
 *   GET  /times                  [number of the caller, its own milliseconds] of each hook since the last asking
 */
import net from 'node:net';

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const counts = { dial: 0, ring: 0, action: 0, other: 0 };
let times = [];

const sip = (port, user) => ({ type: 'sip', sipUri: `sip:${user}@127.0.0.1:${port}` });

function answer(path, query, body) {
  if (path === '/times') {
    const said = JSON.stringify({ counts, times });
    times = [];
    return said;
  }
  const ports = (query.get('to') ?? '').split(',');
  if (path === '/dial') {
    counts.dial += 1;
    const number = Number.parseInt(
      String(body.to ?? '1')
        .replace(/\D/g, '')
        .slice(-6) || '1',
      10,
    );
    const port = ports[number % ports.length];
    const dial = { verb: 'dial', answerOnBridge: true, target: [sip(port, '1')] };
    return JSON.stringify([query.has('action') ? { ...dial, actionHook: '/action' } : dial]);
  }
  if (path === '/ring') {
    counts.ring += 1;
    return JSON.stringify([{ verb: 'dial', answerOnBridge: true, target: ports.map((port) => sip(port, '1')) }]);
  }
  counts[path === '/action' ? 'action' : 'other'] += 1;
  return '[]';
}

function serve(socket) {
  let rest = '';
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const start = performance.now();
    rest += chunk.toString('latin1');
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      const [, target] = rest.slice(0, rest.indexOf('\r\n')).split(' ');
      const [path, query] = target.split('?');
      const text = rest.slice(end + 4, end + 4 + length);
      rest = rest.slice(end + 4 + length);
      const body = text.startsWith('{') ? JSON.parse(text) : {};
      const json = answer(path, new URLSearchParams(query), body);
      socket.write(`${head}Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
      if (path !== '/times') times.push([String(body.from ?? ''), performance.now() - start]);
    }
  });
}

const server = net.createServer(serve);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
