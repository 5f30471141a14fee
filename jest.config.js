export default {
  testEnvironment: 'node',
  // Only the system tests run beside each other; more at once would start more processes than two cores carry.
  maxConcurrency: 3,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/jest-transform.cjs' },
};
