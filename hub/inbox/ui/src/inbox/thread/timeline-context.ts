import { createContext } from 'svelte';
import type { Contact, Message } from '$shared/types';
import type { ChannelName } from './event-text';
import type { MessageChanges } from './message-changes.svelte';

/** What each row of a timeline needs beside its own message. */
export interface TimelineContext {
  /** The signed-in agent. */
  readonly agentId: string;
  /** The contact whose timeline it is; null until the details are loaded. */
  readonly contact: Contact | null;
  channelName: ChannelName;
  /** A message of the timeline by its id, as far as it is loaded. */
  message: (id: string | null) => Message | null;
  scrollTo: (messageId: string) => void;
  /** Starts a reply to a message. */
  replyTo: (message: Message) => void;
  /** Sends a failed message again. */
  retry: (message: Message) => void;
  /** Takes back a message that has not left, to the composer. */
  takeBack: (message: Message) => void;
  /** The change of a sent message that is under way. */
  changes: MessageChanges;
  copy: (text: string) => void;
  /** The address of a mail as it came in. */
  originalUrl: (messageId: string) => string;
}

export const [useTimelineContext, provideTimelineContext] = createContext<TimelineContext>();
