declare module 'asl-validator' {
  interface AslError {
    'Error code': string;
    Message?: string;
    path?: string;
  }
  interface AslResult {
    isValid: boolean;
    errors: AslError[];
    errorsText(separator?: string): string;
  }
  export default function validate(
    definition: unknown,
    options?: { checkPaths?: boolean; checkArn?: boolean },
  ): AslResult;
}
