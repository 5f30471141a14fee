export * from './provider-implementation.ts';
export * from './serve-provider.ts';
