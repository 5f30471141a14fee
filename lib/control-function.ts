import { CONTROL_FUNCTION_SECONDS } from '@tanker/contract/limits.ts';
import {
  type ControlFunction as ControlFunctionId,
  controlFunctionName,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import type { Construct } from 'constructs';
import { acknowledgeDescribedExecutions } from './acknowledgements.ts';
import type { Bundles } from './bundle.ts';
import { CONTROL_GRANTS } from './grants.ts';
import { commonEnvironment, NodeFunction } from './node-function.ts';
import { pascalCase } from './paths.ts';
import { controlStatements, described } from './statements.ts';

/** Small calls that wait for the network: 512 MB is 0.29 vCPU (1,769 MB is one), enough to start cold in about 1 s. */
const CONTROL_MEMORY_MEGABYTES = 512;

/**
 * A sweep may look at 10 executions a second (DescribeExecution, the smaller regions): due dates take 40 s of
 * 240 s and the last task needs 100 s, so that 1,000 have their turn. It ends before the next one begins 300 s after it,
 * which begins elsewhere among the tasks.
 */
const SWEEP_TIMEOUT_SECONDS = 240;

/** A function of the control region: it decides and records, and sees no customer data. */
export class ControlFunction extends NodeFunction {
  constructor(scope: Construct, name: ControlFunctionId, topology: Topology, bundles: Bundles) {
    super(scope, pascalCase(name), {
      topology,
      region: topology.controlRegion,
      functionName: controlFunctionName(topology, name),
      description: `Tanker ${topology.installation}: ${name}`,
      folder: bundles.control[name],
      memoryMegabytes: CONTROL_MEMORY_MEGABYTES,
      timeoutSeconds: name === 'sweep' ? SWEEP_TIMEOUT_SECONDS : CONTROL_FUNCTION_SECONDS,
      statements: controlStatements(topology, CONTROL_GRANTS[name]),
      environment: commonEnvironment(topology),
    });
    acknowledgeDescribedExecutions(this.role, described(topology, CONTROL_GRANTS[name]));
  }
}
