import { createContext } from 'svelte';
import type { Chat } from '../conversation/chat.svelte';
import type { ChannelHandover } from '../handover/handover.svelte';
import type { ChatWindow } from './chat-window.svelte';
import type { Settings } from './settings';
import type { Uploads } from '../composer/uploads.svelte';

export interface ChatContext {
  chat: Chat;
  handover: ChannelHandover;
  chatWindow: ChatWindow;
  settings: Settings;
  uploads: Uploads;
  heading: string;
}

export const [useChatContext, provideChatContext] = createContext<ChatContext>();
