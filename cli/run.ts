import { Command, CommanderError } from 'commander';
import type { Context, Input, Output } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addBackup } from './verbs/backup.ts';
import { addBackups } from './verbs/backups.ts';
import { addCancel } from './verbs/cancel.ts';
import { addCleanup } from './verbs/cleanup.ts';
import { addDoctor } from './verbs/doctor.ts';
import { addMigrate } from './verbs/migrate.ts';
import { addRemove } from './verbs/remove.ts';
import { addRestore } from './verbs/restore.ts';
import { addShow } from './verbs/show.ts';
import { addTasks } from './verbs/tasks.ts';
import { addWatch } from './verbs/watch.ts';

/** In the order of the help: what starts a task, what deals with one, what looks. */
const VERBS = [
  addMigrate,
  addBackup,
  addRestore,
  addRemove,
  addCleanup,
  addCancel,
  addTasks,
  addWatch,
  addShow,
  addBackups,
  addDoctor,
];

/** Runs a command line and answers its exit code. Nothing is thrown and the process is not ended. */
export async function runCli(
  argv: readonly string[],
  streams: { in?: Input; out: Output; err: Output },
): Promise<ExitCode> {
  const { out, err } = streams;
  const context: Context = { ...streams, exitCode: EXIT.done };
  const program = new Command('tanker')
    .description(
      "Moves, backs up, restores and removes one company's data across datacenters, and shows what is done.",
    )
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
    })
    .exitOverride();
  for (const add of VERBS) add(program, context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}
