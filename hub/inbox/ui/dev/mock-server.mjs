// A stand-in for the server, for working on the screens: `npm run build && npm run dev:mock`.
// It keeps everything in memory, takes any password, and lets the customer answer now and then.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from 'socket.io';
import * as seed from './seed.mjs';

const PORT = Number(process.env.PORT ?? 8799);
const STATIC = process.env.HUB_STATIC_DIR ?? fileURLToPath(new URL('../../static', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.svg': 'image/svg+xml' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'";
let signedIn = !process.env.MOCK_SIGNED_OUT;

const page = (items) => ({ items, next: null });
const newestFirst = (items) => items.toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || Number(b.id) - Number(a.id));
const last = (c) => Date.parse(c.last_message?.created_at ?? c.updated_at);

function paged(items, url) {
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? 50);
  return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
}

const http = createServer(async (request, response) => {
  const url = new URL(request.url, `http://${request.headers.host}`);
  const answer = (status, body) => response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(body === undefined ? undefined : JSON.stringify(body));
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (url.pathname.startsWith('/api/v1/')) {
    const isJson = request.headers['content-type'] === 'application/json';
    const body = isJson && chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    await new Promise((resolve) => setTimeout(resolve, Number(process.env.MOCK_DELAY ?? 60)));
    const path = url.pathname.slice('/api/v1'.length).split('/').slice(1);
    const found = route(request.method, path, url, body);
    return found === undefined ? answer(404, { title: 'Not Found', detail: 'That is no longer there.' }) : answer(found.status ?? 200, found.body);
  }
  if (url.pathname === '/mock/shoes.svg') {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="420"><rect width="640" height="420" fill="#d9c7ae"/><path d="M90 300q0-60 60-90l120-60q40 60 110 70l130 20q60 10 60 60z" fill="#33475b"/><path d="M90 300h480v24H90z" fill="#f3f1ec"/></svg>';
    return response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(svg);
  }
  const wanted = url.pathname === '/' ? '/inbox.html' : normalize(url.pathname);
  const file = join(STATIC, wanted);
  if (!file.startsWith(STATIC) || !existsSync(file) || !extname(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP }).end(readFileSync(file));
});

const io = new Server(http, { path: '/socket.io' });
const agents = io.of('/agent');

function session() {
  return { agent: seed.me, csrf_token: 'mock' };
}

function created(message) {
  agents.emit('message.created', { message, conversation: seed.conversations.get(message.conversation_id) });
}

function send(conversation, body) {
  const again = [...seed.messages.values()].find((m) => m.client_id === body.client_id);
  if (again) return again;
  const isNote = body.type === 'note';
  const attachments = (body.attachments ?? []).map((each) => uploads.get(each));
  const delivery = isNote ? null : { status: 'queued', code: '', reason: '', attempts: 0, maybe_twice: false };
  const message = seed.message(conversation, 'out', isNote ? null : body.connector, body.text, new Date().toISOString(), { type: body.type, client_id: body.client_id, reply_to: body.reply_to ?? null, attachments, delivery, author: { type: 'agent', id: seed.me.id, name: seed.me.name } });
  if (!isNote) conversation.waiting_since = null;
  created(message);
  if (!isNote) deliver(message, ['sending', 'sent', 'delivered', 'read']);
  return message;
}

function deliver(message, [status, ...rest]) {
  setTimeout(() => {
    message.delivery = { ...message.delivery, status, attempts: 1 };
    agents.emit('message.updated', { message, conversation: seed.conversations.get(message.conversation_id) });
    if (rest.length > 0) deliver(message, rest);
    else answerLater(message);
  }, 500);
}

function answerLater(message) {
  const conversation = seed.conversations.get(message.conversation_id);
  const author = { type: 'contact', id: conversation.contact.id, name: conversation.contact.name };
  const typing = (on) => agents.emit('typing', { conversation_id: conversation.id, author, on });
  setTimeout(() => typing(true), 800);
  setTimeout(() => {
    conversation.unread_count += 1;
    conversation.waiting_since = new Date().toISOString();
    created(seed.message(conversation, 'in', message.connector, 'Great, thank you!', new Date().toISOString()));
  }, 3500);
}

function change(conversation, body) {
  if ('assignee_id' in body) conversation.assignee = seed.agents.find((a) => a.id === body.assignee_id) ?? null;
  for (const field of ['status', 'priority', 'labels', 'snoozed_until']) if (field in body) conversation[field] = body[field];
  agents.emit('conversation.updated', { conversation });
  return conversation;
}

const uploads = new Map();

function search(query) {
  const wanted = query.toLowerCase();
  const people = [...seed.contacts.values()].filter((c) => c.name.toLowerCase().includes(wanted));
  const found = newestFirst([...seed.messages.values()].filter((m) => m.text.toLowerCase().includes(wanted)));
  const talkOf = (id) => [...seed.conversations.values()].findLast((c) => c.contact.id === id)?.id ?? null;
  return [
    ...people.map((contact) => ({ type: 'contact', message: null, contact, conversation_id: talkOf(contact.id), snippet: '' })),
    ...found.map((message) => ({ type: 'message', message, contact: seed.contacts.get(message.contact_id), conversation_id: message.conversation_id, snippet: message.text.slice(0, 160) })),
  ];
}

function route(method, [what, id, part], url, body) {
  const key = `${method} ${what}${id === undefined ? '' : '/:id'}${part === undefined ? '' : `/${part}`}`;
  if (key === 'GET session') return signedIn ? { body: session() } : { status: 401, body: { title: 'Unauthorized' } };
  if (key === 'POST session') {
    if (body.password === 'wrong') return { status: 401, body: { title: 'Unauthorized' } };
    signedIn = true;
    return { body: session() };
  }
  if (key === 'DELETE session') return (signedIn = false), { status: 204 };
  const conversation = seed.conversations.get(id);
  const contact = seed.contacts.get(id);
  switch (key) {
    case 'GET agents': return { body: page(seed.agents) };
    case 'PATCH agents/:id': seed.me.presence = body.presence; agents.emit('presence', { agent: seed.me, presence: body.presence }); return { body: seed.me };
    case 'GET connectors': return { body: page(seed.connectors) };
    case 'GET search': return { body: page(search(url.searchParams.get('q') ?? '')) };
    case 'POST uploads': {
      const file = seed.attachment('file', 'upload', 'application/octet-stream', 1000, '/mock/shoes.svg');
      uploads.set(file.id, file);
      return { status: 201, body: file };
    }
    case 'GET conversations': {
      const status = url.searchParams.get('status');
      const assignee = url.searchParams.get('assignee');
      const items = [...seed.conversations.values()].filter((c) => (!status || c.status === status) && (!assignee || (assignee === 'none' ? !c.assignee : c.assignee?.id === assignee)));
      return { body: paged(items.sort((a, b) => last(b) - last(a)), url) };
    }
    case 'GET conversations/:id': return conversation && { body: conversation };
    case 'PATCH conversations/:id': return conversation && { body: change(conversation, body) };
    case 'POST conversations/:id/messages': return conversation && { status: 201, body: send(conversation, body) };
    case 'POST conversations/:id/read': conversation.unread_count = 0; agents.emit('conversation.updated', { conversation }); return { status: 204 };
    case 'POST messages/:id/retry': {
      const message = seed.messages.get(id);
      message.delivery = { ...message.delivery, status: 'queued', reason: '' };
      deliver(message, ['sending', 'sent']);
      return { body: message };
    }
    case 'GET contacts/:id': return contact && { body: contact };
    case 'PATCH contacts/:id': Object.assign(contact, body); agents.emit('contact.updated', { contact }); return { body: contact };
    case 'GET contacts/:id/timeline': return { body: paged(newestFirst([...seed.messages.values()].filter((m) => m.contact_id === id)), url) };
    case 'GET contacts/:id/addresses': return { body: page(seed.addresses.get(id)) };
    case 'GET contacts/:id/links': return { body: page(seed.links.get(id)) };
    case 'DELETE links/:id': for (const [owner, items] of seed.links) seed.links.set(owner, items.filter((l) => l.id !== id)); return { status: 204 };
    default: return undefined;
  }
}

agents.on('connection', (socket) => {
  socket.on('sync', ({ after }, done) => done({ ok: true, more: false, messages: [...seed.messages.values()].filter((m) => Number(m.id) > Number(after)) }));
  socket.on('conversation.view', ({ conversation_id }) => {
    if (process.env.MOCK_VIEWER) setTimeout(() => socket.emit('conversation.viewed', { conversation_id, agent: seed.agents[1] }), 300);
  });
});

http.listen(PORT, '127.0.0.1', () => console.log(`ready on http://127.0.0.1:${PORT}`));
