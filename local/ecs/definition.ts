/** A cluster as the template defines it. */
export interface ClusterDefinition {
  readonly name: string;
  readonly arn: string;
}

/** A task definition of one container that runs Node. */
export interface TaskDefinition {
  readonly family: string;
  /** With its revision: a family here has the one that the template defines. */
  readonly arn: string;
  readonly taskRoleArn: string | undefined;
  readonly executionRoleArn: string | undefined;
  readonly cpu: string;
  readonly memoryMiB: number;
  readonly container: ContainerDefinition;
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  /** The context that the image is built of: what stands in it is run as it is, no image is built. */
  readonly directory: string;
  /** What follows `node` in the Dockerfile's ENTRYPOINT. */
  readonly entry: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds from SIGTERM to SIGKILL when the task is stopped. */
  readonly stopTimeoutSeconds: number;
}

/** A member of containerOverrides, as far as it is implemented. */
export interface ContainerOverride {
  readonly name: string;
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Overrides of a run, as JSON with its punctuation, have at most this many characters. Sources: ECS API Reference,
 * "RunTask", overrides; the refusal's words as reported from AWS in github.com/convox/rack/issues/1906.
 */
export const OVERRIDES_LIMIT_CHARACTERS = 8192;

/** Source: ECS API Reference, "RunTask", count. */
export const LARGEST_COUNT = 10;

/** Source: ECS API Reference, "RunTask", clientToken. */
export const LONGEST_CLIENT_TOKEN = 64;
