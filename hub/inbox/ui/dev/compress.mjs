// Writes a compressed copy beside every built text file, as the last step of the build. The hub
// sends the copies as they are, so that no request waits for a compressor.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../static/', import.meta.url));
const smallest = 1024;

for (const name of await readdir(folder, { recursive: true })) {
  if (!/\.(js|css|html|svg|json)$/.test(name)) continue;
  const content = await readFile(folder + name);
  if (content.length < smallest) continue;
  await writeFile(`${folder}${name}.br`, brotliCompressSync(content));
  await writeFile(`${folder}${name}.gz`, gzipSync(content, { level: 9 }));
}
