/** Ports for what cannot take port 0: a server in another process, media, SIPp. They are this process's alone: blocks of
 * ports, below the kernel's ephemeral ones, each held by a name that the kernel gives to one process at a time. (A port
 * that was free at some moment may be anybody's a moment later, and a process number says nothing about others'.) */
import dgram from 'node:dgram';
import net from 'node:net';
const first = 10_000;
const size = 400;
const blocks = 56;
let tried = process.pid % blocks;
/** The first port of a block that is ours until this process ends. */
async function takeBlock() {
    for (let tries = 0; tries < blocks; tries++) {
        const block = tried++ % blocks;
        if (await hold(`graine-test-ports-${block}`))
            return first + block * size;
    }
    throw new Error(`all ${blocks} blocks of ports are in use by tests of this machine`);
}
function hold(name) {
    // Elsewhere a local socket has no name without a file, which would outlive us.
    if (process.platform !== 'linux')
        return Promise.resolve(true);
    const server = net.createServer().unref();
    return new Promise((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(`\0${name}`, () => resolve(true));
    });
}
let own;
let given = 0;
/** A port that is free on UDP and TCP of 127.0.0.1, and that no other test is given. */
export async function freePort() {
    own ??= takeBlock();
    for (;;) {
        // Some programs take the port above as well: baresip for TLS.
        const port = (await own) + (given % size);
        given += 2;
        if (await free(port))
            return port;
    }
}
async function free(port) {
    const server = net.createServer();
    const socket = dgram.createSocket('udp4');
    const tcp = await new Promise((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => resolve(true));
    });
    const udp = await new Promise((resolve) => {
        socket.once('error', () => resolve(false));
        socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => socket.close(() => resolve()));
    if (tcp)
        await new Promise((resolve) => server.close(resolve));
    return tcp && udp;
}
let media;
/** The range of media ports of this test process's servers. */
export async function mediaPorts() {
    const [low, high] = await (media ??= takeBlock()).then(rangeOf);
    return `${low}-${high}`;
}
/** A range of its own for a server with media of another make. */
export async function otherMediaPorts() {
    return rangeOf(await takeBlock());
}
function rangeOf(low) {
    return [low, low + size - 1];
}
//# sourceMappingURL=ports.js.map