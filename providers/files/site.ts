import type { Location } from '@tanker/contract/index.ts';
import { OpenCalls } from '../open-calls.ts';
import type { FilesProviderConfig } from './config.ts';
import type { ExportSession } from './exports.ts';
import { Metadata } from './metadata.ts';

/** The provider at one location: its directory and what this process has open there. */
export interface Site {
  readonly config: FilesProviderConfig;
  readonly location: Location;
  readonly metadata: Metadata;
  readonly calls: OpenCalls;
  /** By company: the one export that this process has begun. */
  readonly exports: Map<string, ExportSession>;
  /** By company and key: the last hook that was asked for. */
  readonly hooks: Map<string, Promise<boolean>>;
  /** The provider's clock as the contract writes instants. */
  now(): string;
}

export const createSite = (config: FilesProviderConfig, server: string): Site => ({
  config,
  location: { datacenter: config.datacenter, server },
  metadata: new Metadata(config.servers[server]?.directory ?? ''),
  calls: new OpenCalls(),
  exports: new Map(),
  hooks: new Map(),
  now: () => (config.now?.() ?? new Date()).toISOString(),
});
