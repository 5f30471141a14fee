import {
  type Closings,
  type CollectionDigest,
  type Describe,
  type Drain,
  type Erased,
  type ExportBegun,
  type ExportFinished,
  errorOfProblem,
  type Fence,
  type Format,
  type ImportBegun,
  type PartReceipt,
  PROVIDER_BASE,
  type Sealed,
  type Summary,
} from '@tanker/contract/index.ts';

export interface CallerOptions {
  readonly url: string;
  readonly token: string;
  readonly datacenter: string;
  readonly server: string;
  readonly company: string;
  readonly fence: Fence;
}

/** What an export gave: the manifest that an import begins with, and the octets of each part. */
export interface Exported {
  readonly manifest: {
    readonly format: Format;
    readonly parts: readonly PartReceipt[];
    readonly collections: readonly CollectionDigest[];
  };
  readonly octets: readonly Uint8Array[];
  readonly watermark: string;
}

/** A company's calls at one location, over HTTP. What isn't answered with 2xx is thrown as the error that it names. */
export class ProviderCaller {
  readonly options: CallerOptions;

  constructor(options: CallerOptions) {
    this.options = options;
  }

  /** The same calls under another fence, by default to the same process. */
  as(change: Partial<Fence>, url = this.options.url): ProviderCaller {
    return new ProviderCaller({ ...this.options, url, fence: { ...this.options.fence, ...change } });
  }

  /** What the contract's paths follow at this location. */
  get base(): string {
    const { url, datacenter, server } = this.options;
    return url + PROVIDER_BASE.replace('{datacenter}', datacenter).replace('{server}', server);
  }

  get headers(): Readonly<Record<string, string>> {
    const { token, fence } = this.options;
    return {
      authorization: `Bearer ${token}`,
      'tanker-task': fence.task,
      'tanker-epoch': String(fence.epoch),
      'tanker-holder': fence.holder,
      'tanker-incarnation': fence.incarnation,
    };
  }

  /** A call of any path below the location. */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const octets = body instanceof Uint8Array || body instanceof ReadableStream;
    const response = await fetch(this.base + path, {
      method,
      headers: this.headers,
      ...(body === undefined ? {} : { body: octets ? body : JSON.stringify(body) }),
      duplex: 'half',
    } as RequestInit);
    if (response.ok) return response;
    const problem: unknown = await response.json();
    throw errorOfProblem(problem) ?? new Error(JSON.stringify(problem));
  }

  /** A call of any path below the company. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, `/companies/${this.options.company}${path}`, body);
    return (await response.json()) as T;
  }

  async describe(): Promise<Describe> {
    return (await (await this.request('GET', '')).json()) as Describe;
  }

  async closings(): Promise<Closings> {
    return (await (await this.request('GET', '/closings')).json()) as Closings;
  }

  summary = (digest = false) => this.ask<Summary>('GET', `/summary?digest=${digest}`);
  drain = () => this.ask<Drain>('GET', '/drain');
  exportBegin = (grant = 1) => this.ask<ExportBegun>('POST', '/exports', { grant });
  exportFinish = (id: string) => this.ask<ExportFinished>('POST', `/exports/${id}/finish`, {});
  exportRelease = (id: string) => this.ask<object>('DELETE', `/exports/${id}`);
  open = (grant?: number) => this.ask<object>('POST', '/open', grant === undefined ? {} : { grant });
  importPart = (session: string, part: number, octets: Uint8Array | ReadableStream) =>
    this.ask<PartReceipt>('PUT', `/imports/${session}/parts/${part}`, octets);
  publish = (session: string) => this.ask<{ rows: number }>('POST', `/imports/${session}/publish`, {});
  abort = (session: string) => this.ask<object>('DELETE', `/imports/${session}`);
  seal = () => this.ask<Sealed>('POST', '/seal', {});
  raise = () => this.ask<object>('POST', '/fence', {});
  hook = (name: string, key: string) =>
    this.ask<{ ran: boolean }>('POST', `/hooks/${name}`, { key, version: 1 });

  async exportPart(id: string, part: number): Promise<Uint8Array> {
    const path = `/companies/${this.options.company}/exports/${id}/parts/${part}`;
    return new Uint8Array(await (await this.request('GET', path)).arrayBuffer());
  }

  importBegun = (manifest: Exported['manifest']) => this.ask<ImportBegun>('POST', '/imports', manifest);

  async importBegin(manifest: Exported['manifest']): Promise<string> {
    return (await this.importBegun(manifest)).session;
  }

  erase(): Promise<Erased> {
    const { company, datacenter, server } = this.options;
    const order = { company, location: { datacenter, server }, version: 1, reason: 'conformance' };
    return this.ask<Erased>('POST', '/erase', order);
  }

  /** begin, every part, finish, release; the company stays closed. */
  async export(): Promise<Exported> {
    const begun = await this.exportBegin();
    const octets: Uint8Array[] = [];
    for (const { part } of begun.parts) octets.push(await this.exportPart(begun.export, part));
    const { parts, collections, watermark } = await this.exportFinish(begun.export);
    await this.exportRelease(begun.export);
    return { manifest: { format: begun.format, parts, collections }, octets, watermark };
  }

  async importParts(session: string, octets: Exported['octets']): Promise<void> {
    for (const [part, bytes] of octets.entries()) await this.importPart(session, part, bytes);
  }

  /** begin, every part, publish. */
  async import({ manifest, octets }: Exported): Promise<string> {
    const session = await this.importBegin(manifest);
    await this.importParts(session, octets);
    await this.publish(session);
    return session;
  }
}
