// The portal's build: hashed files under assets/, pages and the softphone in chunks of their own, nothing from elsewhere.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const root = path.dirname(fileURLToPath(import.meta.url));

/** Cookies are taken from its own pages only, so what is passed on says that it came from there. */
const graine = 'http://127.0.0.1:3000';

export default defineConfig({
  root,
  plugins: [react()],
  build: {
    outDir: path.join(root, '..', 'dist', 'portal'),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the server allows no data: fonts or scripts, and a small picture is not worth an exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npx vite portal`: the pages as they are written, REST from a server on its usual port.
  server: { host: '127.0.0.1', port: 5173, proxy: { '/v1': { target: graine, headers: { origin: graine } } } },
});
