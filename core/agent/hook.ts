import { fenceOf, type Procedure } from './procedure.ts';

/**
 * Runs a hook. Its key names what it is for, not who asks: attempts and recoveries of a task run it once. The task is
 * part of it and not the version, which a task that is undone leaves to the next, whose undo is another one. At most
 * 63 + 48 + 13 + 2 = 126 of the 128 characters that the contract allows.
 */
export const hook: Procedure<'hook'> = async ({ event, ports, signal }) => {
  const { company, version, task, hook: name } = event;
  const key = `${company}:${task}:${name}`;
  const ran = await ports.provider.hook(fenceOf(event), name, { key, version }, signal);
  return { result: { action: 'hook', hook: name, ran }, work: [] };
};
