// The first few hundred bytes. An iframe that was not opened, of a customer who never wrote, loads only
// these; the chat itself is loaded when it is needed.
import { Bridge } from './page/embed-bridge';
import { Memory } from './session/memory';
import { loadSettings } from './page/settings';

const connector = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const memory = new Memory(connector);
const settings = loadSettings(connector);
const isEmbedded = new URLSearchParams(location.search).has('embed') && window.parent !== window;

let isStarted = false;

function start(): void {
  if (isStarted) return;
  isStarted = true;
  void import('./start').then((chat) => chat.start(settings, memory, bridge));
}

const bridge = isEmbedded
  ? new Bridge(window, (message) => {
      if (message.hub === 'page') void introduce();
      if (message.hub === 'open' || (message.hub === 'page' && message.open)) start();
      else if (message.hub === 'reset' && !isStarted) memory.forget();
      else if (memory.talked) start();
    })
  : null;

async function introduce(): Promise<void> {
  const { color, position } = await settings;
  bridge?.tell({ hub: 'ready', color, position });
}

if (!isEmbedded) start();
