import { m } from '$messages';
import { Zap } from '$shared/icons';
import type { App } from '../app.svelte';
import type { CommandGroup } from '../commands/commands';

/** The macros for the open conversation, in the palette. */
export function macroCommands({ conversations, macroRunner, replyPicker }: App): CommandGroup {
  const macros = conversations.selected ? replyPicker.macros : [];
  // The dialog opens only after the palette has closed.
  const items = macros.map((macro) => ({ name: macro.name, icon: Zap, key: '', run: () => setTimeout(() => void macroRunner.choose(macro)) }));
  return { heading: m.macros(), items };
}
