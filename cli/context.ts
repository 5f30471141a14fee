import { type Command, CommanderError, Option } from 'commander';
import { type Clients, openClients } from './aws/clients.ts';
import type { ExitCode } from './exit-codes.ts';
import { findInstallation, type InstallationOptions } from './installation.ts';
import { asMistake } from './mistakes.ts';

/** Where output goes: the process's own streams, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where a person types: the process's own stream, or a test's. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What a verb gets beside its own arguments. */
export interface Context {
  /** Absent: nobody can be asked. */
  readonly in?: Input;
  readonly out: Output;
  readonly err: Output;
  /** Set by the verb that ran; 0 before. */
  exitCode: ExitCode;
}

/** Options that every verb has. */
export interface CommonOptions extends InstallationOptions {
  readonly json?: true;
}

export const commonOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--topology <file>', 'the topology that was deployed (topology.ts)').env('TANKER_TOPOLOGY'),
    )
    .option('--demo', 'work on the demo that `npm run demo -- --keep` keeps here, or on that of $TANKER_DEMO')
    .option('--json', 'print JSON instead of text');

/** What a verb's work gets: the clients, and how to print its one result. */
export interface Session {
  readonly clients: Clients;
  readonly context: Context;
  readonly json: boolean;
  /** The result: as one JSON document, or as text. */
  print(document: unknown, text: () => string): void;
}

/**
 * Runs a verb: finds the installation, prints a mistake as three sentences (as a JSON document under --json) and sets
 * the exit code.
 *
 * @param work answers the exit code
 */
export async function runVerb(
  context: Context,
  options: CommonOptions,
  work: (session: Session) => Promise<ExitCode>,
): Promise<void> {
  let clients: Clients | undefined;
  const json = options.json === true;
  try {
    clients = openClients(await findInstallation(options, process.env['TANKER_DEMO']));
    const print = (document: unknown, text: () => string) =>
      context.out.write(`${json ? JSON.stringify(document, null, 2) : text()}\n`);
    context.exitCode = await work({ clients, context, json, print });
  } catch (error) {
    if (error instanceof CommanderError) throw error;
    const { name, text, message, exitCode } = asMistake(error);
    if (json) context.out.write(`${JSON.stringify({ error: name, ...text })}\n`);
    else context.err.write(`${name}: ${message}\n`);
    context.exitCode = exitCode;
  } finally {
    clients?.close();
  }
}
