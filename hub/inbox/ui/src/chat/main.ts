// The first few hundred bytes. In an iframe that nobody has opened, of somebody who never wrote,
// they are all there is; the chat itself comes when it is wanted.
import { Bridge } from './bridge';
import { Memory } from './memory';

const connector = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const memory = new Memory(connector);
const isEmbedded = new URLSearchParams(location.search).has('embed') && window.parent !== window;

let isStarted = false;

function start(): void {
  if (isStarted) return;
  isStarted = true;
  void import('./start').then((chat) => chat.start(connector, memory, bridge));
}

const bridge = isEmbedded
  ? new Bridge(window, (message) => {
      if (message.hub === 'open' || (message.hub === 'page' && message.open)) start();
      else if (message.hub === 'reset' && !isStarted) memory.forget();
      else if (memory.talked) start();
    })
  : null;

if (!isEmbedded) start();
