// One file, since what the app writes for the example is made once in it.
await import('./stacks.ts');
await import('./roles.ts');
await import('./operations.ts');
await import('./events.ts');
