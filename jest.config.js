// What takes minutes runs by npm run test:long.
const LONG = process.env['TANKER_LONG_TESTS'] ? ['<rootDir>/test/**/*.long-test.ts'] : [];

export default {
  testEnvironment: 'node',
  // Several times what any test takes on two idle cores: a busy machine is no failure.
  testTimeout: 30_000,
  // Only the system tests run beside each other; more at once would start more processes than two cores carry.
  maxConcurrency: 3,
  // The system tests beside the others: neither keeps two cores busy alone.
  maxWorkers: 2,
  testMatch: ['<rootDir>/test/**/*.test.ts', ...LONG],
  extensionsToTreatAsEsm: ['.ts'],
  testSequencer: '<rootDir>/test/jest-sequencer.cjs',
  transform: { '\\.ts$': '<rootDir>/test/jest-transform.cjs' },
};
