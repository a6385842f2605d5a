// Writes src/shared/events.gen.ts from the server's JSON Schema of its shapes and events.
// Usage: hub schema events | npm run types    or    npm run types -- FILE
import { compile } from 'json-schema-to-typescript';
import { readFileSync, writeFileSync } from 'node:fs';

const { $defs, 'x-events': events } = JSON.parse(readFileSync(process.argv[2] ?? 0, 'utf8'));

// pydantic gives every field a title, and the compiler a type of its own to every title.
function withoutTitles(value) {
  if (Array.isArray(value)) return value.map(withoutTitles);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key, each]) => typeof each !== 'string' || (key !== 'title' && key !== 'description'));
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutTitles(each)]));
}

// What is sent always has every field, also those that have a default; only what connectors add of
// their own (`extra`) is nothing that a page may count on.
function withEveryField(shape) {
  if (!shape.properties) return shape;
  return { ...shape, required: Object.keys(shape.properties).filter((name) => name !== 'extra') };
}

// The server's schema leaves open what an event holds; a name it always has.
function withNamedEvent(shape) {
  const named = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: true };
  return { ...shape, properties: { ...shape.properties, event: { anyOf: [named, { type: 'null' }] } } };
}

const shapes = Object.entries($defs).map(([name, shape]) => [name, withEveryField(withoutTitles(shape))]);
const byName = Object.fromEntries(shapes);
byName.Message = withNamedEvent(byName.Message);
const schema = { type: 'object', additionalProperties: false, properties: events, required: Object.keys(events), $defs: byName };
const source = await compile(schema, 'ServerEvents', {
  bannerComment: '// Generated from the server’s shapes and events by `npm run types`. Do not edit.',
  style: { singleQuote: true, printWidth: 100 },
  unreachableDefinitions: true,
});
const comments = /\/\*\*\n \* This interface was referenced by [^/]*\*\/\n/gu;
writeFileSync(new URL('../src/shared/events.gen.ts', import.meta.url), source.replaceAll(comments, ''));
