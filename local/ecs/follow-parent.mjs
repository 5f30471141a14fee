// Runs before a task's own entry: a task lives no longer than the cloud, and its dates follow the cloud's clock.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();

const offsetMs = Number(process.env.TANKER_CLOCK_OFFSET_MS ?? 0);
delete process.env.TANKER_CLOCK_OFFSET_MS;
if (offsetMs !== 0) {
  const RealDate = Date;
  const now = () => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : target[key]),
  });
}
