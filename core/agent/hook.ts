import { fenceOf, type Procedure } from './procedure.ts';

/** Runs a hook. Its key names what it is for, not who asks: attempts and recoveries of one version run it once. */
export const hook: Procedure<'hook'> = async ({ event, ports, signal }) => {
  const { company, version, hook: name } = event;
  const key = `${company}:${version}:${name}`;
  const ran = await ports.provider.hook(fenceOf(event), name, { key, version }, signal);
  return { result: { action: 'hook', hook: name, ran }, work: [] };
};
