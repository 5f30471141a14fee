import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readGatewayConfig } from '../../examples/gateway/config.ts';
import { OPERATOR, READER } from './gateway-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'tanker-gateway-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Why the gateway does not start with a file of this text. */
function refusal(text: string): string {
  const path = join(directory, 'gateway.json');
  writeFileSync(path, text);
  try {
    readGatewayConfig(path);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

const CONFIG = { port: 0, database: ':memory:', operatorToken: OPERATOR, readerToken: READER, routes: {} };

test('a configuration is refused with the fields that are wrong, never with what they hold', () => {
  expect(refusal(JSON.stringify(CONFIG))).toBe('none');
  const { database: _, ...changed } = { ...CONFIG, port: 'canary' };
  const told = refusal(JSON.stringify(changed));
  expect(told).toMatch(/gateway\.json is wrong, nothing was started: .*port: .*; database: is missing\.$/);
  expect(told).not.toContain('canary');
});

test('a configuration that is no JSON is not quoted: it holds tokens', () => {
  const told = refusal(JSON.stringify(CONFIG).replace('{', ''));
  expect(told).toMatch(/gateway\.json is no JSON, nothing was started\.$/);
  expect(refusal(OPERATOR)).not.toContain('operator');
});
