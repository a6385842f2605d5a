// What an admin asks of the server, beside what every agent does.
import type { JsonClient } from '$shared/http';
import type { Agent, Priority } from '$shared/types';

export interface TeamQueue {
  /** Empty for what anybody may answer. */
  name: string;
  is_open: boolean;
  opens_at: string | null;
  members: number;
  online: number;
  waiting: number;
  waiting_since: string | null;
  wait_seconds: number | null;
}

export interface AgentLoad {
  agent: Agent;
  teams: string[];
  skills: string[];
  languages: string[];
  capacity: number;
  load: number;
  people: number;
}

export interface Overview {
  at: string;
  teams: TeamQueue[];
  agents: AgentLoad[];
}

export interface Question {
  connector: string;
  text: string;
  page?: string;
  language?: string;
}

export interface Preview {
  rule: string | null;
  team: string | null;
  skills: string[];
  labels: string[];
  priority: Priority;
  sla: string | null;
  language: string;
  team_open: boolean;
  opens_at: string | null;
  steps: { rule: string; matched: boolean; failed: string | null }[];
  problem: string | null;
}

export interface ConfigChange {
  action: 'added' | 'removed' | 'changed';
  path: string;
  old: string;
  new: string;
}

export class AdminApi {
  readonly #client: JsonClient;

  constructor(client: JsonClient) {
    this.#client = client;
  }

  overview(): Promise<Overview> {
    return this.#client.get('/overview');
  }

  preview(question: Question): Promise<Preview> {
    return this.#client.post('/routing/preview', question);
  }

  async reload(): Promise<ConfigChange[]> {
    return (await this.#client.post<{ changes: ConfigChange[] }>('/config/reload')).changes;
  }
}
