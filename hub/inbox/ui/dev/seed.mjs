// Made-up customers for working on the screens without a server.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const start = Date.now();
let nextId = 100;
export const id = () => String(nextId++);
export const ago = (ms) => new Date(start - ms).toISOString();

const media = (max, types = ['*/*']) => ({ max_bytes: max, media_types: types, caption: 1024 });
const capabilities = (text_limit, text_unit, more = {}) => ({
  text_limit,
  text_unit,
  max_text: null,
  media: { image: media(10e6, ['image/*']), video: media(50e6, ['video/*']), audio: media(50e6, ['audio/*']), file: media(50e6) },
  max_attachments: 10,
  can_start: false,
  typing_out: false,
  window: null,
  ...more,
});

export const connectors = [
  { name: 'website', kind: 'webchat', label: 'Web chat', state: 'ok', last_error: '', capabilities: capabilities(10000, 'characters', { typing_out: true }) },
  { name: 'mail', kind: 'email', label: 'Email', state: 'ok', last_error: '', capabilities: capabilities(1e6, 'characters', { can_start: true }) },
  { name: 'sms', kind: 'sms', label: 'SMS', state: 'ok', last_error: '', capabilities: capabilities(160, 'sms_segments', { max_text: 1600, can_start: true, media: { image: media(5e6, ['image/*']) } }) },
  { name: 'telegram', kind: 'telegram', label: 'Telegram', state: process.env.MOCK_BROKEN ? 'attention' : 'ok', last_error: process.env.MOCK_BROKEN ? 'Telegram refused the token (401 Unauthorized). Check TELEGRAM_TOKEN.' : '', capabilities: capabilities(4096, 'utf16', { typing_out: true }) },
  { name: 'messenger', kind: 'messenger', label: 'Messenger', state: 'ok', last_error: '', capabilities: capabilities(2000, 'characters', { window: { standard_seconds: 86400, human_seconds: 604800 } }) },
];
const kinds = Object.fromEntries(connectors.map((c) => [c.name, c.kind]));

const agent = (name, presence, role = 'agent') => ({ id: id(), name, email: `${name.split(' ')[0].toLowerCase()}@shop.example`, role, presence, avatar_url: '' });
export const agents = [agent('Mari Tamm', 'online', 'admin'), agent('Jonas Weber', 'online'), agent('Leila Haddad', 'away'), agent('Piotr Zieliński', 'offline')];
export const me = agents[0];

export const contacts = new Map();
export const conversations = new Map();
export const messages = new Map();
export const addresses = new Map();
export const links = new Map();

function contact(name, attributes, ...paths) {
  const value = { id: id(), name, avatar_url: '', attributes, created_at: ago(40 * DAY) };
  contacts.set(value.id, value);
  addresses.set(
    value.id,
    paths.map(([connector, address, more = {}]) => ({ address, connector, kind: kinds[connector], evidence: 'verified', reachable: true, reason: '', window_closes_at: null, human_window_closes_at: null, last_seen_at: ago(2 * HOUR), ...more })),
  );
  links.set(value.id, []);
  return value;
}

function conversation(contact, more = {}) {
  const value = { id: id(), contact, status: 'open', assignee: null, team: null, priority: 'normal', subject: '', labels: [], connectors: [], last_message: null, unread_count: 0, waiting_since: null, snoozed_until: null, created_at: ago(DAY), updated_at: ago(DAY), ...more };
  conversations.set(value.id, value);
  return value;
}

const FIELDS = { subject: '', text: '', folded: '', html: '', attachments: [], location: null, card: null, buttons: [], reactions: [], event: null, reply_to: null, delivery: null, external_id: null, client_id: null, edits: [], edited_at: null };

export function message(on, direction, connector, text, at, more = {}) {
  const by = direction === 'in' ? { type: 'contact', id: on.contact.id, name: on.contact.name } : { type: 'agent', id: (on.assignee ?? me).id, name: (on.assignee ?? me).name };
  const address = addresses.get(on.contact.id).find((a) => a.connector === connector)?.address ?? null;
  const value = { ...FIELDS, id: id(), conversation_id: on.id, contact_id: on.contact.id, direction, type: 'message', connector, kind: connector ? kinds[connector] : null, address, text, author: by, created_at: at, received_at: at, ...more };
  if (direction === 'out' && value.type === 'message' && !value.delivery) value.delivery = { status: 'read', code: '', reason: '', attempts: 1, maybe_twice: false };
  messages.set(value.id, value);
  if (value.type === 'message') {
    on.last_message = value;
    on.updated_at = at;
    if (connector && !on.connectors.includes(connector)) on.connectors.push(connector);
  }
  return value;
}

export const attachment = (medium, name, media_type, size, url = '', state = 'stored') => ({ id: id(), name, media_type, medium, size, url, state, reason: '' });
const event = (on, name, at, fields = {}, by = me) => message(on, 'out', null, '', at, { type: 'event', event: { name, ...fields }, author: { type: 'agent', id: by.id, name: by.name } });

// -- the customer who comes on every channel --
const sofia = contact(
  'Sofia Lindqvist',
  { plan: 'Member since 2021', orders: '7', city: 'Tallinn' },
  ['messenger', 'messenger:7482910456', { window_closes_at: ago(-HOUR * 3), human_window_closes_at: ago(-DAY * 6) }],
  ['sms', 'tel:+37255512345'],
  ['mail', 'mailto:sofia.lindqvist@example.com'],
  ['website', 'webchat:v-81c2'],
  ['telegram', 'telegram:3527065', { reachable: false, reason: 'The customer blocked the bot.', last_seen_at: ago(12 * DAY) }],
);
links.get(sofia.id).push(
  { id: id(), contact_id: sofia.id, other_contact_id: id(), addresses: ['messenger:7482910456', 'tel:+37255512345'], evidence: 'verified', method: 'handover', reason: 'Sent the code from Messenger by SMS.', by: '', created_at: ago(26 * HOUR), undone_at: null },
  { id: id(), contact_id: sofia.id, other_contact_id: id(), addresses: ['tel:+37255512345', 'mailto:sofia.lindqvist@example.com'], evidence: 'agent', method: 'merge', reason: 'Mari Tamm merged them: same order number.', by: me.name, created_at: ago(5 * HOUR), undone_at: null },
);
const older = conversation(sofia, { status: 'resolved', assignee: agents[1], created_at: ago(12 * DAY) });
message(older, 'in', 'telegram', 'Hi, do the trail shoes run small?', ago(12 * DAY));
message(older, 'out', 'telegram', 'Hello Sofia! A bit, yes. Most people take half a size up.', ago(12 * DAY - 4 * MINUTE));
message(older, 'in', 'telegram', '👍', ago(12 * DAY - 6 * MINUTE));
event(older, 'conversation.status', ago(12 * DAY - 9 * MINUTE), { from: 'open', to: 'resolved' }, agents[1]);
const shoes = conversation(sofia, { assignee: me, labels: ['returns', 'size'], priority: 'high', created_at: ago(27 * HOUR) });
message(shoes, 'in', 'messenger', 'Hello, I ordered the trail shoes in 39 and got a 41. Here is what came:', ago(27 * HOUR));
message(shoes, 'in', 'messenger', '', ago(27 * HOUR - MINUTE), { attachments: [attachment('image', 'shoes.jpg', 'image/jpeg', 284_112, '/mock/shoes.svg')] });
event(shoes, 'conversation.assigned', ago(26.9 * HOUR), { agent_id: me.id, agent: me.name, before: null });
message(shoes, 'out', 'messenger', 'Oh no, I am sorry about that! I can send the right pair today. Could you tell me your order number?', ago(26.8 * HOUR));
const order = message(shoes, 'in', 'sms', 'Its 10427. Im on the tram, texting is easier', ago(5.2 * HOUR));
event(shoes, 'contact.linked', ago(5.2 * HOUR - 1000), {});
message(shoes, 'out', null, 'Stock has two pairs of 39 left. I put one aside for her until tomorrow.', ago(5.1 * HOUR), { type: 'note' });
message(shoes, 'out', 'sms', 'Found it, thank you. The 39 leaves tonight. Please send the signed return form by email.', ago(5 * HOUR), { reply_to: order.id, delivery: { status: 'delivered', code: '', reason: '', attempts: 1, maybe_twice: false } });
message(shoes, 'in', 'mail', 'Dear team,\n\nplease find the signed form attached. Should I put the shoes in the original box?\n\nBest regards\nSofia', ago(70 * MINUTE), {
  subject: 'Return form for order 10427',
  folded: 'Dear team,\n\nplease find the signed form attached. Should I put the shoes in the original box?\n\nBest regards\nSofia\n\nOn Friday, Shop Support wrote:\n> Please send the signed return form by email.',
  html: '<h2 style="color:#8a3fc4">Return form</h2><p>Dear team,</p><p>please find the <b>signed form</b> attached. Should I put the shoes in the original box?</p><img data-remote-src="https://tracker.example.com/open.gif" alt="logo"><p>Best regards<br>Sofia</p>',
  attachments: [attachment('file', 'return-form-10427.pdf', 'application/pdf', 182_400, '/mock/form.pdf')],
});
message(shoes, 'out', 'mail', 'Hello Sofia,\n\nthe original box is perfect. The courier comes tomorrow between 9 and 12.\n\nMari', ago(48 * MINUTE), { subject: 'Re: Return form for order 10427', delivery: { status: 'failed', code: 'rejected', reason: 'The mailbox is full. Ask the customer on another channel.', attempts: 3, maybe_twice: false } });
message(shoes, 'in', 'sms', 'One more thing: can the courier ring the neighbour at 14 if Im out?', ago(9 * MINUTE), { edited_at: ago(8 * MINUTE), edits: [{ text: 'One more thing: can the courier ring at 14?', at: ago(8 * MINUTE) }] });
message(shoes, 'in', 'sms', 'My number there is on https://example.com/profile', ago(8 * MINUTE), { reactions: [{ emoji: '❤️', by: 'agent' }] });
shoes.unread_count = 2;
shoes.waiting_since = ago(9 * MINUTE);

// -- others --
const others = [
  ['أمل الخطيب', 'telegram', 'telegram:88120', 'مرحباً، متى يصل طلبي رقم 10391؟ شكراً', 4 * MINUTE, { unread_count: 1, assignee: me }],
  ['مریم حسینی', 'website', 'webchat:v-2a', 'سلام، آیا این کیف در رنگ سبز هم موجود است؟', 17 * MINUTE, { unread_count: 3, labels: ['product'] }],
  ['Kadri Põldmäe', 'mail', 'mailto:kadri@example.org', 'Tere! Palun saatke arve minu ettevõtte nimele.', 32 * MINUTE, { assignee: me, subject: 'Arve küsimus' }],
  ['Łukasz Wójcik', 'messenger', 'messenger:99120', 'Dzień dobry, paczka przyszła uszkodzona. Co mam zrobić?', 55 * MINUTE, { unread_count: 1, priority: 'urgent', labels: ['damage'] }],
  ['Emma Clarke', 'sms', 'tel:+447700900123', 'Thanks so much, that solved it!', 2 * HOUR, { assignee: agents[1] }],
  ['Hassan Karimi', 'telegram', 'telegram:55231', '', 3 * HOUR, { assignee: me }],
  ['+372 5550 0199', 'sms', 'tel:+37255500199', 'Kas olete laupäeval avatud?', 4 * HOUR, { unread_count: 1 }],
  ['Anna Kowalska', 'website', 'webchat:v-77', 'Is the gift wrapping free?', 6 * HOUR, { assignee: me, labels: ['gift'] }],
  ['Ingrid Saar', 'mail', 'mailto:ingrid@example.org', 'I would like to change the delivery address of order 10402.', 8 * HOUR, { assignee: agents[2], status: 'pending' }],
  ['Tom Baker', 'messenger', 'messenger:12', 'See you then!', 2 * DAY, { assignee: me, status: 'snoozed', snoozed_until: ago(-DAY) }],
];
for (const [name, connector, address, text, age, more] of others) {
  const person = contact(name, {}, [connector, address]);
  const talk = conversation(person, { created_at: ago(age + HOUR), ...more });
  message(talk, 'in', connector, connector === 'mail' ? text : 'Hello!', ago(age + 20 * MINUTE), { subject: talk.subject });
  if (talk.assignee) message(talk, 'out', connector, 'Hello! How can I help you?', ago(age + 15 * MINUTE));
  message(talk, 'in', connector, text, ago(age), text ? {} : { attachments: [attachment('voice', 'voice.ogg', 'audio/ogg', 41_200, '/mock/voice.wav')] });
  if (talk.assignee && !talk.unread_count && age > HOUR) message(talk, 'out', connector, 'You are welcome!', ago(age - MINUTE), { delivery: { status: ['sent', 'delivered', 'read'][age % 3], code: '', reason: '', attempts: 1, maybe_twice: false } });
  else talk.waiting_since = ago(age);
  if (name === 'Hassan Karimi') {
    message(talk, 'in', connector, '', ago(age - MINUTE), { location: { latitude: 59.437, longitude: 24.7536, name: 'Viru keskus', address: 'Viru väljak 4, Tallinn' } });
    message(talk, 'in', connector, '', ago(age - 2 * MINUTE), { card: { name: 'Nadia Karimi', phone: '+37255500177', own: false } });
    message(talk, 'in', connector, 'The video of the zip', ago(age - 3 * MINUTE), { attachments: [attachment('video', 'zip.mp4', 'video/mp4', 61_000_000, '', 'too_large'), attachment('image', 'photo.jpg', 'image/jpeg', null, '', 'pending')] });
  }
}
for (let n = 0; n < Number(process.env.MOCK_MANY ?? 0); n += 1) {
  const person = contact(`Customer ${n + 1}`, {}, ['website', `webchat:m-${n}`]);
  const talk = conversation(person, { created_at: ago(3 * DAY) });
  message(talk, 'in', 'website', `Message number ${n + 1}`, ago(2 * DAY + n * MINUTE));
}
