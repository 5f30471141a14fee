import type { Item } from './region.ts';
import { createStream, type StreamPlace, type TableStream } from './stream.ts';

/** One item of a table, by its key. */
export interface ItemPlace {
  readonly table: string;
  readonly key: Item;
}

/** The streams of one region's tables. The records of a write are made of what is there before and after it. */
export class Streams {
  readonly #place: Pick<StreamPlace, 'region' | 'accountId' | 'now'>;
  readonly #read: (place: ItemPlace) => Promise<Item | undefined>;
  readonly #byTable = new Map<string, TableStream>();

  /** @param read answers the item as it is, undefined for none and for a key that is none */
  constructor(
    place: Pick<StreamPlace, 'region' | 'accountId' | 'now'>,
    read: (place: ItemPlace) => Promise<Item | undefined>,
  ) {
    this.#place = place;
    this.#read = read;
  }

  enable(table: string, view: StreamPlace['view']): void {
    this.#byTable.set(table, createStream({ ...this.#place, table, view }));
  }

  of(table: string): TableStream | undefined {
    return this.#byTable.get(table);
  }

  find(arn: string): TableStream | undefined {
    return [...this.#byTable.values()].find((stream) => stream.arn === arn);
  }

  forget(table: string): void {
    this.#byTable.delete(table);
  }

  /** Whether the writes of a table are to be told. */
  heard(table: string): boolean {
    return this.#byTable.get(table)?.heard ?? false;
  }

  /**
   * Does a write and tells what it made of these items. Nothing else may write to their tables meanwhile. A write that
   * fails is told of too: of a batch some may have been done.
   */
  async around<Result>(
    places: readonly ItemPlace[],
    write: () => Promise<Result>,
    more: { readonly expired?: boolean } = {},
  ): Promise<Result> {
    const told = places.filter(({ table }) => this.heard(table));
    const before = await Promise.all(told.map(this.#read));
    try {
      return await write();
    } finally {
      const after = await Promise.all(told.map(this.#read));
      for (const [i, { table, key }] of told.entries()) {
        this.of(table)?.note({ keys: key, before: before[i], after: after[i], ...more });
      }
    }
  }
}
