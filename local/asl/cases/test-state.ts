export interface TestStateFile { name: string }
export async function runTestState(_: TestStateFile): Promise<string | undefined> { return undefined }
