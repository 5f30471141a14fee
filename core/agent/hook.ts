import type { HookName } from '@tanker/contract/index.ts';
import { fenceOf, type Procedure, type Run } from './procedure.ts';

/** A run whose event says under which placement version hooks run. */
type HookRun = Pick<Run<'hook' | 'export' | 'import'>, 'event' | 'ports' | 'signal'>;

/**
 * Runs a hook, unless its key ran before: the answer says which. The key names what the hook is for, not who asks:
 * attempts and recoveries of a task run it once. The task is part of it and not the version, which a task that is undone
 * leaves to the next, whose undo is another one. At most 63 + 48 + 13 + 2 = 126 of the 128 characters that the contract
 * allows.
 */
export function runHook({ event, ports, signal }: HookRun, name: HookName): Promise<boolean> {
  const { company, version, task } = event;
  const key = `${company}:${task}:${name}`;
  return ports.provider.hook(fenceOf(event), name, { key, version }, signal);
}

/** Runs a hook of a transfer where the provider offers it, and answers those that have run. */
export async function runOffered(
  run: Pick<Run<'export' | 'import'>, 'event' | 'ports' | 'signal'>,
  name: HookName,
): Promise<HookName[]> {
  if (!run.event.hooks.includes(name)) return [];
  await runHook(run, name);
  return [name];
}

export const hook: Procedure<'hook'> = async (run) => {
  const { hook: name } = run.event;
  const ran = await runHook(run, name);
  return { result: { action: 'hook', hook: name, ran }, work: [] };
};
