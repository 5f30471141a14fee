/** One call as authorization and fault injection see it. */
export interface ServiceCall {
  /** IAM action, e.g. `s3:PutObject`. Several operations can need the same one. */
  readonly action: string;
  /** ARN of what is touched, or `*` where AWS has no resource for the action. */
  readonly resource: string;
  readonly region: string;
  readonly accessKeyId: string;
  /** Name of the API operation, e.g. `UploadPart`. */
  readonly operation: string;
  /** IAM condition keys that the request fills, e.g. `s3:prefix`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** A call that a service makes for somebody: there is no access key. */
export type RoleCall = Omit<ServiceCall, 'accessKeyId'>;

/** What a service that acts as roles asks before it does. */
export interface RoleAuthority {
  /** @throws AccessDenied when the role's policies don't allow the call */
  authorizeRole(roleArn: string, call: RoleCall): void;
  /** @throws AccessDenied when the role's trust policy doesn't let the service act as it */
  assertTrusts(roleArn: string, service: string): void;
}

/** An answer that a test or a demo wants instead of the real one. */
export interface InjectedFault {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
}

/** Returns when the call is allowed; throws AccessDenied when it is not. */
export type Authorize = (call: ServiceCall) => void | Promise<void>;

/** Asked once per request, after authorization; an answer replaces the operation, which then does nothing. */
export type InjectFault = (call: ServiceCall) => InjectedFault | undefined;

/** What each service of the embedded cloud asks before it acts. */
export interface ServiceHooks {
  readonly authorize?: Authorize;
  readonly fault?: InjectFault;
}

/** The caller's role has no policy that allows the call. */
export class AccessDenied extends Error {
  override readonly name = 'AccessDenied';
}

/** Whether an authorizer's error is a refusal (S3 and the JSON services name it differently) and not a defect. */
export function isAccessDenied(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'AccessDenied' || error.name === 'AccessDeniedException');
}
