import type { TopologyInput } from '@tanker/contract/topology.ts';
import { type Measured, measure } from '../../lib/template-limits.ts';
import example from '../../topology.example.ts';
import type { Synthesized } from './synthesized.ts';

const REGIONS = ['ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'eu-central-1', 'us-east-1'];

/** A name as long as names may be. */
export const long = (name: string, length: number): string => name.padEnd(length, 'x');

/** The example with so many datacenters and providers, under the longest names. */
export function topologyOf(datacenterCount: number, providerCount: number): TopologyInput {
  const datacenters = Array.from({ length: datacenterCount }, (_, index) => ({
    name: long(`dc${index}`, 24),
    region: REGIONS[index % REGIONS.length] as string,
    jurisdiction: 'EU',
    servers: ['db1'],
  }));
  const providers = Array.from({ length: providerCount }, (_, index) => ({
    name: long(`p${index}`, 24),
    endpoints: Object.fromEntries(datacenters.map(({ name }) => [name, `https://p${index}.${name}.example`])),
    secret: long(`tanker/provider/p${index}`, 128),
  }));
  return { ...example, installation: long('tanker', 16), datacenters, providers, residency: [] };
}

export const measured = ({ stacks }: Synthesized): Measured[] =>
  Object.entries(stacks).flatMap(([stack, { text }]) => measure({ stack, text }));

/** The fullest of its kind, as a part of its quota. */
export const fullest = (all: readonly Measured[], unit: string): number =>
  Math.max(...all.filter((one) => one.unit === unit).map(({ size, quota }) => size / quota));
