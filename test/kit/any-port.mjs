// Loaded before a published example: its server takes a free port of loopback instead of the one it names, and says which.
import net from 'node:net';

// oxlint-disable-next-line typescript/unbound-method -- called with its own server below
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (...args) {
  this.once('listening', () => process.stdout.write(`\nPORT ${this.address().port}\n`));
  const callbacks = args.filter((each) => typeof each === 'function');
  return listen.call(this, 0, '127.0.0.1', ...callbacks);
};
