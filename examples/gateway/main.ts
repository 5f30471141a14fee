// The gateway as a process of its own: `node main.ts CONFIG.json`. Prints `{"ready":true,"port":N}` when it listens,
// and stops when it is told to, or when the parent that started it with an IPC channel is gone.
import { readGatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

const path = process.argv[2];
if (path === undefined) {
  console.error('Usage: node main.ts CONFIG.json');
  process.exit(2);
}

const gateway = await startGateway(readGatewayConfig(path), (error) => console.error(error));
const ready = { ready: true, port: gateway.port };
console.log(JSON.stringify(ready));
process.send?.(ready);

const stop = () => {
  gateway.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
