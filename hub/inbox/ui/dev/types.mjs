// Writes src/shared/events.gen.ts from the server's JSON Schema of its events.
// Usage: hub schema events | npm run types    or    npm run types -- FILE
import { compile } from 'json-schema-to-typescript';
import { readFileSync, writeFileSync } from 'node:fs';

const schema = JSON.parse(readFileSync(process.argv[2] ?? 0, 'utf8'));
const source = await compile(schema, 'Events', {
  additionalProperties: false,
  bannerComment: '// Generated from the server’s event models by `npm run types`. Do not edit.',
  style: { singleQuote: true, printWidth: 100 },
  unreachableDefinitions: true,
});
writeFileSync(new URL('../src/shared/events.gen.ts', import.meta.url), source);
