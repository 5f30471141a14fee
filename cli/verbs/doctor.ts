import { textTable } from '@tanker/sdk/text.ts';
import type { Command } from 'commander';
import { examineAll, type Finding } from '../aws/examine.ts';
import { type CommonOptions, type Context, commonOptions, runVerb } from '../context.ts';
import { EXIT, exitHelp } from '../exit-codes.ts';

export function addDoctor(program: Command, context: Context): void {
  const command = program
    .command('doctor')
    .summary('ask everything that a task needs whether it is well')
    .description(
      'Asks the state machines and the table (your rights), and through the functions of each region the table, the gateway and every provider at every location: reachable, token accepted, contract version, incarnation, clocks; and whether each region was deployed with this topology. Needs no company and changes nothing.',
    );
  commonOptions(command)
    .addHelpText('after', exitHelp({ done: 'all is well', failed: 'something is ill; the list says what' }))
    .action((options: CommonOptions) =>
      runVerb(context, options, async ({ clients, print }) => {
        const findings = await examineAll(clients);
        const well = findings.every((finding) => finding.well);
        print({ well, findings }, () => findingsText(findings));
        return well ? EXIT.done : EXIT.failed;
      }),
    );
}

export function findingsText(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => [
    finding.well ? '✓' : '✗',
    finding.patient,
    finding.place,
    `${finding.milliseconds} ms`,
    finding.contractVersion === undefined ? '' : `v${finding.contractVersion}`,
    finding.incarnation ?? '',
    clockText(finding),
  ]);
  const ill = findings.filter(({ well }) => !well);
  return [
    textTable([['', 'asked', 'from', 'answer', 'contract', 'incarnation', 'clock'], ...rows], [3]),
    '',
    ...ill.map(({ patient, place, error, cause }) => `✗ ${patient} from ${place}: ${error}: ${cause}`),
    ill.length === 0 ? `All ${findings.length} are well.` : `${ill.length} of ${findings.length} are ill.`,
  ].join('\n');
}

/** The clock that is farthest off, of the function's and the provider's. */
function clockText({ clockAheadSeconds, providerAheadSeconds = 0 }: Finding): string {
  if (clockAheadSeconds === undefined) return '';
  const both = clockAheadSeconds + providerAheadSeconds;
  const ahead = Math.abs(both) > Math.abs(clockAheadSeconds) ? both : clockAheadSeconds;
  return `${ahead >= 0 ? '+' : '−'}${Math.abs(ahead).toFixed(1)} s`;
}
