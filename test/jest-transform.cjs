// Jest transform without extra packages: Node 24's own type stripping keeps every position as it is.
const { stripTypeScriptTypes } = require('node:module');
const { createHash } = require('node:crypto');

module.exports = {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
  getCacheKey: (source, _filename, options) =>
    createHash('sha256')
      .update(source)
      .update(process.version)
      .update(options.instrument ? '1' : '0')
      .digest('hex')
      .slice(0, 32),
};
