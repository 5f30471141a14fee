/** Errors of the Step Functions API. Source: Step Functions API reference, errors of each action. */
export type ApiErrorName =
  | 'AccessDeniedException'
  | 'ExecutionAlreadyExists'
  | 'ExecutionDoesNotExist'
  | 'ExecutionNotRedrivable'
  | 'InvalidArn'
  | 'InvalidExecutionInput'
  | 'InvalidName'
  | 'InvalidOutput'
  | 'InvalidToken'
  | 'SerializationException'
  | 'StateMachineDoesNotExist'
  | 'TaskDoesNotExist'
  | 'TaskTimedOut'
  | 'UnknownOperationException'
  | 'ValidationException';

/** A refusal that goes to the caller as it is, with status 400. */
export class StatesApiError extends Error {
  readonly code: ApiErrorName;

  constructor(code: ApiErrorName, message: string) {
    super(message);
    this.name = 'StatesApiError';
    this.code = code;
  }
}
