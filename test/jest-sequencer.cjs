const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * The system tests first: they take as long as all others on the other core. Without times of an earlier run Jest goes
 * by the size of files, and theirs is small.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const isSystem = ({ path }) => path.includes('/test/system/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isSystem), ...sorted.filter((test) => !isSystem(test))];
  }
};
