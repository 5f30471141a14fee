import { Command, CommanderError } from 'commander';
import type { Context, Output } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addDoctor } from './verbs/doctor.ts';
import { addMigrate } from './verbs/migrate.ts';
import { addShow } from './verbs/show.ts';
import { addTasks } from './verbs/tasks.ts';
import { addWatch } from './verbs/watch.ts';

/** Runs a command line and answers its exit code. Nothing is thrown and the process is not ended. */
export async function runCli(
  argv: readonly string[],
  { out, err }: { out: Output; err: Output },
): Promise<ExitCode> {
  const context: Context = { out, err, exitCode: EXIT.done };
  const program = new Command('tanker')
    .description("Moves a company's data between datacenters, and shows what is moved.")
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
    })
    .exitOverride();
  for (const add of [addMigrate, addTasks, addWatch, addShow, addDoctor]) add(program, context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}
