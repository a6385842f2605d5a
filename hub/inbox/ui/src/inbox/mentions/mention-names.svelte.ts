import type { JsonClient } from '$shared/http';
import type { Page, Team } from '$shared/types';
import type { Directory } from '../names/directory.svelte';
import { mentionsIn, suggestionsFor, type Named, type Suggestion } from './mention-text';

/** Whom a note may name: the colleagues and the teams. */
export class MentionNames {
  readonly #client: Pick<JsonClient, 'get'>;
  readonly #directory: Directory;
  #teams = $state.raw<readonly Team[]>([]);

  constructor(client: Pick<JsonClient, 'get'>, directory: Directory) {
    this.#client = client;
    this.#directory = directory;
  }

  async load(): Promise<void> {
    this.#teams = (await this.#client.get<Page<Team>>('/teams')).items;
  }

  /** The colleagues and teams that the word after an @ may mean. */
  suggestions(query: string): Suggestion[] {
    return suggestionsFor(query, this.#all);
  }

  /** Whom a note names, as the API takes it. */
  namedIn(text: string): Named {
    return mentionsIn(text, this.#all);
  }

  get #all(): Suggestion[] {
    const agents = this.#directory.agents.map(({ id, name }) => ({ type: 'agent' as const, id, name }));
    return [...agents, ...this.#teams.map(({ id, name }) => ({ type: 'team' as const, id, name }))];
  }
}
