// For processes that follow the embedded cloud's clock: their dates are ahead of the machine's, their timers are not.
const RealDate = Date;
let offsetMs = 0;

/** Shifts every date that is asked for from now on; what holds a Date of its own already keeps the machine's. */
export function shiftDates(milliseconds) {
  offsetMs = milliseconds;
  if (offsetMs === 0 || globalThis.Date !== RealDate) return;
  const now = () => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : target[key]),
  });
}

/** By how much the process was started ahead; the variable is not seen by what runs after. */
export function takeOffset() {
  const { TANKER_CLOCK_OFFSET_MS: given = '0' } = process.env;
  delete process.env.TANKER_CLOCK_OFFSET_MS;
  return Number(given);
}
