import { randomUUID } from 'node:crypto';
import type { Execution, ExecutionStatus } from '../asl/execution.ts';

/** Input and output go along up to this size together, escaped. Source: Step Functions developer guide, EventBridge. */
const EVENT_DATA_LIMIT_BYTES = 248 * 1024;

/** The EventBridge event of an execution's new status. Dates of the detail are in milliseconds since 1970. */
export interface StatusChangeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'Step Functions Execution Status Change';
  readonly source: 'aws.states';
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: {
    readonly executionArn: string;
    readonly stateMachineArn: string;
    readonly name: string;
    readonly status: ExecutionStatus;
    readonly startDate: number;
    readonly stopDate: number | null;
    readonly input: string | null;
    readonly inputDetails: { readonly included: boolean };
    readonly output: string | null;
    readonly outputDetails: { readonly included: boolean } | null;
  };
}

/** The event of the status that the execution has now. */
export function statusChangeEvent(execution: Execution, input: string, now: number): StatusChangeEvent {
  const { options, result } = execution;
  const [, , , region = '', account = ''] = execution.arn.split(':');
  const output = result?.status === 'SUCCEEDED' ? JSON.stringify(result.output) : null;
  const included = escapedBytes(input) + escapedBytes(output) <= EVENT_DATA_LIMIT_BYTES;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account,
    time: new Date(now).toISOString(),
    region,
    resources: [execution.arn],
    detail: {
      executionArn: execution.arn,
      stateMachineArn: options.stateMachineArn,
      name: options.name,
      status: execution.status,
      startDate: execution.startDate,
      stopDate: execution.stopDate ?? null,
      input: included ? input : null,
      inputDetails: { included },
      output: included ? output : null,
      outputDetails: output === null ? null : { included },
    },
  };
}

function escapedBytes(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(JSON.stringify(text));
}
