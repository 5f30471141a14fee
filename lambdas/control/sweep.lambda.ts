import {
  type CleanupInput,
  METRICS,
  machineArn,
  type RecoverInput,
  ScheduledEvent,
} from '@tanker/contract/index.ts';
import { sweep } from '../../core/control/sweep.ts';
import { lambdaClient } from '../runtime/clients/lambda.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { errorFields } from '../runtime/error-fields.ts';
import { LambdaFunctions } from '../runtime/lambda-functions.ts';
import { controlHandler, MetricUnit, metrics } from '../runtime/middleware.ts';
import { StepFunctionsExecutions } from '../runtime/step-functions-executions.ts';
import { StepFunctionsStarts } from '../runtime/step-functions-starts.ts';

const control = controlPorts();
const { topology } = control;
const client = statesClient(topology.controlRegion);
const ports = {
  ...control,
  executions: new StepFunctionsExecutions(client, topology),
  recoveries: new StepFunctionsStarts<RecoverInput>(client, machineArn(topology, 'recover')),
  cleanups: new StepFunctionsStarts<CleanupInput>(client, machineArn(topology, 'cleanup')),
  functions: new LambdaFunctions(topology, lambdaClient),
};

/** Called by the schedule: a recovery for every open task that nobody works on, and what has become due. */
export const handler = controlHandler(ScheduledEvent, async ({ id }, { logger, context }) => {
  const logError = (message: string, error: unknown) => logger.error(message, errorFields(error));
  const remainingMilliseconds = () => context.getRemainingTimeInMillis();
  const result = await sweep({ ...ports, logError, remainingMilliseconds }, id);
  logger.info('Swept.', { ...result });
  metrics.addMetric(METRICS.oldestTask, MetricUnit.Seconds, result.oldestSeconds);
  metrics.addMetric('OpenTasks', MetricUnit.Count, result.open);
  metrics.addMetric('RecoveriesStarted', MetricUnit.Count, result.recovered);
  metrics.addMetric(METRICS.cleanupsWaiting, MetricUnit.Count, result.cleanupsWaiting);
  metrics.addMetric(METRICS.debtsWaiting, MetricUnit.Count, result.debtsWaiting);
  metrics.addMetric(METRICS.incompleteRemovals, MetricUnit.Count, result.incomplete);
  metrics.addMetric(METRICS.expiriesLate, MetricUnit.Count, result.expiriesLate);
  metrics.addMetric(METRICS.sweepFailures, MetricUnit.Count, result.failed);
  return result;
});
