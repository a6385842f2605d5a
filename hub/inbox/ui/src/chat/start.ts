import '$shared/base.css';
import './chat.css';
import { openSocket } from '$shared/socket';
import { mount } from 'svelte';
import type { Bridge } from './page/embed-bridge';
import ChatPage from './page/chat-page.svelte';
import { Chat } from './conversation/chat.svelte';
import { ChannelHandover } from './handover/handover.svelte';
import { chooseLocale, setLocale } from './page/locale';
import type { Memory } from './session/memory';
import { ChatWindow } from './page/chat-window.svelte';
import { isColor, paint, type Settings } from './page/settings';
import { Uploads, uploadTo } from './composer/uploads.svelte';
import type { VisitorEvents } from './conversation/visitor-events';

// The token of a link that continues a conversation here is good once, and leaves the address bar at once.
function takeResumeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('resume');
  if (token !== null) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

export async function start(
  loading: Promise<Settings>,
  memory: Memory,
  bridge: Bridge | null,
): Promise<void> {
  let resume = takeResumeToken();
  const settings = await loading;
  const { connector } = settings;
  const wish = bridge?.page;
  const locale = chooseLocale([wish?.locale, ...navigator.languages, settings.locale], settings.languages);
  const color = isColor(wish?.color) ? wish.color : settings.color;
  await setLocale(locale);
  paint(color);

  const socket = openSocket<VisitorEvents>('/visitor', () => ({
    connector,
    locale,
    page: chatWindow.page,
    ...(chat.session !== null && { session: chat.session }),
    ...chat.introduction(),
    ...(resume !== null && { resume }),
  }));
  const chat: Chat = new Chat(socket, memory, connector);
  // StoredMessage until somebody has answered: a line that breaks at once costs nobody their thread.
  socket.on('session', () => (resume = null));
  window.addEventListener('hashchange', () => {
    resume = takeResumeToken();
    if (resume !== null) chat.reconnect();
  });
  memory.onForgotten(() => chat.reset()); // the customer signed out in another tab
  const chatWindow = new ChatWindow(bridge, (message) => {
    if (message.hub === 'identify') chat.identify(message.identity);
    if (message.hub === 'reset') chat.reset();
  });
  const send = uploadTo(connector, () => chat.session);
  const uploads = new Uploads(send, settings.maxBytes, settings.maxAttachments);

  mount(ChatPage, {
    target: document.getElementById('app')!,
    props: {
      context: {
        chat,
        handover: new ChannelHandover(chat, settings.channels),
        chatWindow,
        settings,
        uploads,
        heading: wish?.heading || settings.title,
      },
    },
  });
  chat.start();
}
