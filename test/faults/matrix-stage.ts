import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatLocation, GATEWAY_BASE } from '@tanker/contract/index.ts';
import type { Client } from 'pg';
import type { Stage } from '../../demo/stage.ts';
import { LOCATIONS, type WorldLocation } from '../../demo/world/topology.ts';
import { type Fetcher, readFetcher } from './check-hooks.ts';
import { type CopyOfCompany, type Place, printOf, readCopy } from './copies.ts';
import type { Front } from './front.ts';

/** The world of the matrix: a stage whose peers are reached through a front, and what nobody may change in it. */
export interface MatrixStage extends Stage {
  readonly front: Front;
  /** What the neighbours were before anybody moved, by location. */
  readonly neighbours: ReadonlyMap<string, string>;
}

/** What the gateway says of a company. */
export interface Authority {
  readonly home: { readonly state: string; readonly location?: WorldLocation };
  readonly version: number;
  readonly versionTask: string | null;
  readonly epoch: number;
  readonly holder: string | null;
  readonly lock: { readonly state: string; readonly grant: number } | null;
}

export async function authorityOf({ world }: Stage, company: string): Promise<Authority> {
  const { url, readerToken } = world.gateway;
  const answer = await fetch(`${url}${GATEWAY_BASE}/companies/${company}`, {
    headers: { authorization: `Bearer ${readerToken}` },
  });
  return (await answer.json()) as Authority;
}

/** Looks at the copies of companies on connections of its own, one for each location. */
export class Observer {
  readonly #stage: Stage;
  readonly #clients = new Map<string, Promise<Client>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async #at({ datacenter, server }: WorldLocation): Promise<Place> {
    const key = formatLocation({ datacenter, server });
    const connecting = this.#clients.get(key) ?? this.#stage.world.connect(datacenter, server);
    this.#clients.set(key, connecting);
    return { client: await connecting, files: this.#stage.world.filesOf(datacenter, server) };
  }

  async copyAt(location: WorldLocation, company: string): Promise<CopyOfCompany> {
    return readCopy(await this.#at(location), company);
  }

  async fetcherAt(location: WorldLocation, company: string): Promise<Fetcher> {
    return readFetcher((await this.#at(location)).client, company);
  }

  /** One print of all that these companies have, by location. */
  async printsOf(companies: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const prints = new Map<string, string>();
    for (const location of LOCATIONS) {
      prints.set(formatLocation(location), await printOf(await this.#at(location), companies));
    }
    return prints;
  }

  /** A write straight into a database, past the gateway, undone at once. Answers the SQLSTATE of a refusal. */
  async probe(location: WorldLocation, company: string): Promise<string | undefined> {
    const { client } = await this.#at(location);
    await client.query('BEGIN');
    try {
      await client.query(
        `INSERT INTO notes.changes (company_id, write_id, kind, entity, entity_id) VALUES ($1, 'probe', 'create', 'notes', 0)`,
        [company],
      );
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code ?? 'unknown';
    } finally {
      await client.query('ROLLBACK');
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(async (connecting) => (await connecting).end()));
  }
}

/** Reads what the logs of functions, providers and gateway have got since the last look. */
export class LogReader {
  readonly #directory: string;
  readonly #read = new Map<string, number>();

  constructor(stage: Stage) {
    this.#directory = stage.directory;
  }

  news(): string {
    const logs = readdirSync(this.#directory, { recursive: true })
      .map((name) => join(this.#directory, String(name)))
      .filter((path) => path.endsWith('.log'));
    return logs.map((path) => this.#newsOf(path)).join('\n');
  }

  #newsOf(path: string): string {
    const from = this.#read.get(path) ?? 0;
    const { size } = statSync(path);
    if (size <= from) return '';
    const octets = Buffer.alloc(size - from);
    const file = openSync(path, 'r');
    try {
      readSync(file, octets, 0, octets.length, from);
    } finally {
      closeSync(file);
    }
    this.#read.set(path, size);
    return octets.toString('utf8');
  }
}
