// What takes minutes runs by npm run test:long.
const LONG = process.env['TANKER_LONG_TESTS'] ? ['<rootDir>/test/**/*.long-test.ts'] : [];

export default {
  testEnvironment: 'node',
  // Several times what any test takes on two idle cores: a busy machine is no failure.
  testTimeout: 30_000,
  // Only the system tests run beside each other; more at once would start more processes than two cores carry.
  maxConcurrency: 2,
  // The system tests beside the others, on two cores: none keeps a core busy alone, since all wait for what they start.
  maxWorkers: 3,
  testMatch: ['<rootDir>/test/**/*.test.ts', ...LONG],
  extensionsToTreatAsEsm: ['.ts'],
  testSequencer: '<rootDir>/test/jest-sequencer.cjs',
  transform: { '\\.ts$': '<rootDir>/test/jest-transform.cjs' },
};
