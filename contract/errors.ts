/**
 * Every error that has a name: class name = ASL error name = contract name, listed once. `status` is the HTTP status
 * of the problem when a provider or the gateway answers it. `retry` says whether the same call may succeed later.
 */
export const ERRORS = {
  // refusals of plan: nothing has been touched
  InputInvalid: { status: 400, retry: false, about: 'an input does not match its schema' },
  TaskIdTaken: { status: 409, retry: false, about: 'the task id belongs to another task' },
  TaskUnknown: { status: 404, retry: false, about: 'no record has that task id' },
  CompanyUnknown: { status: 404, retry: false, about: 'the authority has no record of the company' },
  CompanyNotHome: { status: 409, retry: false, about: 'the company lives nowhere: it was removed or erased' },
  CompanyBusy: { status: 409, retry: true, about: 'another task holds the company' },
  DatacenterUnknown: { status: 400, retry: false, about: 'the topology has no such datacenter' },
  ServerUnknown: { status: 400, retry: false, about: 'the datacenter has no such server' },
  LocationSame: { status: 409, retry: false, about: 'source and target are the same location' },
  ResidencyForbidden: { status: 403, retry: false, about: 'the data may not be stored in that jurisdiction' },
  ProviderUnreachable: { status: 502, retry: true, about: 'a provider did not answer' },
  CallTooLong: {
    status: 504,
    retry: false,
    about: 'a provider did not end one call in the time it may take',
  },
  ProviderMismatch: {
    status: 409,
    retry: false,
    about: 'what answers is not the provider the topology names',
  },
  ContractUnsupported: {
    status: 409,
    retry: false,
    about: 'a provider speaks another version of the contract',
  },
  FormatUnreadable: {
    status: 409,
    retry: false,
    about: 'the target cannot read the format that the source writes',
  },
  TargetNotEmpty: { status: 409, retry: false, about: 'the target already holds rows of the company' },
  RowsUnclaimed: { status: 409, retry: false, about: 'a provider holds rows that no collection claims' },
  LockBudgetExceeded: { status: 409, retry: false, about: 'the traffic lock would last longer than allowed' },
  DebtOutstanding: { status: 409, retry: true, about: 'leftovers of an earlier task wait at that location' },
  CompanyAtHome: {
    status: 409,
    retry: false,
    about: 'the company lives somewhere: nothing can be restored over it',
  },
  CompanyErased: { status: 410, retry: false, about: 'the company was erased for good' },
  BackupUnknown: { status: 404, retry: false, about: 'the company has no backup of that task' },
  BackupUnusable: { status: 409, retry: false, about: 'the backup is not complete, or its task was undone' },
  BackupExpired: { status: 410, retry: false, about: 'the time to restore the backup is over, or nearly' },
  GraceNotOver: {
    status: 409,
    retry: true,
    about: 'the fallback copy is to be kept until its grace days are over',
  },
  NothingToClean: {
    status: 409,
    retry: false,
    about: 'no fallback copy and no debt of the company is on record there',
  },
  // fences
  EpochStale: {
    status: 409,
    retry: false,
    about: 'a newer epoch, or another holder of the same one, was seen',
  },
  IncarnationChanged: { status: 409, retry: false, about: 'the provider was restored since the plan' },
  SubtaskSuperseded: { status: 409, retry: false, about: 'another worker or attempt does this subtask' },
  TaskClosed: {
    status: 409,
    retry: false,
    about: 'the task has ended or another execution has taken it over',
  },
  // traffic lock and placement
  LockRefused: { status: 409, retry: false, about: 'this epoch had its grant and may not lock again' },
  TrafficNotQuiet: { status: 409, retry: true, about: 'requests of the company are still in flight' },
  GrantBroken: { status: 409, retry: false, about: 'the traffic lock ended before the commit point' },
  PlacementChanged: { status: 409, retry: false, about: 'home or version is not what the task claimed' },
  // drain, transfer and verification
  DrainIncomplete: { status: 409, retry: true, about: 'messages of the company are still pending' },
  CompanyClosed: {
    status: 423,
    retry: true,
    about: 'the provider is closed for the company while it is moved',
  },
  SessionUnknown: {
    status: 409,
    retry: false,
    about: 'the export or import session was ended by a newer one',
  },
  ImportSealed: { status: 409, retry: false, about: 'the provider takes no more imports of this epoch' },
  StagingMismatch: { status: 409, retry: false, about: 'staging does not equal the manifest' },
  ExportMismatch: { status: 409, retry: false, about: 'provider, stream and S3 disagree about a part' },
  ExportIncomplete: { status: 409, retry: false, about: 'a provider of the plan has no verified export' },
  ChecksumMismatch: { status: 409, retry: false, about: 'bytes do not have the checksum on record' },
  ObjectExists: { status: 409, retry: false, about: 'an export object of this attempt exists already' },
  VerificationFailed: { status: 409, retry: false, about: 'source and target differ' },
  SourceChanged: { status: 409, retry: false, about: 'the source changed after its export' },
  FallbackChanged: {
    status: 409,
    retry: false,
    about: 'the fallback copy is not what the move left behind: somebody wrote there',
  },
  KeyConflict: {
    status: 409,
    retry: false,
    about:
      'imported rows would collide with rows of another company, or such rows refer to what is to be erased',
  },
  HomeProtected: { status: 409, retry: false, about: 'the location is the home of the company' },
  EraseIncomplete: { status: 409, retry: true, about: 'rows or staging are left after an erase' },
  // ends of a task
  PhaseFailed: { status: 500, retry: false, about: 'a phase failed at one or more providers' },
  WorkerFailed: { status: 500, retry: true, about: 'a worker ended without settling its subtask' },
  WorkerNotStarted: {
    status: 503,
    retry: true,
    about: 'a Fargate worker, or any environment of a function, could not be started',
  },
  MigrationUndone: { status: 500, retry: false, about: 'the migration failed and was undone' },
  BackupUndone: { status: 500, retry: false, about: 'the backup failed and was undone' },
  RestoreUndone: { status: 500, retry: false, about: 'the restore failed and was undone' },
  RemovalUndone: {
    status: 500,
    retry: false,
    about: 'the removal failed before its commit point and was undone',
  },
  RemovalIncomplete: {
    status: 500,
    retry: true,
    about:
      'the company is removed, and some provider still holds something; it is tried again until nothing is left',
  },
  CleanupUndone: { status: 500, retry: false, about: 'the cleanup failed; the fallback copy is kept' },
  TaskCancelled: { status: 409, retry: false, about: 'somebody cancelled the task before its commit point' },
  CommitPassed: {
    status: 409,
    retry: false,
    about: 'the commit point is passed: the task can only go forward',
  },
  RecoveryFailed: { status: 500, retry: true, about: 'a recovery could not finish' },
  // requests
  RequestUnauthorized: { status: 401, retry: false, about: 'the bearer token is missing or wrong' },
  RequestInvalid: { status: 400, retry: false, about: 'a request does not match the contract' },
  ResourceUnknown: { status: 404, retry: false, about: 'no such path, location or part' },
  GatewayUnreachable: { status: 502, retry: true, about: 'the gateway did not answer' },
  InternalFailure: { status: 500, retry: true, about: 'an unexpected failure; the log has it' },
} as const;

export type ErrorName = keyof typeof ERRORS;

export const isErrorName = (name: string): name is ErrorName => Object.hasOwn(ERRORS, name);

/** The three sentences that every error owes its reader. */
export interface ErrorText {
  /** What was wrong, with the names involved; never customer data, never a secret. */
  readonly what: string;
  /** What is true now. */
  readonly now: string;
  /** What to do next. */
  readonly next: string;
}

/** The one error class: its `name` is the contract's error name, which Step Functions shows and catches. */
export class TankerError extends Error {
  readonly text: ErrorText;

  constructor(name: ErrorName, text: ErrorText, options?: { cause?: unknown }) {
    super(`${text.what} ${text.now} ${text.next}`, options);
    this.name = name;
    this.text = text;
  }

  get errorName(): ErrorName {
    return this.name as ErrorName;
  }

  /** Whether the same call may succeed later. */
  get retry(): boolean {
    return ERRORS[this.errorName].retry;
  }
}
