import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AssemblyUnsupported, startCloud } from '../../local/cloud.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'assembly');
const temporary = () => mkdtempSync(path.join(tmpdir(), 'tanker-changed-'));

export interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

/** Deploys the fixture with its control stack changed; answers what stands in the way of running it. */
export async function problemsOf(
  change: (resources: Template['Resources']) => void,
): Promise<readonly string[]> {
  const assemblyDirectory = temporary();
  cpSync(FIXTURE, assemblyDirectory, { recursive: true });
  const file = path.join(assemblyDirectory, 'control.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  change(template.Resources);
  writeFileSync(file, JSON.stringify(template));
  try {
    const cloud = await startCloud({ assemblyDirectory, dataDirectory: temporary() });
    await cloud.stop();
    return [];
  } catch (error) {
    if (error instanceof AssemblyUnsupported) return error.problems;
    throw error;
  }
}

export const propertiesOf = (resources: Template['Resources'], name: string) =>
  resources[name]?.Properties as Record<string, unknown>;
