// One file, since what the app writes for a topology is made once in it.
await import('./stacks.ts');
await import('./roles.ts');
await import('./operations.ts');
await import('./events.ts');
await import('./fargate.ts');
