/** The portal's pages: files of its build, each with an entity tag, compressed ahead, and a policy that lets nothing in from
 * anywhere else. */
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Everything of our own; sockets also elsewhere, since SIP over WebSocket has a port of its own. */
const policy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "script-src 'self'",
  "style-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'microphone=(self), camera=(), geolocation=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Names that say their content, as bundlers make them: `assets/app-3f2a91bc.js`. */
const hashed = /[.-][\w-]{8,}\.(?:js|css|woff2?|svg|png|webp|ico|map)$/;
const yearSeconds = 31_536_000;

function cacheOf(file: string): string {
  return hashed.test(file) && !file.endsWith('.html') ? `public, max-age=${yearSeconds}, immutable` : 'no-cache';
}

export async function addPortal(server: FastifyInstance, folder: string): Promise<void> {
  await server.register(async (portal) => {
    portal.addHook('onSend', async (_, reply) => {
      for (const [name, value] of Object.entries(headers)) void reply.header(name, value);
    });
    await portal.register(fastifyStatic, {
      root: folder,
      // A route a file, known at the start: no path of a request ever becomes a path on the disk.
      wildcard: false,
      index: false,
      dotfiles: 'ignore',
      preCompressed: true,
      cacheControl: false,
      globIgnore: ['**/*.br', '**/*.gz', '**/*.map'],
      setHeaders: (reply, file) => void reply.header('cache-control', cacheOf(file)),
    });
    const page = (reply: FastifyReply) => reply.sendFile('index.html');
    const schema = { hide: true };
    portal.get('/portal', { schema }, (_, reply) => page(reply));
    // The portal's own router knows what is behind it.
    portal.get('/portal/*', { schema }, (_, reply) => page(reply));
    portal.get('/', { schema }, (request, reply) => {
      if (request.headers.accept?.includes('text/html') === true) return reply.redirect('/portal', 302);
      return reply.callNotFound();
    });
  });
}
