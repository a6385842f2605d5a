// The commands of the keyboard and of the palette: what each does to the screen.
import { m } from '$messages';
import { language } from '$shared/i18n.svelte';
import { CheckCheck, Globe, Inbox, Keyboard, KeyRound, LogOut, Moon, PanelRight, QrCode, RotateCcw, StickyNote, Sun, UserCheck, UserMinus, Users } from '$shared/icons';
import type { Component } from 'svelte';
import type { App } from '../app.svelte';
import type { Shortcuts } from './shortcuts';

export interface Command {
  name: string;
  icon: Component<{ size?: number }>;
  run: () => unknown;
  /** The key that does the same; empty where there is none. */
  key: string;
}

export interface PaletteCommands {
  /** Commands for the open conversation. */
  conversation: Command[];
  navigation: Command[];
  settings: Command[];
}

function focusSearch(): void {
  document.getElementById('search')?.focus();
}

export function shortcuts(app: App): Shortcuts {
  const { view, composer, conversations, actions, session } = app;
  return {
    keys: {
      j: () => app.move(1),
      k: () => app.move(-1),
      '/': focusSearch,
      r: () => composer.setMode('reply'),
      n: () => composer.setMode('note'),
      i: () => view.toggleDetails(),
      c: () => {
        if (conversations.selected) view.overlay = 'handover';
      },
      '?': () => (view.overlay = 'shortcuts'),
      e: () => {
        const open = conversations.selected;
        if (open) void (open.status === 'resolved' ? actions.reopen(open) : actions.resolve(open));
      },
      a: () => {
        const open = conversations.selected;
        if (open && open.assignee?.id !== session.agentId) void actions.take(open);
      },
    },
    togglePalette: () => (view.overlay = view.overlay === 'palette' ? null : 'palette'),
  };
}

export function paletteCommands(app: App): PaletteCommands {
  const { view, conversations, session } = app;
  const command = (name: string, icon: Command['icon'], run: () => unknown, key = ''): Command => ({ name, icon, run, key });
  // A dialog opens only after the palette has closed.
  const openOverlay = (overlay: 'handover' | 'shortcuts' | 'account') => setTimeout(() => (view.overlay = overlay));
  const isOnline = session.agent.presence === 'online';
  return {
    conversation: conversationCommands(app, command, openOverlay),
    navigation: [
      command(m.tab_mine(), Inbox, () => conversations.show('mine', 'open')),
      command(m.tab_unassigned(), Inbox, () => conversations.show('unassigned', 'open')),
      command(m.tab_all(), Inbox, () => conversations.show('all', 'open')),
      command(m.search_everything(), Users, focusSearch, '/'),
    ],
    settings: [
      isOnline ? command(m.go_away(), UserMinus, () => app.setPresence('away')) : command(m.go_online(), UserCheck, () => app.setPresence('online')),
      command(`${m.theme()}: ${m.theme_light()}`, Sun, () => view.chooseTheme('light')),
      command(`${m.theme()}: ${m.theme_dark()}`, Moon, () => view.chooseTheme('dark')),
      ...language.all.map((locale) => command(`${m.language()}: ${language.nameOf(locale)}`, Globe, () => language.choose(locale))),
      command(m.account(), KeyRound, () => openOverlay('account')),
      command(m.keyboard_shortcuts(), Keyboard, () => openOverlay('shortcuts'), '?'),
      command(m.sign_out(), LogOut, () => app.signOut()),
    ],
  };
}

function conversationCommands(
  { view, composer, conversations, actions, session }: App,
  command: (name: string, icon: Command['icon'], run: () => unknown, key?: string) => Command,
  openOverlay: (overlay: 'handover') => void,
): Command[] {
  const open = conversations.selected;
  if (!open) return [];
  const commands = [
    command(m.shortcut_reply(), Inbox, () => composer.setMode('reply'), 'R'),
    command(m.shortcut_note(), StickyNote, () => composer.setMode('note'), 'N'),
  ];
  if (open.assignee?.id !== session.agentId) commands.push(command(m.take_it(), UserCheck, () => actions.take(open), 'A'));
  if (open.assignee) commands.push(command(m.release(), UserMinus, () => actions.assign(open, null)));
  commands.push(
    open.status === 'resolved'
      ? command(m.reopen(), RotateCcw, () => actions.reopen(open), 'E')
      : command(m.resolve(), CheckCheck, () => actions.resolve(open), 'E'),
    command(m.handover(), QrCode, () => openOverlay('handover'), 'C'),
    command(view.detailsShown ? m.hide_details() : m.show_details(), PanelRight, () => view.toggleDetails(), 'I'),
  );
  return commands;
}
