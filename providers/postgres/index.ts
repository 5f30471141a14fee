export type { CollectionConfig, Hook, HookContext, OutboxConfig, PostgresProviderConfig } from './config.ts';
export { createPostgresProvider, type PostgresProvider } from './provider.ts';
