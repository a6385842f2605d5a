// The commands of the keyboard and of the palette: what each does to the screen.
import { m } from '$messages';
import { language } from '$shared/i18n.svelte';
import {
  AlarmClock,
  CheckCheck,
  Flag,
  GitMerge,
  Globe,
  Inbox,
  Keyboard,
  KeyRound,
  LogOut,
  Moon,
  PanelRight,
  QrCode,
  RotateCcw,
  StickyNote,
  Sun,
  Tag,
  UserCheck,
  UserMinus,
  UserPlus,
  Users,
} from '$shared/icons';
import type { Component } from 'svelte';
import type { App } from '../app.svelte';
import type { Tab } from '../list/list-query';
import type { Overlay } from '../shell/view-state.svelte';
import type { Shortcuts } from './shortcuts';

export interface Command {
  name: string;
  icon: Component<{ size?: number }>;
  run: () => unknown;
  /** The key that does the same; empty where there is none. */
  key: string;
}

/** Commands of the palette under one heading. */
export interface CommandGroup {
  heading: string;
  items: Command[];
}

function focusSearch(): void {
  document.getElementById('search')?.focus();
}

export function shortcuts(app: App): Shortcuts {
  const { view, composer, conversations, actions } = app;
  const show = (tab: Tab) => {
    view.page = 'inbox';
    view.showPane('list');
    void conversations.show(tab, 'open');
  };
  /** Opens a menu for what is chosen, or for the open conversation. */
  const menu = (overlay: Overlay) => {
    if (conversations.selected || app.selection.size > 0) view.overlay = overlay;
  };
  return {
    keys: {
      j: () => app.move(1),
      k: () => app.move(-1),
      enter: () => app.enter(),
      '/': focusSearch,
      r: () => composer.setMode('reply'),
      n: () => composer.setMode('note'),
      i: () => view.toggleDetails(),
      c: () => {
        if (conversations.selected) view.overlay = 'handover';
      },
      m: () => app.openMerge(),
      x: () => {
        if (conversations.selected) app.selection.toggle(conversations.selected.id);
      },
      '?': () => (view.overlay = 'shortcuts'),
      e: () => {
        if (app.selection.size > 0) return app.changeChosen({ status: 'resolved' });
        const open = conversations.selected;
        if (open) void (open.status === 'resolved' ? actions.reopen(open) : actions.resolve(open));
      },
      a: () => menu('assign'),
      l: () => menu('label'),
      p: () => menu('priority'),
      s: () => menu('snooze'),
      'g i': () => {
        view.page = 'inbox';
        view.showPane('list');
      },
      'g m': () => show('mine'),
      'g u': () => show('unassigned'),
      'g a': () => show('all'),
    },
    togglePalette: () => (view.overlay = view.overlay === 'palette' ? null : 'palette'),
    hasSingleKeys: () => app.keySettings.singleKeys,
  };
}

/** The groups of the palette: what the open conversation takes, where to go, what others add, settings. */
export function paletteGroups(app: App): CommandGroup[] {
  const { view, conversations, session, keySettings } = app;
  // A dialog opens only after the palette has closed.
  const openOverlay = (overlay: Overlay) => setTimeout(() => (view.overlay = overlay));
  const isOnline = session.agent.presence === 'online';
  const go: Command[] = [
    command(m.tab_mine(), Inbox, () => conversations.show('mine', 'open'), 'G M'),
    command(m.tab_unassigned(), Inbox, () => conversations.show('unassigned', 'open'), 'G U'),
    command(m.tab_all(), Inbox, () => conversations.show('all', 'open'), 'G A'),
    ...app.views.items.map((saved) => command(saved.name, Inbox, () => conversations.showView(saved))),
    command(m.search_everything(), Users, focusSearch, '/'),
  ];
  const settings: Command[] = [
    isOnline ? command(m.go_away(), UserMinus, () => app.setPresence('away')) : command(m.go_online(), UserCheck, () => app.setPresence('online')),
    command(`${m.theme()}: ${m.theme_light()}`, Sun, () => view.chooseTheme('light')),
    command(`${m.theme()}: ${m.theme_dark()}`, Moon, () => view.chooseTheme('dark')),
    ...language.all.map((locale) => command(`${m.language()}: ${language.nameOf(locale)}`, Globe, () => language.choose(locale))),
    command(m.account(), KeyRound, () => openOverlay('account')),
    command(m.keyboard_shortcuts(), Keyboard, () => openOverlay('shortcuts'), '?'),
    command(keySettings.singleKeys ? m.single_keys_turn_off() : m.single_keys_turn_on(), Keyboard, () => (keySettings.singleKeys = !keySettings.singleKeys)),
    command(m.sign_out(), LogOut, () => app.signOut()),
  ];
  return [
    { heading: m.palette_actions(), items: conversationCommands(app, openOverlay) },
    ...app.paletteSources.map((source) => source()),
    { heading: m.palette_go(), items: go },
    { heading: m.palette_settings(), items: settings },
  ].filter(({ items }) => items.length > 0);
}

function command(name: string, icon: Command['icon'], run: () => unknown, key = ''): Command {
  return { name, icon, run, key };
}

function conversationCommands(app: App, openOverlay: (overlay: Overlay) => unknown): Command[] {
  const { view, composer, conversations, actions, session } = app;
  const open = conversations.selected;
  if (!open) return [];
  const commands = [command(m.shortcut_reply(), Inbox, () => composer.setMode('reply'), 'R'), command(m.shortcut_note(), StickyNote, () => composer.setMode('note'), 'N')];
  if (open.assignee?.id !== session.agentId) commands.push(command(m.take_it(), UserCheck, () => actions.take(open)));
  commands.push(command(m.assign_to(), UserPlus, () => openOverlay('assign'), 'A'));
  if (open.assignee) commands.push(command(m.release(), UserMinus, () => actions.assign(open, null)));
  commands.push(
    open.status === 'resolved'
      ? command(m.reopen(), RotateCcw, () => actions.reopen(open), 'E')
      : command(m.resolve(), CheckCheck, () => actions.resolve(open), 'E'),
    command(m.snooze(), AlarmClock, () => openOverlay('snooze'), 'S'),
    command(m.pick_label(), Tag, () => openOverlay('label'), 'L'),
    command(m.priority(), Flag, () => openOverlay('priority'), 'P'),
    command(m.merge(), GitMerge, () => setTimeout(() => app.openMerge()), 'M'),
    command(m.handover(), QrCode, () => openOverlay('handover'), 'C'),
    command(view.detailsShown ? m.hide_details() : m.show_details(), PanelRight, () => view.toggleDetails(), 'I'),
  );
  return commands;
}
