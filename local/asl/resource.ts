/** A Task's Resource in its parts, as the history names them. */
export interface Resource {
  /** The ARN's tail, which a TaskRunner gets: `lambda:invoke.waitForTaskToken`. */
  readonly tail: string;
  /** `lambda`, `aws-sdk:dynamodb`. */
  readonly resourceType: string;
  /** `invoke.waitForTaskToken`, `startExecution.sync:2`. */
  readonly resource: string;
  readonly waitsForToken: boolean;
}

const INTEGRATION = /^arn:[^:]+:states:::((?:aws-sdk:)?[^:]+):(.+)$/;

/** @throws Error for anything but a service integration's ARN; `validateDefinition` refuses it before */
export function parseResource(arn: string): Resource {
  const [, resourceType, resource] = INTEGRATION.exec(arn) ?? [];
  if (resourceType === undefined || resource === undefined) {
    throw new Error(
      `'${arn}' is not the ARN of a service integration, such as arn:aws:states:::lambda:invoke`,
    );
  }
  return {
    tail: `${resourceType}:${resource}`,
    resourceType,
    resource,
    waitsForToken: resource.endsWith('.waitForTaskToken'),
  };
}
