// Serves the page on this machine: `node serve.mjs [PORT]`; port 0 takes a free one. Any other web server does as well.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// The shim has a half for browsers next to the one for Node.js, which is the one found here.
const shim = fileURLToPath(new URL('../browser', import.meta.resolve('@bytecodealliance/preview2-shim')));
const FOLDERS = { '/shim/': shim, '/vad/': here('vad'), '/models/': here('../../models') };
const PAGE = new Set(['/index.html', '/page.js', '/detector.js', '/clocks.js', '/capture.js']);
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const server = createServer(async (request, response) => {
  try {
    const body = await readFile(file(new URL(request.url, 'http://here').pathname));
    response.writeHead(200, { 'content-type': TYPES[extname(request.url)] ?? (request.url === '/' ? TYPES['.html'] : 'application/octet-stream') });
    response.end(body);
  } catch {
    response.writeHead(404).end('not found\n');
  }
});
server.listen(Number(process.argv[2] ?? 8010), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));

/** The file behind a path, which cannot lead out of the folders that are served. */
function file(path) {
  if (path === '/') path = '/index.html';
  if (PAGE.has(path)) return here(`.${path}`);
  for (const [prefix, folder] of Object.entries(FOLDERS)) {
    const found = normalize(join(folder, decodeURIComponent(path.slice(prefix.length))));
    if (path.startsWith(prefix) && found.startsWith(folder + sep)) return found;
  }
  throw new Error('not served');
}
