// The type of `$messages`. Each build puts its own messages there: the inbox and the sandbox theirs in two
// languages, the chat its own in the current language only.
import type * as Chat from '../paraglide/chat/messages/_index.js';
import type * as Inbox from '../paraglide/inbox/messages/_index.js';

export declare const m: typeof Chat & typeof Inbox;
